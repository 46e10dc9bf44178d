// SPDX-License-Identifier: GPL-2.0-only
/** A series taken away: its patches, its fragments, its branch with the worktree. An undo brings all of it back but what
 *  can be made again; versions that were sent stay. */
import { readdir } from 'node:fs/promises';
import type { Work } from '../events.ts';
import { refs } from '../tree/repository.ts';
import { folders, unknownName, type Workspace } from '../workspace.ts';
import { fileName } from './change.ts';
import { requireCleanCheckout } from './checkout.ts';
import { perform, withSeries } from './operations.ts';
import { fragmentsOf, seriesNames } from './read.ts';
import { waitingRebase, waits } from './rebase.ts';
import { readRecord } from './record.ts';

/** Returns the files that are gone, 'patches/mine/0001-a.patch'. @throws UserError when there is no such series, or
 *  something there is in no commit */
export function removeSeries(
  workspace: Workspace,
  name: string,
  signal: AbortSignal,
): Work<readonly string[]> {
  return withSeries(workspace, name, signal, async function* (): Work<readonly string[]> {
    const names = await seriesNames(workspace);
    const record = await readRecord(workspace, name);
    if (!record && !names.includes(name)) throw unknownName('series', name, names);
    if (await waitingRebase(workspace, name)) throw waits(name);
    await requireCleanCheckout(workspace, name, signal, { removed: true });
    const files: Record<string, null> = {};
    for (const file of await filesIn(`${folders.patches(workspace)}/${name}`)) {
      files[fileName.patch(name, file)] = null;
    }
    for (const fragment of await fragmentsOf(workspace, name)) files[fileName.fragment(fragment)] = null;
    const gone = Object.keys(files).map(file => file.replace(/^root\//, ''));
    const edited = (['base', 'refreshed', 'tracked'] as const).map(what => [refs.edited(name, what), null]);
    const target = {
      refs: { [refs.branch(name)]: null, ...(Object.fromEntries(edited) as Record<string, null>) },
      files: { ...files, [fileName.record(name)]: null },
    };
    yield* perform(workspace, name, 'remove', target, signal);
    return gone;
  });
}

async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter(entry => entry.isFile()).map(({ name }) => name);
}
