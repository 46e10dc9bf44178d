// SPDX-License-Identifier: GPL-2.0-only
/** From a series and a tree to what is asked of each patch: its commit, whether its option exists there, and the keys
 *  that name all an answer follows from. Nothing is checked out, built or booted. */
import path from 'node:path';
import type { Flow } from '../../boot/flow.ts';
import { findMachine, listFlows } from '../../boot/registry.ts';
import type { Clock } from '../../boot/boot.ts';
import type { Digest, Work } from '../../events.ts';
import { digestOf, digestOfFile } from '../../host/files.ts';
import { git } from '../../host/git.ts';
import { collectPayload } from '../../image/collect.ts';
import type { Payload } from '../../image/image.ts';
import { definedAt } from '../../kconfig/defined.ts';
import { findFragments, fragmentNames } from '../../kconfig/find.ts';
import type { Fragment } from '../../kconfig/kconfig.ts';
import { architectureOf, archOf, hostArch } from '../../kernel/architecture.ts';
import type { Build } from '../../kernel/make.ts';
import { planBuild } from '../../kernel/plan.ts';
import { makeVariables } from '../../kernel/variables.ts';
import type { Series } from '../../series/series.ts';
import type { Tree } from '../../tree/tree.ts';
import { worktreePath } from '../../tree/worktree.ts';
import { folders, type Workspace } from '../../workspace.ts';
import { type CheckedFlow, type CheckedPatch, type CheckPlan, mainVariant, type Variant } from './check.ts';
import { checkpatchSettings } from './checkpatch.ts';
import { type PatchSuites, suitesOfPatches } from './kunit.ts';
import { type Checker, findChecker } from './sparse.ts';

/** How every check boots. */
export const bootSettings = { memoryMiB: 2048, used: [10], append: [] } as const;
/** icount repeats; under debug.config two processors meet, which is where locking fails. */
export const machines = {
  off: { clock: 'icount', cpus: 1 },
  on: { clock: 'icount', cpus: 1 },
  debug: { clock: 'wall', cpus: 2 },
} as const satisfies Record<Variant, { clock: Clock; cpus: number }>;

/** A plan, and the means to carry it out. */
export interface Planned {
  readonly plan: CheckPlan;
  /** The build of a patch's kernel in the worktree of the check. */
  buildOf(patch: number, variant: Variant): Build;
  /** The files each patch changes. */
  readonly changed: readonly (readonly string[])[];
  readonly checker: Checker;
  /** The KUnit suites of each patch. */
  readonly suites: readonly PatchSuites[];
  readonly flows: readonly Flow[];
  readonly payload: Payload;
}

/** The worktree that moves from patch to patch. */
export const checkLabel = (series: string): string => `check-${series}`;

export interface PlanRequest {
  readonly series: Series;
  readonly tree: Tree;
  readonly commits: readonly string[];
  readonly fragments: readonly string[];
}

/** @throws UserError when a tool is missing */
export async function* planCheck(
  workspace: Workspace,
  { series, tree, commits, fragments }: PlanRequest,
  signal: AbortSignal,
): Work<Planned> {
  const repository = folders.repository(workspace);
  const treeIds = await treeIdsOf(repository, commits, signal);
  const { srcarch } = architectureOf(archOf(makeVariables(workspace.environment, [])));
  const names = await fragmentNames(workspace);
  const added = [tree.name, series.name];
  const find = async (name: string) =>
    names.includes(name) ? await findFragments(workspace, [name], srcarch, added) : [];
  const shared = await findFragments(workspace, fragments, srcarch, added);
  const [own, debug] = [await find(series.name), await find('debug')];

  const place = worktreePath(workspace, tree.name, checkLabel(series.name));
  const first = yield* planBuild(
    workspace,
    { path: place, commit: commits[0]!, treeId: treeIds[0]! },
    { name: series.name, tree: tree.name, version: tree.version, fragments: shared, variables: [] },
    signal,
  );
  const options = await optionsOf(repository, series, commits, own, srcarch, signal);
  const fragmentsOf = (patch: number, variant: Variant): readonly Fragment[] => [
    ...shared,
    ...(variant === 'debug' ? debug : []),
    ...(variant === 'off' ? [] : options[patch]!),
  ];
  const buildOf = (patch: number, variant: Variant): Build => ({
    ...first,
    worktree: { path: place, commit: commits[patch]!, treeId: treeIds[patch]! },
    fragments: fragmentsOf(patch, variant),
  });

  const payload = yield* collectPayload(workspace, 'busybox', { padBytes: 0 }, signal);
  // all patches are booted with one configuration
  const all = (await listFlows()).filter(({ requires }) => !requires);
  const flows = [
    ...all.filter(({ kernel }) => kernel === 'any'),
    ...all.filter(({ kernel }) => kernel !== 'any'),
  ];
  const checker = await findChecker(workspace, signal);
  const settings = await checkpatchSettings(workspace, signal);
  const changed = await Promise.all(commits.map(commit => changedFiles(repository, commit, signal)));
  const suites = await suitesOfPatches(workspace, series, { commits, treeIds, options }, signal);
  const patches: CheckedPatch[] = [];
  for (const [patch, { file, subject, path: at }] of series.patches.entries()) {
    const exists = options[patch]!.length > 0;
    const build = {
      off: buildKey(buildOf(patch, 'off')),
      on: buildKey(buildOf(patch, 'on')),
      debug: buildKey(buildOf(patch, 'debug')),
    };
    patches.push({
      ...{ file, subject, commit: commits[patch]!, treeId: treeIds[patch]! },
      option: exists ? { exists } : { exists, reason: absent(series, own) },
      suites: suites[patch]!.suites,
      keys: {
        build,
        messages: digestOf({
          build: build[exists ? 'on' : 'off'],
          base: buildKey({ ...buildOf(patch, 'off'), worktree: { ...first.worktree, treeId: tree.treeId } }),
          changed: changed[patch],
          checker,
        }),
        checkpatch: digestOf({ patch: await digestOfFile(at), base: tree.treeId, settings }),
        kunit: digestOf({ suites: suites[patch]!.key, toolchain: first.toolchain }),
      },
    });
  }
  const plan: CheckPlan = {
    patches,
    flows: yield* flowKeys(workspace, flows, payload, signal),
    ...(debug.length > 0 ? {} : { noDebug: 'there is no kconfigs/debug.config' }),
  };
  return { plan, buildOf, changed, checker, suites, flows, payload };
}

