// SPDX-License-Identifier: GPL-2.0-only
/** KUnit in a worktree, by the tree's own tools/testing/kunit/kunit.py: that configures, builds and starts a User-Mode
 *  Linux; its KTAP is read here. */
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { consoleParser } from '../../boot/console.ts';
import { messagesOf } from '../../boot/prefix.ts';
import { list, number, object, text, texts } from '../../document.ts';
import { type Milliseconds, millisecondsSchema, sanitise, type Work } from '../../events.ts';
import { exitCodes, Interrupted, ToolError, UserError } from '../../host/errors.ts';
import { exec } from '../../host/exec.ts';
import { digestOf, exists, requireSpace, shortDigest, withLock } from '../../host/files.ts';
import { parseBuildLog } from '../../kernel/log.ts';
import { ccacheEnvironment } from '../../kernel/make.ts';
import { isInstalled, requireTools, toolsNeeded } from '../../kernel/toolchain.ts';
import { makeEnvironment, makeVariables, throughCcache, type Variables } from '../../kernel/variables.ts';
import type { Worktree } from '../../tree/tree.ts';
import { holdWorktree, requireUnmoved } from '../../tree/worktree.ts';
import { folders, type Workspace } from '../../workspace.ts';
import { ktapReader, kunitSuiteSchema } from './ktap.ts';
import type { Switches } from './suites.ts';

const script = 'tools/testing/kunit/kunit.py';
/** What a tree has where its suites can be run. */
export const kunitSources: readonly string[] = [script, 'arch/um/Kconfig'];
/** What a build directory of User-Mode Linux holds, with debugging information. */
const buildBytes = 1e9;
/** kunit.py stops the kernel at its deadline; when it does not, we do. */
const graceMs = 10_000;
/** More than any suite prints. */
const mostLines = 500_000;
const shownErrors = 5;

export interface KunitJob {
  readonly job: string;
  readonly worktree: Worktree;
  readonly switches: Switches;
  /** kunit.py's glob of suites, or suite.test. */
  readonly filter?: string | undefined;
  /** Of the tests; building has none. */
  readonly timeoutMs: Milliseconds;
  readonly jobs: number;
}

export const kunitEndSchema = z.union([
  object({
    kind: z.literal('ran'),
    suites: list(kunitSuiteSchema),
    /** How many suites the kernel announced. */
    planned: number.exactOptional(),
    builtMs: millisecondsSchema,
    ranMs: millisecondsSchema,
    /** Why the tests did not come to their end; absent where they did. */
    cut: text.exactOptional(),
    /** Oopses, WARNINGs and their like. Tests may make them on purpose. */
    troubles: texts,
    log: text,
  }),
  /** Options that are switched on for the tests and are off in the .config. */
  object({ kind: z.literal('not-configured'), missing: texts, log: text }),
  object({ kind: z.literal('not-built'), errors: texts, log: text }),
]);
export type KunitEnd = z.infer<typeof kunitEndSchema>;

/** The build directory: of the shape that cleaning the cache knows, one for each way to configure it. */
export const kunitFolder = (switches: Switches): string =>
  `build-${shortDigest(digestOf({ kunit: switches })).slice(0, 8)}`;

/** What kunit.py is called with, in the worktree. Pure. */
export function kunitArgv(
  { switches, filter, timeoutMs, jobs }: Omit<KunitJob, 'job' | 'worktree'>,
  { ARCH: _arch, ...variables }: Variables,
): readonly string[] {
  // without a file of the tree, kunit.py would take its own examples
  const kunitconfigs = switches.kunitconfigs.length > 0 ? switches.kunitconfigs : ['/dev/null'];
  return [
    ...['python3', script, 'run', '--arch=um', `--build_dir=${kunitFolder(switches)}`, `--jobs=${jobs}`],
    ...kunitconfigs.map(file => `--kunitconfig=${file}`),
    ...switches.options.map(option => `--kconfig_add=${option}`),
    ...Object.entries(variables).map(([name, value]) => `--make_options=${name}=${value}`),
    ...[`--timeout=${Math.ceil(timeoutMs / 1000)}`, '--raw_output=all'],
    // a suite's time; and its console's socket not in the user's ~/.uml
    ...['--kernel_args=printk.time=1', `--kernel_args=uml_dir=${kunitFolder(switches)}/uml/`],
    ...(filter === undefined ? [] : [filter]),
  ];
}

