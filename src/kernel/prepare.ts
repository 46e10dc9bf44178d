// SPDX-License-Identifier: GPL-2.0-only
/** From 'base' or the name of a series to a kernel: tree, worktree, series, fragments, config, build. */
import path from 'node:path';
import { drained, type Work } from '../events.ts';
import { exitCodes, UserError } from '../host/errors.ts';
import { exists, touch } from '../host/files.ts';
import { findFragments, fragmentNames } from '../kconfig/find.ts';
import { formatLost, fragmentsDigest } from '../kconfig/fragment.ts';
import type { Config } from '../kconfig/kconfig.ts';
import { refreshAhead, tellAhead } from '../series/ahead.ts';
import { applySeries } from '../series/apply.ts';
import { readSeries, requireSeries } from '../series/read.ts';
import { readRecord } from '../series/record.ts';
import type { Conflict, Series } from '../series/series.ts';
import type { Tree, Worktree } from '../tree/tree.ts';
import { prepareTree } from '../tree/trees.ts';
import { worktreeAt } from '../tree/worktree.ts';
import type { Workspace } from '../workspace.ts';
import { architectureOf, archOf, hostArch } from './architecture.ts';
import { buildKernel } from './build.ts';
import type { Kernel, KernelOrigin } from './kernel.ts';
import { type Build, kernelDigest } from './make.ts';
import { configure, jobOf, planBuild } from './plan.ts';
import { requirePlace } from './room.ts';
import { kernelFolder, readKernel } from './store.ts';
import { makeVariables } from './variables.ts';

export interface KernelRequest {
  /** 'base' or the name of a series. */
  readonly kernel: string;
  readonly tree: string;
  /** Names, paths, CONFIG_X=value items, in order; kconfigs/<series>.config comes last by itself. */
  readonly fragments: readonly string[];
  /** As kernels are called: 'x86_64', 'arm64'. Default: what the variables say, otherwise the host's. */
  readonly arch?: string | undefined;
  /** True: kconfigs/<series>.config does not. */
  readonly unasked?: boolean | undefined;
  /** NAME=value words for make. */
  readonly variables?: readonly string[] | undefined;
  /** Build although options did not survive. */
  readonly allowLost?: boolean | undefined;
  readonly jobs?: number | undefined;
  /** Write commits of the series that are not in patches/ there first. Default: the setting `refresh`. */
  readonly refresh?: boolean | undefined;
}

/** How a build can end; a build that fails is thrown (BuildFailed). */
export type Prepared =
  | {
      readonly kind: 'kernel';
      readonly kernel: Kernel;
      readonly config: Config;
      /** It was built before: make was not called. */
      readonly cached: boolean;
    }
  | { readonly kind: 'lost'; readonly build: Build; readonly config: Config }
  | Conflict;

/** Checks out the source with the series on it and settles what the build is made with; make is not called.
 *  @throws UserError for unknown names, missing tools, variables that cannot be given */
export async function* planKernel(
  workspace: Workspace,
  request: KernelRequest,
  signal: AbortSignal,
): Work<{ readonly kind: 'build'; readonly build: Build; readonly origin: KernelOrigin } | Conflict> {
  const { kernel: name, arch, variables = [], jobs } = request;
  const { srcarch } = architectureOf(archOf(makeVariables(workspace.environment, variables, arch)));
  const treeName = yield* treeOf(workspace, request, signal);
  const words = await fragmentsOf(workspace, request);
  const fragments = await findFragments(workspace, words, srcarch, [treeName, name]);
  for (const message of fragments.flatMap(({ remarks }) => remarks)) {
    yield { job: jobOf({ name }), type: 'notice', level: 'warning', message };
  }
  const series = await seriesOf(workspace, name);
  const tree = yield* prepareTree(workspace, treeName, signal);
  const source = yield* sourceOf(workspace, tree, series, signal);
  if ('kind' in source) return source;
  await requireSources(source, tree, srcarch);
  const about = { name, tree: tree.name, version: tree.version, fragments, variables };
  const asked = { ...(arch === undefined ? {} : { arch }), ...(jobs === undefined ? {} : { jobs }) };
  const build = yield* planBuild(workspace, source, { ...about, ...asked }, signal);
  const origin: KernelOrigin = {
    base: tree.commit,
    ...(series && { series: series.digest }),
    fragments: words,
    fragmentsDigest: fragmentsDigest(fragments),
  };
  return { kind: 'build', build, origin };
}

/** The tree to build on. A series is written to patches/ first if that is wanted, and may be for another tree then. */
async function* treeOf(workspace: Workspace, request: KernelRequest, signal: AbortSignal): Work<string> {
  const { kernel, tree, refresh = workspace.settings.refresh } = request;
  if (!refresh || kernel === 'base') return tree;
  yield* refreshAhead(workspace, kernel, signal);
  const { tree: edited } = (await readRecord(workspace, kernel)) ?? {};
  const written = workspace.settings.seriesTrees[kernel] ?? workspace.settings.tree;
  return edited !== undefined && tree === written ? edited : tree;
}

