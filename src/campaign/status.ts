// SPDX-License-Identifier: GPL-2.0-only
/** Where a series stands: which patches the branch has changed since the last refresh, and which of them were built,
 *  booted and checked as they are. Nothing is fetched, checked out, built or booted to find out. */
import { z } from 'zod';
import { listRuns } from '../boot/store.ts';
import { flag, list, number, object, text, texts } from '../document.ts';
import { outcomeKindSchema, type Work } from '../events.ts';
import { UserError } from '../host/errors.ts';
import { git } from '../host/git.ts';
import { listKernels } from '../kernel/store.ts';
import { aheadOf, aheadSchema } from '../series/ahead.ts';
import { commitSeries } from '../series/apply.ts';
import { checkoutPath } from '../series/checkout.ts';
import { type Pair, parsePairs, rangeDiffOf, versionWords } from '../series/diff.ts';
import { readSeries, seriesNames } from '../series/read.ts';
import { waitingRebase } from '../series/rebase.ts';
import { editedRange, patchRange, readRecord, type SeriesRecord } from '../series/record.ts';
import type { Series } from '../series/series.ts';
import { uncommittedOf } from '../series/uncommitted.ts';
import { newFilesSchema } from '../tree/newfiles.ts';
import type { Tree } from '../tree/tree.ts';
import { prepareTree } from '../tree/trees.ts';
import { folders, unknownName, type Workspace } from '../workspace.ts';
import { askedOf } from './check/asked.ts';
import type { Answer } from './check/check.ts';
import { matrixOf } from './check/matrix.ts';
import { planCheck } from './check/plan.ts';
import { readWaivers } from './check/waivers.ts';
import { knownResults } from './runner.ts';

/** Runs that are looked at, newest first. */
const recentRuns = 150;

const patchStatusSchema = object({
  /** In patches/, from 1; absent for one that is only on the branch. */
  number: number.exactOptional(),
  subject: text,
  /** What the branch has made of it since patches/ was written; absent while nobody edits the series. */
  branch: z.enum(['same', 'changed', 'new', 'dropped']).exactOptional(),
  /** A kernel of exactly this tree is in the cache. */
  built: flag,
  /** The newest boot of such a kernel. */
  booted: object({ run: text, outcome: outcomeKindSchema }).exactOptional(),
  /** Of the questions of `series check` but whether it applies, which nobody has to run; absent when they cannot be
   *  asked here. */
  check: object({ pass: number, fail: number, open: number }).exactOptional(),
});
export type PatchStatus = z.infer<typeof patchStatusSchema>;

export const seriesStatusSchema = object({
  series: text,
  tree: text,
  patches: list(patchStatusSchema),
  /** v1, v2, ... that were sent; 'patches', 'branch'. */
  versions: texts,
  editing: object({
    place: text,
    /** Tracked files that differ from the commit; absent where the branch is checked out nowhere. */
    changed: texts.exactOptional(),
    /** New files, in no commit. */
    created: newFilesSchema.exactOptional(),
    tree: text,
  }).exactOptional(),
  /** A rebase waits for a person. */
  rebase: object({ onto: text }).exactOptional(),
  /** patches/ was changed by something else than a refresh. */
  patchesChanged: flag,
  /** What the branch has that patches/ does not; absent when they are the same. */
  ahead: aheadSchema.exactOptional(),
  /** Why nothing is said of checks. */
  noCheck: text.exactOptional(),
});
export type SeriesStatus = z.infer<typeof seriesStatusSchema>;

/** @throws UserError when there is no such series, or its patches do not apply */
export async function* seriesStatus(
  workspace: Workspace,
  name: string,
  fragments: readonly string[],
  signal: AbortSignal,
): Work<SeriesStatus> {
  const record = await readRecord(workspace, name);
  const names = await seriesNames(workspace);
  if (!record && !names.includes(name)) throw unknownName('series', name, names);
  const series = names.includes(name) ? await readSeries(workspace, name) : undefined;
  const written = series && (yield* writtenPatches(workspace, series, fragments, signal));
  const range = record && (await editedRange(workspace, name, record, signal));
  const pairs = range && (await branchPairs(workspace, written, range, signal));
  const rebase = await waitingRebase(workspace, name);
  const ahead = pairs ? aheadOf(pairs) : [];
  return {
    series: name,
    tree: series?.tree ?? record!.tree,
    patches: withBranch(written?.patches ?? [], pairs),
    versions: await versionWords(workspace, name, signal),
    ...(record && { editing: await editingOf(workspace, name, record, signal) }),
    ...(rebase && { rebase: { onto: rebase.tree } }),
    patchesChanged: record !== undefined && series !== undefined && series.digest !== record.digest,
    ...(ahead.length > 0 && { ahead }),
    ...(written?.noCheck !== undefined && { noCheck: written.noCheck }),
  };
}

