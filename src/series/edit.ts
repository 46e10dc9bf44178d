// SPDX-License-Identifier: GPL-2.0-only
/** A series as commits on a branch of its own, for a person to edit: started from patches/, and led after them when they
 *  are what changed. */
import { z } from 'zod';
import { object, text, texts } from '../document.ts';
import type { Work } from '../events.ts';
import { UserError } from '../host/errors.ts';
import { refs } from '../tree/repository.ts';
import { prepareTree } from '../tree/trees.ts';
import type { Workspace } from '../workspace.ts';
import { commitSeries } from './apply.ts';
import { fileName } from './change.ts';
import { openCheckout, requireCleanCheckout } from './checkout.ts';
import { perform, withSeries } from './operations.ts';
import { readSeries, seriesNames } from './read.ts';
import { commitsBetween, editedRange, readRecord, recordBytes, type SeriesRecord } from './record.ts';
import type { Conflict } from './series.ts';
import { folders, unknownName } from '../workspace.ts';

export const editingSchema = object({
  kind: z.literal('editing'),
  series: text,
  /** Where to edit it. */
  path: text,
  branch: text,
  base: text,
  commits: texts,
});
export type Editing = z.infer<typeof editingSchema>;

/** The worktree in which a series is edited. @throws UserError */
export function editSeries(
  workspace: Workspace,
  name: string,
  signal: AbortSignal,
): Work<Editing | Conflict> {
  return withSeries(workspace, name, signal, async function* (): Work<Editing | Conflict> {
    const before = await readRecord(workspace, name);
    if (before?.source.kind === 'tracked') {
      throw new UserError(`${name} follows ${before.source.branch} of ${before.source.path}`, {
        hint: `edit it there, then initbench series refresh ${name}`,
      });
    }
    const started = before ?? (yield* startEditing(workspace, name, signal));
    if ('kind' in started) return started;
    if (before) yield* takePatches(workspace, name, before, signal);
    const path = yield* openCheckout(workspace, name, signal);
    const { base, tip } = await editedRange(workspace, name, started, signal);
    const commits = await commitsBetween(folders.repository(workspace), base, tip, signal);
    return {
      kind: 'editing',
      series: name,
      path,
      branch: refs.branch(name).slice('refs/heads/'.length),
      base,
      commits,
    };
  });
}

/** Makes the branch from the patches. Within withSeries(). */
export async function* startEditing(
  workspace: Workspace,
  name: string,
  signal: AbortSignal,
): Work<SeriesRecord | Conflict> {
  const series = await readSeries(workspace, name);
  const tree = yield* prepareTree(workspace, series.tree, signal);
  const commits = yield* commitSeries(workspace, tree, series, signal);
  if ('kind' in commits) return commits;
  const tip = commits.at(-1)!;
  const record: SeriesRecord = { tree: tree.name, source: { kind: 'own' }, digest: series.digest };
  const target = {
    refs: {
      [refs.branch(name)]: tip,
      [refs.edited(name, 'base')]: tree.commit,
      [refs.edited(name, 'refreshed')]: tip,
    },
    files: { [fileName.record(name)]: recordBytes(record) },
  };
  yield* perform(workspace, name, 'edit', target, signal);
  return record;
}

/** Patches that somebody else changed (a pull of the checkout) go onto the branch, when nothing new is on it. */
async function* takePatches(
  workspace: Workspace,
  name: string,
  record: SeriesRecord,
  signal: AbortSignal,
): Work<void> {
  if (!(await seriesNames(workspace)).includes(name)) {
    if (record.digest === undefined) return;
    throw unknownName('series', name, await seriesNames(workspace));
  }
  const series = await readSeries(workspace, name);
  if (series.digest === record.digest) return;
  const range = await editedRange(workspace, name, record, signal);
  const say = (message: string) =>
    ({ job: `series ${name}`, type: 'notice', level: 'warning', message }) as const;
  if (range.tip !== range.refreshed) {
    yield say(
      `the patches in ${series.folder} have changed, and so has the branch: series diff ${name} patches branch shows how`,
    );
    return;
  }
  const tree = yield* prepareTree(workspace, series.tree, signal);
  const commits = yield* commitSeries(workspace, tree, series, signal);
  if ('kind' in commits) {
    yield say(
      `the patches in ${series.folder} have changed and do not apply to ${tree.name}: ${commits.patch}`,
    );
    return;
  }
  await requireCleanCheckout(workspace, name, signal);
  const tip = commits.at(-1)!;
  const target = {
    refs: {
      [refs.branch(name)]: tip,
      [refs.edited(name, 'base')]: tree.commit,
      [refs.edited(name, 'refreshed')]: tip,
    },
    files: {
      [fileName.record(name)]: recordBytes({ ...record, tree: tree.name, digest: series.digest }),
    },
  };
  yield* perform(workspace, name, 'take the patches', target, signal);
  yield say(`the branch was led after ${series.folder}, which had changed`);
}
