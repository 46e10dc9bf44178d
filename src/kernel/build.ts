// SPDX-License-Identifier: GPL-2.0-only
/** Builds a kernel in its worktree and keeps it in the cache under its digest; a second time it is only read. */
import { constants } from 'node:fs';
import { appendFile, copyFile, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import type { Digest, Work } from '../events.ts';
import { exitCodes, ToolError, UserError } from '../host/errors.ts';
import { capture, exec } from '../host/exec.ts';
import { publishFolder, readIfThere, requireSpace, withLock, writeWhole } from '../host/files.ts';
import { enabledOptions } from '../kconfig/fragment.ts';
import type { Config } from '../kconfig/kconfig.ts';
import { step } from '../tree/step.ts';
import type { Workspace } from '../workspace.ts';
import { architectureOf, wordOf } from './architecture.ts';
import type { Kernel } from './kernel.ts';
import { type BuildLog, carryWarnings, parseBuildLine, parseBuildLog } from './log.ts';
import { type Build, buildArgv, ccacheEnvironment, folderOf, kernelDigest } from './make.ts';
import { jobOf } from './plan.ts';
import { estimateSteps, shownTotal, spaceNeeded, stepsAhead } from './progress.ts';
import { logFile, type Memory, memoryFile, readMemory, seedBuild, variablesDigest } from './seed.ts';
import { kernelFolder, listKernels, readKernel, writeKernel } from './store.ts';
import { requireTools, toolsNeeded } from './toolchain.ts';
import { makeEnvironment, programsOf } from './variables.ts';

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

/** The kernel of this build and config, from the cache when it was built before: make is not called then.
 *  @throws BuildFailed, UserError when a tool or disk space is missing, Interrupted */
export async function* buildKernel(
  workspace: Workspace,
  build: Build,
  config: Config,
  signal: AbortSignal,
): Work<Kernel> {
  const digest = kernelDigest(build, config);
  const folder = kernelFolder(workspace, digest);
  const kept = await readKernel(folder);
  if (kept) {
    yield { job: jobOf(build), type: 'step', step: jobOf(build), state: 'cached', product: digest };
    return underTheNameOf(kept, build, config);
  }
  yield* step(jobOf(build), jobOf(build), () =>
    withLock(path.join(build.worktree.path, folderOf(build)), signal, () =>
      publishFolder(folder, scratch => makeKernel(workspace, build, config, digest, scratch, signal)),
    ),
  );
  const kernel = await readKernel(folder);
  if (!kernel) {
    throw new UserError(`${folder} is not a kernel this initbench wrote`, {
      hint: 'remove the folder and build again',
      exitCode: exitCodes.environment,
    });
  }
  return underTheNameOf(kernel, build, config);
}

/** Two names may stand for the same kernel: who asks is not part of the digest. */
function underTheNameOf(kernel: Kernel, build: Build, config: Config): Kernel {
  const { name, tree, version, worktree } = build;
  return { ...kernel, name, tree, version, commit: worktree.commit, fragments: config.fragments };
}

/** Runs make and fills `scratch` with what it left. */
async function* makeKernel(
  workspace: Workspace,
  build: Build,
  config: Config,
  digest: Digest,
  scratch: string,
  signal: AbortSignal,
): Work<void> {
  const { environment } = workspace;
  const folder = path.join(build.worktree.path, folderOf(build));
  const log = logFile(folder);
  const options = enabledOptions(config.text);
  const known = (await listKernels(workspace)).flatMap(kernel => kernel.steps ?? []);
  const full = estimateSteps(options, known);
  await mkdir(folder, { recursive: true });
  await requireTools(toolsNeeded(config.text), environment);
  await requireSpace(build.worktree.path, spaceNeeded(full, config.text), 'building this kernel');

  const seeded = yield* seedBuild(build, signal);
  const before = parseBuildLog((await readIfThere(log)) ?? '');
  const memory = await readMemory(folder);
  const complete = seeded || memory?.config === config.digest;
  const ahead = stepsAhead({ full, behind: before.steps.length, complete });
  const dotConfig = path.join(folder, '.config');
  if ((await readIfThere(dotConfig)) !== config.text) await writeFile(dotConfig, config.text);
  const started = performance.now();
  yield* runMake(workspace, build, log, ahead, signal);
  const built = Math.round(performance.now() - started);

  const whole = parseBuildLog(await readFile(log, 'utf8'));
  const warnings = carryWarnings(memory?.warnings ?? {}, whole);
  const files = await copyProducts(build, folder, log, scratch);
  await writeKernel(scratch, {
    digest,
    name: build.name,
    tree: build.tree,
    version: build.version,
    commit: build.worktree.commit,
    treeId: build.worktree.treeId,
    release: (await readFile(path.join(folder, 'include/config/kernel.release'), 'utf8')).trim(),
    arch: wordOf(build.arch, config.text),
    configDigest: config.digest,
    fragments: config.fragments,
    files,
    imageBytes: (await stat(files.image)).size,
    makeArgv: buildArgv(build),
    variables: build.variables,
    toolchain: build.toolchain,
    warnings: [...new Set(Object.values(warnings).flat())],
    sections: await sectionsOf(files.vmlinux, build, environment, signal),
    built,
    jobs: build.jobs,
    ...(memory === undefined ? { steps: { options, steps: whole.steps.length } } : {}),
  });
  const { commit } = build.worktree;
  await writeWhole(
    memoryFile(folder),
    JSON.stringify({
      config: config.digest,
      commit,
      variables: variablesDigest(build),
      warnings,
    } satisfies Memory),
  );
  await rm(log);
}

/** make itself, with progress. @throws BuildFailed */
async function* runMake(
  workspace: Workspace,
  build: Build,
  log: string,
  estimate: number,
  signal: AbortSignal,
): Work<void> {
  const job = jobOf(build);
  const earlier = (await stat(log).catch(() => undefined))?.size ?? 0;
  const env = makeEnvironment(workspace.environment, ccacheEnvironment(build));
  const seen = new Set<string>();
  const make = exec(buildArgv(build), { job, cwd: build.worktree.path, env, logPath: log, signal });
  try {
    for (;;) {
      const next = await make.next();
      if (next.done) break;
      yield next.value;
      const step = next.value.type === 'output' ? parseBuildLine(next.value.line) : undefined;
      if (!step) continue;
      const label = `${step.step} ${step.target}`;
      seen.add(label);
      yield { job, type: 'progress', done: seen.size, total: shownTotal(seen.size, estimate), label };
    }
    yield { job, type: 'progress', done: seen.size, total: seen.size, label: 'done' };
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    const text = (await readFile(log)).subarray(earlier).toString('utf8');
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

async function copyProducts(build: Build, folder: string, log: string, scratch: string) {
  const image = architectureOf(build.arch).image;
  const from = {
    image: path.join(folder, image),
    vmlinux: path.join(folder, 'vmlinux'),
    systemMap: path.join(folder, 'System.map'),
    config: path.join(folder, '.config'),
    log,
  };
  const to = {
    image: path.join(scratch, path.basename(image)),
    vmlinux: path.join(scratch, 'vmlinux'),
    systemMap: path.join(scratch, 'System.map'),
    config: path.join(scratch, 'config'),
    log: path.join(scratch, 'build.log'),
  };
  for (const name of Object.keys(from) as (keyof typeof from)[]) {
    await copyFile(from[name], to[name], constants.COPYFILE_FICLONE);
  }
  return to;
}

async function sectionsOf(
  vmlinux: string,
  build: Build,
  environment: Workspace['environment'],
  signal: AbortSignal,
): Promise<Kernel['sections']> {
  const said = await capture([programsOf(build.variables).size, vmlinux], {
    env: makeEnvironment(environment, {}),
    signal,
  });
  const [text = 0, data = 0, bss = 0] = said.split('\n')[1]!.trim().split(/\s+/).map(Number);
  return { text, data, bss };
}