/** @throws UserError when the tree has no kunit.py or a tool is missing, ToolError when kunit.py itself fails,
 *  Interrupted */
export async function* runKunit(workspace: Workspace, kunit: KunitJob, signal: AbortSignal): Work<KunitEnd> {
  const { worktree } = kunit;
  const { environment } = workspace;
  await requireTools(['python3', ...toolsNeeded()], environment);
  const ccache = (await isInstalled('ccache', environment)) ? folders.ccache(workspace) : undefined;
  const variables = makeVariables(environment, [], 'um');
  const argv = kunitArgv(kunit, ccache === undefined ? variables : throughCcache(variables));
  const env = makeEnvironment(environment, {
    ...ccacheEnvironment({ worktree, ...(ccache !== undefined && { ccache }) }),
    // nothing of python's beside the sources, and lines as they come
    ...{ PYTHONDONTWRITEBYTECODE: '1', PYTHONUNBUFFERED: '1' },
  });
  const folder = path.join(worktree.path, kunitFolder(kunit.switches));
  return yield* withLock(folder, signal, () =>
    holdWorktree(workspace, worktree, 'running KUnit', signal, async function* (): Work<KunitEnd> {
      await requireSources(worktree);
      if (!(await exists(folder))) await requireSpace(worktree.path, buildBytes, 'the kernel of the tests');
      await mkdir(folder, { recursive: true });
      const log = path.join(folder, 'initbench-kunit.log');
      await rm(log, { force: true });
      const end = yield* watch(kunit, { argv, env, log }, signal);
      await requireUnmoved(worktree, signal);
      return end;
    }),
  );
}

async function requireSources({ path: top }: Worktree): Promise<void> {
  for (const needed of kunitSources) {
    if (await exists(path.join(top, needed))) continue;
    throw new UserError(`the tree has no ${needed}: KUnit cannot be run on User-Mode Linux there`, {
      hint: 'take another tree (--tree)',
      exitCode: exitCodes.environment,
    });
  }
}

interface Call {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: string;
}

const stages = ['Configuring', 'Building', 'Starting'] as const;
type Stage = (typeof stages)[number];

/** kunit.py from its first line to its last. */
async function* watch(kunit: KunitJob, { argv, env, log }: Call, signal: AbortSignal): Work<KunitEnd> {
  const { job, worktree, timeoutMs } = kunit;
  const stop = new AbortController();
  const within = AbortSignal.any([signal, stop.signal]);
  const seen = watcher();
  let stage: { name: Stage; began: number } | undefined;
  const took: Partial<Record<Stage, Milliseconds>> = {};
  let deadline: NodeJS.Timeout | undefined;
  let failure: ToolError | undefined;

  const work = exec(argv, { job, cwd: worktree.path, env, signal: within, logPath: log });
  try {
    for (;;) {
      const next = await work.next();
      if (next.done) break;
      yield next.value;
      if (next.value.type !== 'output') continue;
      const entered = stageOf(next.value.line);
      if (entered === undefined) {
        seen.line(next.value.line, stage?.name);
        if (seen.lines() > mostLines) stop.abort();
        continue;
      }
      if (stage) yield* left(job, stage, took);
      stage = { name: entered, began: performance.now() };
      yield { job, type: 'step', step: steps[entered], state: 'started' };
      if (entered === 'Starting') deadline = setTimeout(() => stop.abort(), timeoutMs + graceMs);
    }
  } catch (error) {
    // what a kernel or a compiler has failed in is an answer; kunit.py's own end is read from what it printed
    if (error instanceof ToolError) failure = error;
    else if (!(error instanceof Interrupted) || signal.aborted) throw error;
  } finally {
    clearTimeout(deadline);
    await work.return(undefined as never);
  }
  if (!stage || (failure && stage.name === 'Starting' && !seen.begun() && seen.lines() === 0)) {
    throw (
      failure ?? new ToolError({ argv, exitCode: 0, signal: null, lastLines: seen.build(), logPath: log })
    );
  }
  const ran = stage.name === 'Starting';
  yield* left(job, stage, took, ran ? 'done' : 'failed');
  if (!ran) return notRun(seen.build(), log);
  const flood = seen.lines() > mostLines ? `it printed more than ${mostLines} lines` : undefined;
  const late = seen.late() || (stop.signal.aborted && flood === undefined);
  const cut = flood ?? (late ? `stopped after ${Math.ceil(timeoutMs / 1000)} s (--timeout)` : seen.cut());
  const planned = seen.planned();
  return {
    kind: 'ran',
    suites: seen.suites(),
    ...(planned !== undefined && { planned }),
    builtMs: Math.round((took.Configuring ?? 0) + (took.Building ?? 0)),
    ranMs: Math.round(took.Starting ?? 0),
    ...(cut !== undefined && { cut }),
    troubles: seen.troubles(),
    log,
  };
}

