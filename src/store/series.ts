// SPDX-License-Identifier: GPL-2.0-only
/** What the cache holds of a series that is gone: the worktrees that it was built in, with their build directories, and
 *  kernels that no run was made with. */
import { readdir, rm } from 'node:fs/promises';
import type { Work } from '../events.ts';
import { exists } from '../host/files.ts';
import { git } from '../host/git.ts';
import { kernelFolder, listKernels } from '../kernel/store.ts';
import { refs } from '../tree/repository.ts';
import { removeWorktree, worktreePath } from '../tree/worktree.ts';
import { folders, type Workspace } from '../workspace.ts';
import { sizeOf } from './clean.ts';
import { needsOf } from './needs.ts';

/** Returns the bytes that are free again. @throws UserError when a worktree has changes that are no commit */
export async function* freeSeries(workspace: Workspace, series: string, signal: AbortSignal): Work<number> {
  const repository = folders.repository(workspace);
  if (!(await exists(repository))) return 0;
  let bytes = 0;
  for (const tree of await readdir(folders.worktrees(workspace)).catch(() => [] as string[])) {
    const place = worktreePath(workspace, tree, series);
    if (!(await exists(place))) continue;
    const size = await sizeOf(place);
    yield { job: `series ${series}`, type: 'progress', done: 0, label: `removing ${place}` };
    yield* removeWorktree(workspace, tree, series, signal);
    bytes += size;
  }
  await dropApplied(repository, series, signal);
  const needs = await needsOf(workspace, new Set(), signal);
  for (const { name, digest } of await listKernels(workspace)) {
    const folder = kernelFolder(workspace, digest);
    if (name !== series || needs.reason(folder) !== undefined) continue;
    bytes += await sizeOf(folder);
    await rm(folder, { recursive: true, force: true });
  }
  return bytes;
}

/** The refs of the series as it was applied to trees. */
async function dropApplied(repository: string, series: string, signal: AbortSignal): Promise<void> {
  const pattern = refs.series('*', series, '*');
  const list = await git(repository, ['for-each-ref', '--format=delete %(refname)', pattern], signal);
  if (list !== '') await git(repository, ['update-ref', '--stdin'], signal, { input: `${list}\n` });
}
