// SPDX-License-Identifier: GPL-2.0-only
/** The check of a series: every question of every patch, what is known already taken from the record. */
import { availableParallelism } from 'node:os';
import type { z } from 'zod';
import { list, number, object, text, texts } from '../../document.ts';
import { digestSchema, type Work } from '../../events.ts';
import { exists } from '../../host/files.ts';
import { kernelFolder } from '../../kernel/store.ts';
import { commitSeries } from '../../series/apply.ts';
import { readSeries } from '../../series/read.ts';
import type { Conflict, Series } from '../../series/series.ts';
import { type Tree, treeSchema } from '../../tree/tree.ts';
import { prepareTree } from '../../tree/trees.ts';
import type { Workspace } from '../../workspace.ts';
import { type Campaign, forgetResults, knownResults, runCampaign } from '../runner.ts';
import { askedOf } from './asked.ts';
import {
  type Answer,
  type Case,
  casesOf,
  type CheckPlan,
  keyOfCase,
  labelOfCase,
  neededBuild,
  nextCases,
  questionsOf,
} from './check.ts';
import { conflictMatrix, matrixOf, patchRowSchema } from './matrix.ts';
import { planCheck } from './plan.ts';
import { type Check, runCase } from './run.ts';
import { readWaivers, unusedWaivers, waiverSchema } from './waivers.ts';

export interface CheckRequest {
  readonly series: string;
  /** Default: the tree the series is for. */
  readonly tree?: string | undefined;
  readonly fragments: readonly string[];
  /** Patches and questions; none: all of them. */
  readonly only: readonly string[];
  /** Run again what is known. */
  readonly again: boolean;
}

export const checkedSchema = object({
  series: object({ name: text, digest: digestSchema }),
  tree: treeSchema
    .unwrap()
    .pick({ name: true, version: true, commit: true, treeId: true, note: true })
    .readonly(),
  questions: texts,
  patches: list(patchRowSchema),
  /** Waivers that cover nothing any more. */
  unused: list(waiverSchema),
  /** How many things had to be run, and how many were known. */
  ran: number,
  known: number,
});
export type Checked = z.infer<typeof checkedSchema>;

export const passed = ({ patches }: Pick<Checked, 'patches'>): boolean =>
  patches.every(({ cells }) => Object.values(cells).every(cell => cell.verdict !== 'fail'));

/** @throws UserError for unknown names and missing tools */
export async function* checkSeries(
  workspace: Workspace,
  request: CheckRequest,
  signal: AbortSignal,
): Work<Checked> {
  const series = await readSeries(workspace, request.series);
  const waivers = await readWaivers(series);
  const tree = yield* prepareTree(workspace, request.tree ?? series.tree, signal);
  const commits = yield* commitSeries(workspace, tree, series, signal);
  if ('kind' in commits) return conflicted(series, tree, commits);
  const { fragments } = request;
  const planned = yield* planCheck(workspace, { series, tree, commits, fragments }, signal);
  const { plan } = planned;
  const asked = askedOf(plan, request.only);
  const cases = casesOf(plan, asked);
  const record = `check-${series.name}`;
  await forgetResults(workspace, record, await withoutKernel(workspace, record, plan, cases));

  const check: Check = { workspace, series, tree, planned, fragments, baseSays: new Map() };
  const campaign: Campaign<Case, Answer> = {
    job: `check ${series.name}`,
    record,
    keyOf: one => keyOfCase(plan, one),
    labelOf: one => labelOfCase(plan, one),
    next: results => nextCases(plan, cases, results),
    ready(one, results) {
      const build = neededBuild(plan, one);
      return !build || results.has(keyOfCase(plan, build));
    },
    again: request.again,
    atOnce: availableParallelism(),
    slotsOf: slots,
    run: (one, stop, results) => runCase(check, one, results, stop),
  };
  const done = yield* runCampaign(workspace, campaign, signal);
  // The rule for a flow of the series looks at other patches too.
  const all = await knownResults<Answer>(workspace, record);
  const rows = matrixOf(plan, asked, all, waivers);
  const whole = asked.questions.has('checkpatch') && asked.patches.size === plan.patches.length;
  const findings = rows.flatMap(({ cells }) => [...cells.checkpatch!.findings, ...cells.checkpatch!.waived]);
  return {
    ...about(series, tree),
    questions: questionsOf(plan),
    patches: rows,
    unused: whole ? unusedWaivers(waivers, findings) : [],
    ran: done.results.size - done.known,
    known: done.known,
  };
}

/** A build takes all processors, a boot one for each of its guest's. */
const slots = (one: Case): number => {
  if (one.kind === 'build' || one.kind === 'messages' || one.kind === 'kunit') return availableParallelism();
  return one.kind === 'boot' && one.variant === 'debug' ? 2 : 1;
};

/** Keys of builds whose kernel is gone from the cache while there is still something to boot it for. */
async function withoutKernel(
  workspace: Workspace,
  record: string,
  plan: CheckPlan,
  cases: readonly Case[],
): Promise<ReadonlySet<string>> {
  const known = await knownResults<Answer>(workspace, record);
  const keys = new Set<string>();
  for (const one of cases) {
    if (one.kind !== 'boot' || known.has(keyOfCase(plan, one))) continue;
    const key = keyOfCase(plan, neededBuild(plan, one)!);
    const build = known.get(key);
    if (build?.kind === 'built' && !(await exists(kernelFolder(workspace, build.kernel)))) keys.add(key);
  }
  return keys;
}

const about = (series: Series, tree: Tree) => ({
  series: { name: series.name, digest: series.digest },
  tree: {
    ...{ name: tree.name, version: tree.version, commit: tree.commit, treeId: tree.treeId },
    ...(tree.note === undefined ? {} : { note: tree.note }),
  },
});

const conflicted = (series: Series, tree: Tree, conflict: Conflict): Checked => ({
  ...about(series, tree),
  ...conflictMatrix(series, conflict),
  ...{ unused: [], ran: 0, known: 0 },
});
