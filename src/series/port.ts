// SPDX-License-Identifier: GPL-2.0-only
/** One series made of another: a backport, whose commits go onto another tree, and a copy. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Work } from '../events.ts';
import { UserError } from '../host/errors.ts';
import { exists } from '../host/files.ts';
import { refs } from '../tree/repository.ts';
import { folders, seriesFile, type Workspace } from '../workspace.ts';
import { fileName } from './change.ts';
import { rangeOf } from './diff.ts';
import { ontoTree } from './onto.ts';
import { perform, withSeries } from './operations.ts';
import { originFile } from './origin.ts';
import { fragmentsOf, readSeries, seriesNames } from './read.ts';
import { portOf, type RebaseEnd, requireRebasable, startRebase } from './rebase.ts';
import { readRecord, recordBytes, type SeriesRecord } from './record.ts';
import type { Series } from './series.ts';

export interface PortRequest {
  readonly series: string;
  readonly to: string;
  /** Default: the series and the tree, 'initoverlayfs-6.12'. */
  readonly name?: string | undefined;
}

/** Starts the port as a rebase of the new series, which may stop at a conflict. Its fragments are those of the series it
 *  comes from. @throws UserError when there is a series of that name, or it is on that tree already */
export async function* portSeries(
  workspace: Workspace,
  request: PortRequest,
  signal: AbortSignal,
): Work<RebaseEnd> {
  const { series, to } = request;
  const record = await readRecord(workspace, series);
  const near = record?.tree ?? (await readSeries(workspace, series)).tree;
  const from = yield* rangeOf(workspace, series, record ? 'branch' : 'patches', signal);
  const tree = yield* ontoTree(workspace, to, near, signal);
  const name = request.name ?? `${series}-${tree.name}`;
  return yield* withSeries(workspace, name, signal, async function* (): Work<RebaseEnd> {
    await requireFree(workspace, name);
    await requireRebasable(workspace, series, from, tree, signal);
    const started: SeriesRecord = { tree: near, source: { kind: 'own' }, portOf: series };
    const target = {
      refs: { [refs.branch(name)]: from.tip, [refs.edited(name, 'base')]: from.base },
      files: {
        [fileName.record(name)]: recordBytes(started),
        ...(await copiedFragments(workspace, series, name)),
      },
    };
    yield* perform(workspace, name, `${portOf}${series}`, target, signal);
    return yield* startRebase(workspace, name, started, tree, signal);
  });
}

/** A series of another name with the same patches. @throws UserError when there is one of that name */
export async function* copySeries(
  workspace: Workspace,
  series: string,
  name: string,
  signal: AbortSignal,
): Work<Series> {
  const from = await readSeries(workspace, series);
  yield* withSeries(workspace, name, signal, async function* (): Work<void> {
    await requireFree(workspace, name);
    const files: Record<string, Uint8Array> = {};
    for (const file of await ownFiles(from)) {
      files[fileName.patch(name, file)] = await readFile(path.join(from.folder, file));
    }
    files[fileName.patch(name, seriesFile)] = Buffer.from(`tree = ${JSON.stringify(from.tree)}\n`);
    Object.assign(files, await copiedFragments(workspace, series, name));
    yield* perform(workspace, name, `copy of ${series}`, { files }, signal);
  });
  return { ...(await readSeries(workspace, name)), tree: from.tree };
}

/** All that lies in its folder but the replies, and the ids of the mails that they answer: those are of its own name. */
async function ownFiles({ folder }: Series): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const ofName = ['review', originFile];
  return entries.filter(entry => entry.isFile() && !ofName.includes(entry.name)).map(({ name }) => name);
}

/** The kconfig fragments of a series under the name of another one; what a person has under that name already stays. */
async function copiedFragments(
  workspace: Workspace,
  series: string,
  name: string,
): Promise<Readonly<Record<string, Uint8Array>>> {
  const copies: Record<string, Uint8Array> = {};
  const place = (fragment: string) => path.join(folders.kconfigs(workspace), `${fragment}.config`);
  for (const fragment of await fragmentsOf(workspace, series)) {
    const target = `${fragment.slice(0, -series.length)}${name}`;
    if (!(await exists(place(target)))) copies[fileName.fragment(target)] = await readFile(place(fragment));
  }
  return copies;
}

/** @throws UserError for the name of a series */
export async function requireFree(workspace: Workspace, name: string): Promise<void> {
  const taken =
    (await readRecord(workspace, name)) !== undefined ||
    (await seriesNames(workspace)).includes(name) ||
    (await exists(path.join(folders.patches(workspace), name)));
  if (!taken) return;
  throw new UserError(`there is a series called ${name}`, {
    hint: `choose another name, or initbench series remove ${name}`,
  });
}