/** Everything a kernel follows from, before its .config is made. */
const buildKey = ({ worktree, fragments, arch, toolchain, variables }: Build): Digest =>
  digestOf({
    tree: worktree.treeId,
    options: fragments.map(fragment => fragment.options.map(({ name, value }) => [name, value])),
    ...{ arch, toolchain, variables },
  });

async function treeIdsOf(
  repository: string,
  commits: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  return (await git(repository, ['rev-parse', ...commits.map(commit => `${commit}^{tree}`)], signal)).split(
    '\n',
  );
}

async function changedFiles(
  repository: string,
  commit: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const words = ['diff-tree', '-r', '-z', '--no-commit-id', '--name-only', '--no-renames', commit];
  return (await git(repository, words, signal)).split('\0').filter(Boolean).sort();
}

/** The series' fragments as far as each patch's Kconfig knows their options; none where it knows none. Asked again
 *  only where a patch changes a Kconfig file. */
async function optionsOf(
  repository: string,
  series: Series,
  commits: readonly string[],
  own: readonly Fragment[],
  srcarch: string,
  signal: AbortSignal,
): Promise<readonly (readonly Fragment[])[]> {
  const names = own.flatMap(({ options }) => options.map(({ name }) => name.replace(/^CONFIG_/, '')));
  const found: (readonly Fragment[])[] = [];
  for (const [patch, commit] of commits.entries()) {
    const touches = series.patches[patch]!.files.some(file => path.basename(file.path).includes('Kconfig'));
    if (patch > 0 && !touches) {
      found.push(found[patch - 1]!);
      continue;
    }
    const defined = await definedAt(repository, commit, names, srcarch, signal);
    found.push(own.flatMap(fragment => knownPart(fragment, defined)));
  }
  return found;
}

function knownPart(fragment: Fragment, defined: ReadonlySet<string>): readonly Fragment[] {
  const options = fragment.options.filter(({ name }) => defined.has(name.replace(/^CONFIG_/, '')));
  if (options.length === fragment.options.length) return [fragment];
  return options.length === 0 ? [] : [{ ...fragment, path: '', options }];
}

function absent(series: Series, own: readonly Fragment[]): string {
  if (own.length === 0) return `there is no kconfigs/${series.name}.config`;
  const names = own.flatMap(({ options }) => options.map(({ name }) => name));
  return `Kconfig has no ${names.join(', ')} yet`;
}

async function* flowKeys(
  workspace: Workspace,
  flows: readonly Flow[],
  payload: Payload,
  signal: AbortSignal,
): Work<readonly CheckedFlow[]> {
  const qemu = await findMachine(hostArch()).version(signal);
  const digests = new Map<string, Digest>();
  for (const name of ['probe', ...flows.flatMap(flow => flow.needs.map(need => need.payload))]) {
    if (digests.has(name)) continue;
    digests.set(name, (yield* collectPayload(workspace, name, { padBytes: 0 }, signal)).digest);
  }
  return flows.map(({ id, kernel, formats, usesPayload, needs }) => ({
    ...{ id, kernel },
    key: digestOf({
      ...{ id, format: formats[0], qemu, bootSettings, machines },
      payload: usesPayload ? payload.digest : digests.get('probe'),
      needs: needs.map(need => [digests.get(need.payload), need.format]),
    }),
  }));
}

/** The objects of a patch are looked at in one directory, with its option or without. */
export function messagesBuild(planned: Planned, patch: number): Build {
  const last = planned.plan.patches.length - 1;
  const build = planned.buildOf(patch, mainVariant(planned.plan, patch));
  const variables = { ...build.variables, ...variablesOf(planned.checker) };
  return { ...build, variables, fragments: planned.buildOf(last, mainVariant(planned.plan, last)).fragments };
}

export const variablesOf = ({ command }: Checker): Readonly<Record<string, string>> => ({
  W: '1',
  C: '2',
  CHECK: command,
});
