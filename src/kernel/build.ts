// SPDX-License-Identifier: GPL-2.0-only
/** Builds a kernel in its worktree and keeps it in the cache under its digest; a second time it is only read. */
import { constants } from 'node:fs';
import { copyFile, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import type { Digest, Work } from '../events.ts';
import { exitCodes, UserError } from '../host/errors.ts';
import { capture } from '../host/exec.ts';
import {
  exists,
  publishFolder,
  readIfThere,
  requireSpace,
  scratchIn,
  touch,
  withLock,
  writeWhole,
} from '../host/files.ts';
import { enabledOptions } from '../kconfig/fragment.ts';
import type { Config } from '../kconfig/kconfig.ts';
import { step } from '../tree/step.ts';
import { holdWorktree, requireUnmoved } from '../tree/worktree.ts';
import { notMade, type Workspace } from '../workspace.ts';
import { objectsOf } from './affected.ts';
import { architectureOf, wordOf } from './architecture.ts';
import type { Kernel } from './kernel.ts';
import { carryWarnings, parseBuildLog } from './log.ts';
import { type Build, buildArgv, folderOf, kernelDigest } from './make.ts';
import { jobOf } from './plan.ts';
import { estimateSteps, spaceNeeded } from './progress.ts';
import { runMake } from './run.ts';
import {
  changesSince,
  logFile,
  type Memory,
  memoryFile,
  readMemory,
  seedBuild,
  variablesDigest,
} from './seed.ts';
import { kernelFolder, listKernels, readKernel, writeKernel } from './store.ts';
import { requireTools, toolsNeeded } from './toolchain.ts';
import { removeHalfMade } from './unfinished.ts';
import { makeEnvironment, programsOf } from './variables.ts';

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
    if (!workspace.dryRun) await touch(folder);
    yield { job: jobOf(build), type: 'step', step: jobOf(build), state: 'cached', product: digest };
    return underTheNameOf(kept, build, config);
  }
  if (workspace.dryRun) {
    return yield* holdWorktree(workspace, build.worktree, jobOf(build), signal, () => planned(build, config));
  }
  yield* step(jobOf(build), jobOf(build), () =>
    withLock(path.join(build.worktree.path, folderOf(build)), signal, () =>
      publishFolder(folder, scratch =>
        holdWorktree(workspace, build.worktree, `building ${build.name}`, signal, () =>
          makeKernel(workspace, build, config, digest, scratch, signal),
        ),
      ),
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

/** Stands for the kernel that would be built: its configuration is what was requested, or the final one. */
async function* planned(build: Build, config: Config): Work<Kernel> {
  yield { job: jobOf(build), type: 'step', step: jobOf(build), state: 'planned' };
  const { name, tree, version, worktree, variables, toolchain, jobs } = build;
  const file = `<kernel ${name}>`;
  // CONFIG_X86_64 has no prompt: a fragment can only ask for 64BIT.
  const text = config.text.replace(/^CONFIG_64BIT=y$/m, '$&\nCONFIG_X86_64=y');
  return {
    ...{ digest: notMade, name, tree, version, variables, toolchain, jobs },
    ...{ commit: worktree.commit, treeId: worktree.treeId, configDigest: config.digest },
    ...{ fragments: config.fragments, release: version, arch: wordOf(build.arch, text) },
    files: { image: file, vmlinux: file, systemMap: file, config: file, log: file },
    ...{ imageBytes: 0, makeArgv: buildArgv(build), warnings: [], built: 0 },
    sections: { text: 0, data: 0, bss: 0 },
    dotConfig: config.text,
  };
}

/** Brings the build directory to where the kernel of this build and config is made, though it may be in the cache:
 *  for what only the directory tells. @throws as buildKernel() */
export async function* refreshBuild(
  workspace: Workspace,
  build: Build,
  config: Config,
  signal: AbortSignal,
): Work<void> {
  const folder = path.join(build.worktree.path, folderOf(build));
  yield* withLock(folder, signal, async function* (): Work<void> {
    const memory = await readMemory(folder);
    const fresh = memory?.commit === build.worktree.commit && memory.config === config.digest;
    if (fresh && !(await exists(logFile(folder)))) return;
    const digest = kernelDigest(build, config);
    const scratch = await scratchIn(path.dirname(kernelFolder(workspace, digest)));
    try {
      yield* holdWorktree(workspace, build.worktree, `building ${build.name}`, signal, () =>
        makeKernel(workspace, build, config, digest, scratch, signal),
      );
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  });
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

  yield* seedBuild(build, config.text, signal);
  const unfinished = await readIfThere(log);
  if (unfinished !== undefined) await removeHalfMade(folder);
  const before = parseBuildLog(unfinished ?? '');
  const memory = await readMemory(folder);
  const changes = await changesSince(build, folder, config.text, signal);
  const again = changes && (await objectsOf(folder, changes));
  const forecast = { full, behind: before.steps.length, ...(again && { again }) };
  const dotConfig = path.join(folder, '.config');
  if ((await readIfThere(dotConfig)) !== config.text) await writeFile(dotConfig, config.text);
  const started = performance.now();
  yield* runMake(workspace, build, { argv: buildArgv(build), log, forecast }, signal);
  const built = Math.round(performance.now() - started);
  try {
    await requireUnmoved(build.worktree, signal);
  } catch (error) {
    // Some objects are of another source: no build may start from them.
    await rm(memoryFile(folder), { force: true });
    throw error;
  }

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
