// SPDX-License-Identifier: GPL-2.0-only
/** Comparisons and sweeps on disk, read back: the list, one by what a person calls it, and whether their boots are
 *  stale. What is damaged is listed with a remark. */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { chosen, readEntry } from '../boot/store.ts';
import { UserError } from '../host/errors.ts';
import { readIfThere } from '../host/files.ts';
import { type Comparison, comparisonDocument } from '../measure/comparison.ts';
import { type Sweep, sweepDocument } from '../measure/sweep.ts';
import { folders, type Workspace } from '../workspace.ts';
import type { staleness } from './stale.ts';

export type Kept =
  | { readonly kind: 'comparison'; readonly id: string; readonly file: string; readonly record: Comparison }
  | { readonly kind: 'sweep'; readonly id: string; readonly file: string; readonly record: Sweep };

/** A record on disk; `when` is when it was last written. */
export interface KeptEntry {
  readonly kind: Kept['kind'];
  readonly id: string;
  readonly file: string;
  readonly when: Date;
  readonly kept?: Kept;
  readonly remark?: string;
}

const kinds = [
  { kind: 'comparison', folder: folders.comparisons, schema: comparisonDocument.name, list: 'rows' },
  { kind: 'sweep', folder: folders.sweeps, schema: sweepDocument.name, list: 'points' },
] as const;

interface Place {
  readonly kind: Kept['kind'];
  readonly id: string;
  readonly file: string;
  readonly when: Date;
}

/** Comparisons and sweeps, newest first. Nothing of them is read. */
async function places(workspace: Workspace): Promise<Place[]> {
  const found: Place[] = [];
  for (const { kind, folder } of kinds) {
    const names = await readdir(folder(workspace)).catch(() => []);
    for (const name of names.filter(name => name.endsWith('.json'))) {
      const file = path.join(folder(workspace), name);
      const status = await stat(file).catch(() => undefined);
      if (status?.isFile())
        found.push({ kind, id: name.slice(0, -'.json'.length), file, when: status.mtime });
    }
  }
  return found.sort((a, b) => b.when.getTime() - a.when.getTime());
}

export async function listKept(workspace: Workspace, count: number): Promise<KeptEntry[]> {
  return Promise.all((await places(workspace)).slice(0, count).map(read));
}

async function read(place: Place): Promise<KeptEntry> {
  const { schema, list } = kinds.find(({ kind }) => kind === place.kind)!;
  try {
    const record = JSON.parse((await readIfThere(place.file)) ?? '') as Record<string, unknown> | null;
    if (record?.schema !== schema) return { ...place, remark: `is no ${schema}` };
    if (!Array.isArray(record[list])) return { ...place, remark: `has no ${list}` };
    const { kind, id, file } = place;
    return { ...place, kept: { kind, id, file, record: completed(kind, record) } as unknown as Kept };
  } catch (error) {
    return { ...place, remark: `cannot be read: ${(error as Error).message}` };
  }
}

/** Comparisons of earlier versions have one step of reading, and neither memory at several moments nor a sampling. */
function completed(kind: Kept['kind'], record: Record<string, unknown>): Record<string, unknown> {
  if (kind === 'sweep') return record;
  const { rows, usedPercent } = record as { rows: { used?: unknown }[] } & typeof record;
  const steps = ({ used }: { used?: unknown }) =>
    used === undefined ? [] : [{ percent: usedPercent, total: used }];
  return {
    ...{ usedPercents: [usedPercent], sampling: { stopped: 'count' }, ...record },
    rows: rows.map(row => ({ steps: steps(row), memory: [], ...row })),
  };
}

/** `@` the latest, `@1` the one before, an id or its beginning. Undefined when none is called so.
 *  @throws UserError when several are, or it is damaged */
export async function findKept(workspace: Workspace, name: string): Promise<Kept | undefined> {
  const all = await places(workspace);
  const back = /^@(\d*)$/.exec(name);
  const ids = all.map(({ id }) => id);
  const place = back ? all[Number(back[1] || 0)] : all.find(({ id }) => id === chosen(ids, name, 'record'));
  if (!place) return undefined;
  const { kept, remark } = await read(place);
  if (kept) return kept;
  throw new UserError(`the ${place.kind} ${place.file} ${remark}`, { hint: 'make it again' });
}

/** Ids of the boots that stand for all of them: the first of each row, in a sweep for each size. */
function sampledRuns(kept: Kept): string[] {
  if (kept.kind === 'comparison') return kept.record.rows.flatMap(({ runs }) => runs.slice(0, 1));
  return kept.record.points.flatMap(({ runs }) => runs.slice(0, 1));
}

/** Why it is not what the same words would give now, each reason once. */
export async function keptStale(
  workspace: Workspace,
  kept: Kept,
  judge: ReturnType<typeof staleness>,
): Promise<string[]> {
  const reasons = new Set<string>();
  let gone = 0;
  for (const id of new Set(sampledRuns(kept))) {
    const { run } = await readEntry(workspace, id);
    if (!run) gone++;
    else for (const { reason } of await judge(run)) reasons.add(reason);
  }
  if (gone > 0) reasons.add(`the records of ${gone} of its boots are gone`);
  return [...reasons];
}
