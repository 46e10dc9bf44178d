// SPDX-License-Identifier: GPL-2.0-only
/** make at work in a build directory: its log, its progress, its failure in the compiler's words. */
import { appendFile, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Work } from '../events.ts';
import { toolProblem } from '../host/environment.ts';
import { exitCodes, ToolError, UserError } from '../host/errors.ts';
import { exec } from '../host/exec.ts';
import { requireRoomLeft } from '../host/files.ts';
import type { Workspace } from '../workspace.ts';
import { type BuildLog, parseBuildLine, parseBuildLog } from './log.ts';
import { type Build, ccacheEnvironment } from './make.ts';
import { jobOf } from './plan.ts';
import { type Forecast, stepCounter } from './progress.ts';
import { makeEnvironment } from './variables.ts';

const shownErrors = 5;

/** make could not build the kernel. The log stays where `logPath` says until the next build there succeeds. */
export class BuildFailed extends UserError {
  /** What compiler, linker and modpost say of it, 'fs/erofs/super.c:12:5: error: ...' first. */
  readonly errors: readonly string[];
  readonly logPath: string;
  constructor(build: Pick<Build, 'name' | 'tree' | 'arch'>, errors: readonly string[], logPath: string) {
    const more = errors.length > shownErrors ? [`and ${errors.length - shownErrors} more`] : [];
    const shown = [...errors.slice(0, shownErrors), ...more];
    super([`${build.name} on ${build.tree} does not build:`, ...shown].join('\n  '), {
      hint: `${build.arch === 'um' ? 'without --machine um it is built for QEMU; ' : ''}the whole log is ${logPath}`,
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
  readonly forecast: Forecast;
}

/** make itself, with progress. @throws BuildFailed */
export async function* runMake(
  workspace: Workspace,
  build: Build,
  { argv, log, forecast }: MakeRun,
  signal: AbortSignal,
): Work<void> {
  const job = jobOf(build);
  const earlier = (await stat(log).catch(() => undefined))?.size ?? 0;
  const env = makeEnvironment(workspace.environment, ccacheEnvironment(build));
  const count = stepCounter(forecast);
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
      const total = count(step);
      yield { job, type: 'progress', done: seen.size, ...(total !== undefined && { total }), label };
    }
    yield { job, type: 'progress', done: seen.size, total: seen.size, label: 'done' };
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    const text = (await readFile(log)).subarray(earlier).toString('utf8');
    const refused = toolProblem('make', text.split('\n'), { certain: true });
    if (refused) throw refused;
    await requireRoomLeft(path.dirname(log));
    throw new BuildFailed(build, firstErrors(parseBuildLog(text), error), log);
  } finally {
    await make.return(undefined as never);
    // A line that a killed compiler left unfinished must not run into the next build's first one.
    await appendFile(log, '\n').catch(() => {});
  }
}

function firstErrors(log: BuildLog, error: ToolError): readonly string[] {
  return log.errors.length > 0 ? log.errors.slice(0, 50) : error.lastLines.slice(-shownErrors);
}
