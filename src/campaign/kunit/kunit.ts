// SPDX-License-Identifier: GPL-2.0-only
/** The KUnit suites of a series: found in its patches, run by the tree's kunit.py. */
import { availableParallelism } from 'node:os';
import type { z } from 'zod';
import { list, object, text, texts } from '../../document.ts';
import { digestSchema, type Milliseconds, type Work } from '../../events.ts';
import { exitCodes, UserError } from '../../host/errors.ts';
import { findFragments, fragmentNames } from '../../kconfig/find.ts';
import type { Fragment } from '../../kconfig/kconfig.ts';
import { applySeries } from '../../series/apply.ts';
import { tellAhead } from '../../series/ahead.ts';
import { readSeries } from '../../series/read.ts';
import type { Series } from '../../series/series.ts';
import { type Tree, treeSchema } from '../../tree/tree.ts';
import { prepareTree } from '../../tree/trees.ts';
import { folders, type Workspace } from '../../workspace.ts';
import { type KunitEnd, kunitEndSchema, runKunit } from './run.ts';
import { suiteFiles, suiteFileSchema, type Switches, switchesOf, switchesSchema } from './suites.ts';

export interface KunitRequest {
  readonly series: string;
  /** Default: the tree the series is for. */
  readonly tree?: string | undefined;
  /** kunit.py's glob of suites, or suite.test. */
  readonly filter?: string | undefined;
  readonly timeoutMs: Milliseconds;
}

export const kunitProductSchema = object({
  series: object({ name: text, digest: digestSchema }),
  tree: treeSchema.unwrap().pick({ name: true, version: true, commit: true }).readonly(),
  /** Of the last patch. */
  commit: text,
  files: list(suiteFileSchema),
  switches: switchesSchema,
  /** Absent where the series has no suite. */
  end: kunitEndSchema.exactOptional(),
  /** Suites of the series that did not run although nothing kept them out. */
  notRun: texts,
});
export type KunitProduct = z.infer<typeof kunitProductSchema>;

/** No test failed, none is missing, and the kernel came to the end of them. */
export function kunitPassed({ end, notRun }: Pick<KunitProduct, 'end' | 'notRun'>): boolean {
  if (end === undefined) return true;
  if (end.kind !== 'ran' || end.cut !== undefined || notRun.length > 0) return false;
  return end.suites.length > 0 && end.suites.every(({ result }) => result !== 'failed');
}

/** @throws UserError for unknown names, a series that does not apply, a filter that nothing matches */
export async function* kunitSeries(
  workspace: Workspace,
  request: KunitRequest,
  signal: AbortSignal,
): Work<KunitProduct> {
  const series = await readSeries(workspace, request.series);
  const tree = yield* prepareTree(workspace, request.tree ?? series.tree, signal);
  const applied = yield* applySeries(workspace, tree, series, signal);
  if (applied.kind === 'conflict') {
    throw new UserError(
      `${series.name} does not apply to ${tree.name}: ${applied.patch} conflicts in ${applied.files.join(', ')}`,
      {
        hint: `initbench series apply ${series.name} --tree ${tree.name} shows more`,
        exitCode: exitCodes.conflict,
      },
    );
  }
  const { worktree } = applied;
  yield* tellAhead(workspace, series, { base: tree.commit, tip: worktree.commit }, signal);

  const repository = folders.repository(workspace);
  const files = await suiteFiles(repository, series, worktree.commit, signal);
  const about = {
    series: { name: series.name, digest: series.digest },
    tree: { name: tree.name, version: tree.version, commit: tree.commit },
    commit: worktree.commit,
    files,
  };
  if (files.length === 0) return { ...about, switches: { kunitconfigs: [], options: [] }, notRun: [] };

  const names = files.map(({ file }) => file);
  const switches = completedBy(
    await ownFragments(workspace, series, tree),
    await switchesOf(repository, worktree.commit, names, signal),
  );
  const job = {
    job: `kunit ${series.name}`,
    ...{ worktree, switches, filter: request.filter, timeoutMs: request.timeoutMs },
    jobs: availableParallelism(),
  };
  const end = yield* runKunit(workspace, job, signal);
  const own = files.flatMap(({ suites }) => suites);
  requireMatch(request.filter, end, own);
  return { ...about, switches, end, notRun: request.filter === undefined ? notRunOf(own, end) : [] };
}

async function ownFragments(
  workspace: Workspace,
  { name }: Series,
  tree: Tree,
): Promise<readonly Fragment[]> {
  const there = (await fragmentNames(workspace)).includes(name);
  return there ? findFragments(workspace, [name], 'um', [tree.name, name]) : [];
}

/** Without a .kunitconfig the tree does not say what a suite depends on: the series' own fragments do. */
export function completedBy(fragments: readonly Fragment[], switches: Switches): Switches {
  if (switches.kunitconfigs.length > 0) return switches;
  const lines = fragments.flatMap(({ options }) =>
    options.map(option =>
      option.value === 'n' ? `# ${option.name} is not set` : `${option.name}=${option.value}`,
    ),
  );
  return { ...switches, options: [...new Set([...lines, ...switches.options])] };
}

/** Suites of the series that did not run although nothing kept them out. */
export const notRunOf = (own: readonly string[], end: KunitEnd): readonly string[] =>
  end.kind !== 'ran' || end.cut !== undefined
    ? []
    : own.filter(name => !end.suites.some(suite => suite.name === name));

function requireMatch(filter: string | undefined, end: KunitEnd, own: readonly string[]): void {
  if (filter === undefined || end.kind !== 'ran' || end.cut !== undefined || end.suites.length > 0) return;
  throw new UserError(`no suite and no test is called ${filter}`, {
    hint:
      own.length > 0 ? `the suites of the series are ${own.join(', ')}` : 'leave it out: all are run then',
  });
}
