// SPDX-License-Identifier: GPL-2.0-only
/** make at work in a build directory: its log, its progress, its failure in the compiler's words. */
import { appendFile, readFile, stat } from 'node:fs/promises';
import type { Work } from '../events.ts';
import { toolProblem } from '../host/environment.ts';
import { exitCodes, ToolError, UserError } from '../host/errors.ts';
import { exec } from '../host/exec.ts';
import type { Workspace } from '../workspace.ts';
import { type BuildLog, parseBuildLine, parseBuildLog } from './log.ts';
import { type Build, ccacheEnvironment } from './make.ts';
import { jobOf } from './plan.ts';
import { shownTotal } from './progress.ts';
import { makeEnvironment } from './variables.ts';

/** make could not build the kernel. The log stays where `logPath` says until the next build there succeeds. */
export class BuildFailed extends UserError {
  /** The compiler's first words on it, 'fs/erofs/super.c:12:5: error: ...'. */
  readonly errors: readonly string[];
  readonly logPath: string;
  constructor(build: Pick<Build, 'name' | 'tree'>, errors: readonly string[], logPath: string) {
    super([`${build.name} on ${build.tree} does not build:`, ...errors].join('\n  '), {
      hint: `the whole log is ${logPath}`,
      exitCode: exitCodes.build,
    });
    this.name = 'BuildFailed';
    this.errors = errors;
    this.logPath = logPath;
  }
}

interface MakeRun {
  readonly argv: readonly string[];
  /** Everything make prints is appended here. */
  readonly log: string;
  /** How many steps it may take, from the likely number up. */
  readonly estimates: readonly number[];
}

/** make itself, with progress. @throws BuildFailed */
export async function* runMake(
  workspace: Workspace,
  build: Build,
  { argv, log, estimates }: MakeRun,
  signal: AbortSignal,
): Work<void> {
  const job = jobOf(build);
  const earlier = (await stat(log).catch(() => undefined))?.size ?? 0;
  const env = makeEnvironment(workspace.environment, ccacheEnvironment(build));
  const seen = new Set<string>();
  const make = exec(argv, { job, cwd: build.worktree.path, env, logPath: log, signal });
  try {
    for (;;) {
      const next = await make.next();
      if (next.done) break;
      yield next.value;
      const step = next.value.type === 'output' ? parseBuildLine(next.value.line) : undefined;
      if (!step) continue;
      const label = `${step.step} ${step.target}`;
      seen.add(label);
      const total = shownTotal(seen.size, estimates);
      yield { job, type: 'progress', done: seen.size, label, ...(total !== undefined && { total }) };
    }
    yield { job, type: 'progress', done: seen.size, total: seen.size, label: 'done' };
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    const text = (await readFile(log)).subarray(earlier).toString('utf8');
    const refused = toolProblem('make', text.split('\n'), { certain: true });
    if (refused) throw refused;
    throw new BuildFailed(build, firstErrors(parseBuildLog(text), error), log);
  } finally {
    await make.return(undefined as never);
    // A line that a killed compiler left unfinished must not run into the next build's first one.
    await appendFile(log, '\n').catch(() => {});
  }
}

function firstErrors(log: BuildLog, error: ToolError): readonly string[] {
  return (log.errors.length > 0 ? log.errors : error.lastLines.slice(-5)).slice(0, 5);
}
