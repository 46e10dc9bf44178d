// SPDX-License-Identifier: GPL-2.0-only
/** What earlier campaigns say of a series as it is now: its check, and the newest comparison that booted these very
 *  patches. Nothing is run. */
import path from 'node:path';
import { readRun } from '../boot/record.ts';
import type { Work } from '../events.ts';
import { UserError } from '../host/errors.ts';
import { git } from '../host/git.ts';
import { kernelFolder, readKernel } from '../kernel/store.ts';
import type { Comparison } from '../measure/comparison.ts';
import { comparisonReport } from '../measure/report/comparison.ts';
import { mailText } from '../measure/report/mail.ts';
import type { Series } from '../series/series.ts';
import type { Tree } from '../tree/tree.ts';
import { folders, type Workspace } from '../workspace.ts';
import { askedOf } from './check/asked.ts';
import type { Answer } from './check/check.ts';
import { matrixOf } from './check/matrix.ts';
import { planCheck } from './check/plan.ts';
import { readWaivers } from './check/waivers.ts';
import { listKept } from './records.ts';
import { knownResults } from './runner.ts';

export interface Applied {
  readonly series: Series;
  readonly tree: Tree;
  readonly commits: readonly string[];
}

export interface Kept {
  readonly fresh: boolean;
  readonly text: string;
  readonly hint?: string;
}

/** Whether each question of `series check` has been asked of these patches, and passed. */
export async function* keptCheck(
  workspace: Workspace,
  { series, tree, commits }: Applied,
  fragments: readonly string[],
  signal: AbortSignal,
): Work<Kept> {
  const hint = `initbench series check ${series.name}`;
  try {
    const about = { series, tree, commits, fragments };
    const { plan } = yield* planCheck({ ...workspace, dryRun: true }, about, signal);
    const known = await knownResults<Answer>(workspace, `check-${series.name}`);
    const rows = matrixOf(plan, askedOf(plan, []), known, await readWaivers(series));
    const cells = rows.flatMap(row => Object.values(row.cells));
    const count = (verdict: string) => cells.filter(cell => cell.verdict === verdict).length;
    const [open, failed] = [count('open'), count('fail')];
    if (open === 0 && failed === 0) return { fresh: true, text: `series check: ${count('pass')} ok` };
    const text = [
      ...(open > 0 ? [`${open} of ${cells.length} not asked of these patches`] : []),
      ...(failed > 0 ? [`${failed} failed`] : []),
    ];
    return { fresh: false, text: `series check: ${text.join(', ')}`, hint };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return {
      fresh: false,
      text: `series check cannot be asked here: ${error.message}`,
      hint: error.hint ?? hint,
    };
  }
}

export interface KeptBoots extends Kept {
  readonly comparison?: Comparison;
  /** It as text for mail, its runs named. */
  readonly report?: string;
}

/** The newest comparison with a kernel of this series, if that kernel is built from the patches as they are. */
export async function keptBoots(
  workspace: Workspace,
  applied: Applied,
  signal: AbortSignal,
): Promise<KeptBoots> {
  const { series, commits } = applied;
  const hint = `initbench compare --series ${series.name}`;
  const treeId = await git(folders.repository(workspace), ['rev-parse', `${commits.at(-1)!}^{tree}`], signal);
  for (const { id, kept } of await listKept(workspace, 1000)) {
    const comparison = kept?.kind === 'comparison' ? kept.record : undefined;
    const rows = comparison?.rows.filter(row => row.kernel === series.name) ?? [];
    if (!comparison || rows.length === 0) continue;
    const trees = await Promise.all(rows.flatMap(row => row.runs).map(run => treeOf(workspace, run)));
    if (!trees.every(each => each === treeId)) {
      return { fresh: false, text: `the patches have changed since comparison ${id}`, hint };
    }
    const bad = comparison.rows.filter(row => row.outcome.kind !== 'ready');
    if (bad.length > 0) {
      return {
        fresh: false,
        text: `in comparison ${id} ${bad.map(row => `${row.id} ended in ${row.outcome.kind}`).join(', ')}`,
        hint,
      };
    }
    const about = { stale: [], commands: [], conditions: [] };
    const report = mailText(comparisonReport(comparison, { kind: 'comparison', id }, about)).join('\n');
    return { fresh: true, text: `comparison ${id} booted these patches`, comparison, report };
  }
  return { fresh: false, text: 'no comparison has booted these patches', hint };
}

/** The git tree of the kernel that a run booted; undefined when one of them is gone. */
async function treeOf(workspace: Workspace, run: string): Promise<string | undefined> {
  const record = await readRun(path.join(folders.runs(workspace), run)).catch(() => undefined);
  const kernel = record && (await readKernel(kernelFolder(workspace, record.kernel.digest)));
  return kernel?.treeId;
}