/** The host's own architecture no tree is without. @throws UserError when it does not have another one */
async function requireSources({ path: top }: Worktree, tree: Tree, srcarch: string): Promise<void> {
  if (srcarch === architectureOf(hostArch()).srcarch) return;
  // a dry run has not checked it out
  if (!(await exists(top))) return;
  if (await exists(path.join(top, 'arch', srcarch, 'Kconfig'))) return;
  throw new UserError(
    `the tree ${tree.name} has no sources for ${srcarch}: there is no arch/${srcarch}/Kconfig`,
    {
      hint: 'take another machine (--machine), or another tree (--tree)',
    },
  );
}

async function fragmentsOf(workspace: Workspace, request: KernelRequest): Promise<readonly string[]> {
  const { kernel, fragments, unasked } = request;
  const own = kernel !== 'base' && !unasked && (await fragmentNames(workspace)).includes(kernel);
  return own && !fragments.includes(kernel) ? [...fragments, kernel] : fragments;
}

/** Undefined for the base kernel. Asked before a tree is made, which may download it. */
async function seriesOf(workspace: Workspace, kernel: string): Promise<Series | undefined> {
  if (kernel === 'base') return undefined;
  await requireSeries(workspace, kernel, 'kernel');
  return readSeries(workspace, kernel);
}

async function* sourceOf(
  workspace: Workspace,
  tree: Tree,
  series: Series | undefined,
  signal: AbortSignal,
): Work<Worktree | Conflict> {
  if (!series) return yield* worktreeAt(workspace, tree, 'base', tree.commit, signal);
  const applied = yield* applySeries(workspace, tree, series, signal);
  if (applied.kind === 'conflict') return applied;
  const written = { base: tree.commit, tip: applied.commits.at(-1)! };
  yield* tellAhead(workspace, series, written, signal);
  return applied.worktree;
}

/** The kernel asked for, or the reason there is none. One that was built before is taken as it is: nobody who builds in
 *  the same worktree is waited for. @throws BuildFailed, UserError as planKernel() */
export async function* prepare(
  workspace: Workspace,
  request: KernelRequest,
  signal: AbortSignal,
): Work<Prepared> {
  if (workspace.dryRun) return yield* made(workspace, request, signal);
  const ready = yield* builtBefore(workspace, request, signal);
  if (ready) return ready;
  await requirePlace(workspace, [request]);
  return yield* made(workspace, request, signal);
}

/** What all the steps to it have left in the cache; undefined when one of them has still to be done. */
async function* builtBefore(
  workspace: Workspace,
  request: KernelRequest,
  signal: AbortSignal,
): Work<Prepared | undefined> {
  const { product, events } = await drained(made({ ...workspace, dryRun: true }, request, signal));
  if (events.some(event => event.type === 'step' && event.state === 'planned')) return undefined;
  yield* events;
  if (product.kind === 'kernel') await touch(path.dirname(product.kernel.files.image));
  return product;
}

async function* made(workspace: Workspace, request: KernelRequest, signal: AbortSignal): Work<Prepared> {
  const planned = yield* planKernel(workspace, request, signal);
  if (planned.kind === 'conflict') return planned;
  const { build, origin } = planned;
  const config = yield* configure(workspace, build, signal);
  if (config.lost.length > 0 && !request.allowLost) return { kind: 'lost', build, config };
  const cached = (await readKernel(kernelFolder(workspace, kernelDigest(build, config)))) !== undefined;
  const kernel = yield* buildKernel(workspace, build, config, signal);
  return { kind: 'kernel', kernel: { ...kernel, origin }, config, cached };
}

/** Each of the kernels, by its name. Room for all of them is there before the first is begun.
 *  @throws UserError as prepareKernel() */
export async function* prepareKernels(
  workspace: Workspace,
  requests: readonly KernelRequest[],
  signal: AbortSignal,
): Work<Map<string, Kernel>> {
  const kernels = new Map<string, Kernel>();
  if (!workspace.dryRun) {
    for (const request of requests) {
      const ready = yield* builtBefore(workspace, request, signal);
      if (ready?.kind === 'kernel') kernels.set(request.kernel, ready.kernel);
    }
    await requirePlace(
      workspace,
      requests.filter(({ kernel }) => !kernels.has(kernel)),
    );
  }
  for (const request of requests) {
    if (kernels.has(request.kernel)) continue;
    kernels.set(request.kernel, kernelOf(request, yield* made(workspace, request, signal)));
  }
  return kernels;
}

/** prepare() for those who cannot go on without the kernel.
 *  @throws UserError also for a conflict (exit code 3) and for lost options (1) */
export async function* prepareKernel(
  workspace: Workspace,
  request: KernelRequest,
  signal: AbortSignal,
): Work<Kernel> {
  return kernelOf(request, yield* prepare(workspace, request, signal));
}

function kernelOf(request: KernelRequest, prepared: Prepared): Kernel {
  if (prepared.kind === 'kernel') return prepared.kernel;
  if (prepared.kind === 'conflict') {
    const { series, tree, patch, files } = prepared;
    throw new UserError(
      `${series.name} does not apply to ${tree.name}: ${patch} conflicts in ${files.join(', ')}`,
      {
        hint: `initbench series apply ${series.name} --tree ${tree.name} shows more`,
        exitCode: exitCodes.conflict,
      },
    );
  }
  const lost = prepared.config.lost.map(formatLost);
  throw new UserError([`options of ${request.kernel} did not survive:`, ...lost].join('\n  '), {
    hint: `correct the fragments, or build it with: initbench build ${request.kernel} --allow-lost`,
    exitCode: exitCodes.failed,
  });
}