const steps: Readonly<Record<Stage, string>> = {
  Configuring: 'configure',
  Building: 'build',
  Starting: 'run',
};

function* left(
  job: string,
  { name, began }: { name: Stage; began: number },
  took: Partial<Record<Stage, Milliseconds>>,
  state: 'done' | 'failed' = 'done',
) {
  const ms = performance.now() - began;
  took[name] = ms;
  yield { job, type: 'step', step: steps[name], state, ms } as const;
}

/** '[12:00:01] Building KUnit Kernel ...' */
function stageOf(line: string): Stage | undefined {
  const word = /^\[\d\d:\d\d:\d\d\] (\w+) KUnit Kernel\b/.exec(line)?.[1];
  return stages.find(stage => stage === word);
}

/** Reads what kunit.py prints: of the build its lines, of the kernel its results and how it ends. */
function watcher() {
  const ktap = ktapReader();
  const console = consoleParser();
  const build: string[] = [];
  const troubles = new Set<string>();
  let lines = 0;
  let panic: string | undefined;
  let late = false;
  let last = '';
  const kernelLine = (line: string) => {
    lines++;
    if (/^Command .* timed out after [\d.]+ seconds$/.test(line)) late = true;
    else if (line.trim() !== '' && !ourLine.test(line)) last = messagesOf(line).at(-1)?.text ?? last;
    ktap.line(line);
    for (const sign of console.line(line)) {
      if (sign.type === 'panic') panic ??= sign.message;
      // tests of an initrd that cannot be unpacked have it refused
      else if (sign.type === 'trouble' && sign.kind !== 'initrd') troubles.add(sign.message);
    }
  };
  const short = () => {
    const suites = ktap.suites();
    const broken = suites.find(({ unfinished }) => unfinished);
    const planned = ktap.planned();
    if (broken) return `in the middle of ${broken.name}`;
    return planned !== undefined && suites.length < planned ? `before all its suites had run` : undefined;
  };
  return {
    line(line: string, stage: Stage | undefined) {
      if (stage === 'Starting') kernelLine(line);
      else if (build.length < mostLines) build.push(line);
    },
    /** How the kernel ended where that was not the end of the tests. */
    cut(): string | undefined {
      const where = short();
      if (panic !== undefined) return `the kernel panicked${where ? ` ${where}` : ''}: ${panic}`;
      const said = last === '' ? 'it printed nothing' : `its last line: ${sanitise(last.trim())}`;
      if (!ktap.begun()) return `the kernel printed no results; ${said}`;
      return where && `the kernel ended ${where}; ${said}`;
    },
    suites: () => ktap.suites(),
    planned: () => ktap.planned(),
    begun: () => ktap.begun(),
    build: () => build,
    troubles: () => [...troubles],
    lines: () => lines,
    late: () => late,
  };
}

/** What kunit.py prints when the kernel has ended, or before it starts. */
const ourLine = /^(?:\[\d\d:\d\d:\d\d\] |Running tests with:|\$ )/;

/** What kunit.py said of a configuration or a build that failed. */
export function notRun(lines: readonly string[], log: string): KunitEnd {
  const missing = lines.flatMap(line => /^Missing: (.*)$/.exec(line)?.[1]!.split(', ') ?? []);
  if (missing.length > 0) return { kind: 'not-configured', missing: missing.map(sanitise).sort(), log };
  const { errors } = parseBuildLog(lines.map(line => line.replace(/^ERROR:root:/, '')).join('\n'));
  const shown = errors.length > 0 ? errors : lines.filter(line => line.trim() !== '').slice(-shownErrors);
  return { kind: 'not-built', errors: shown.slice(0, shownErrors).map(sanitise), log };
}