interface Written {
  readonly base: string;
  readonly tip: string;
  readonly patches: readonly PatchStatus[];
  readonly noCheck?: string;
}

async function* writtenPatches(
  workspace: Workspace,
  series: Series,
  fragments: readonly string[],
  signal: AbortSignal,
): Work<Written> {
  const tree = yield* prepareTree(workspace, series.tree, signal);
  const commits = yield* commitSeries(workspace, tree, series, signal);
  if ('kind' in commits) {
    throw new UserError(`${series.name} does not apply to ${tree.name}: ${commits.patch}`, {
      hint: `initbench series apply ${series.name} shows more`,
      exitCode: 3,
    });
  }
  const ids = await git(
    folders.repository(workspace),
    ['rev-parse', ...commits.map(commit => `${commit}^{tree}`)],
    signal,
  );
  const made = await madeOf(workspace, ids.split('\n'));
  const checks = yield* checksOf(workspace, { series, tree, commits, fragments }, signal);
  const patches = series.patches.map(({ subject }, index) => ({
    number: index + 1,
    subject,
    ...made[index]!,
    ...(typeof checks === 'string' ? {} : { check: checks[index]! }),
  }));
  return {
    ...{ base: tree.commit, tip: commits.at(-1)!, patches },
    ...(typeof checks === 'string' ? { noCheck: checks } : {}),
  };
}

/** Kernels and boots by the git tree they are of. */
async function madeOf(
  workspace: Workspace,
  treeIds: readonly string[],
): Promise<readonly Pick<PatchStatus, 'built' | 'booted'>[]> {
  const kernels = await listKernels(workspace);
  const treeOf = new Map(kernels.map(({ digest, treeId }) => [digest, treeId]));
  const built = new Set(kernels.map(({ treeId }) => treeId));
  const runs = await listRuns(workspace, { count: recentRuns });
  return treeIds.map(treeId => {
    const last = runs.find(({ run }) => run && treeOf.get(run.kernel.digest) === treeId);
    return {
      built: built.has(treeId),
      ...(last?.run && { booted: { run: last.id, outcome: last.run.outcome.kind } }),
    };
  });
}

async function* checksOf(
  workspace: Workspace,
  about: {
    readonly series: Series;
    readonly tree: Tree;
    readonly commits: readonly string[];
    readonly fragments: readonly string[];
  },
  signal: AbortSignal,
): Work<readonly NonNullable<PatchStatus['check']>[] | string> {
  try {
    const { plan } = yield* planCheck({ ...workspace, dryRun: true }, about, signal);
    const results = await knownResults<Answer>(workspace, `check-${about.series.name}`);
    const rows = matrixOf(plan, askedOf(plan, []), results, await readWaivers(about.series));
    return rows.map(({ cells: { applies: _, ...cells } }) => {
      const count = (verdict: string) => Object.values(cells).filter(cell => cell.verdict === verdict).length;
      return { pass: count('pass'), fail: count('fail'), open: count('open') };
    });
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}

async function branchPairs(
  workspace: Workspace,
  written: Written | undefined,
  range: { readonly base: string; readonly tip: string },
  signal: AbortSignal,
): Promise<readonly Pair[]> {
  const repository = folders.repository(workspace);
  const second = await patchRange(repository, range, signal);
  const first = written ?? { base: second.base, tip: second.base };
  if (first.tip === second.tip) return [];
  return parsePairs(await rangeDiffOf(repository, first, second, signal));
}

/** `pairs`: undefined while nobody edits the series, empty when the branch is what was written. */
function withBranch(
  patches: readonly PatchStatus[],
  pairs: readonly Pair[] | undefined,
): readonly PatchStatus[] {
  if (!pairs) return patches;
  if (pairs.length === 0) return patches.map(patch => ({ ...patch, branch: 'same' }));
  const words = { '=': 'same', '!': 'changed', '<': 'dropped', '>': 'new' } as const;
  return pairs.map(({ sign, from, subject }) => {
    const there = from === undefined ? undefined : patches[from - 1];
    return { ...(there ?? { subject, built: false }), branch: words[sign] };
  });
}

async function editingOf(
  workspace: Workspace,
  name: string,
  record: SeriesRecord,
  signal: AbortSignal,
): Promise<NonNullable<SeriesStatus['editing']>> {
  const { tree, source } = record;
  const uncommitted = await uncommittedOf(workspace, name, record, signal);
  const place = source.kind === 'tracked' ? `${source.path} ${source.branch}` : checkoutPath(workspace, name);
  return {
    ...{ place, tree },
    ...(uncommitted && { changed: uncommitted.changed, created: uncommitted.created }),
  };
}
