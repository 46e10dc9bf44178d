// SPDX-License-Identifier: GPL-2.0-only
/** Whether kernels can be built here at all, checked before the first download: a path that kbuild can split, the
 *  programs it calls, and room for what is not there yet. The stages check again with what they know better by then. */
import { exists, requireRoom } from '../host/files.ts';
import { readTree } from '../tree/trees.ts';
import { worktreePath } from '../tree/worktree.ts';
import { folders, type Workspace } from '../workspace.ts';
import { requirePlainPath } from './plan.ts';
import { requireTools, toolsNeeded } from './toolchain.ts';

const mib = 2 ** 20;
/** Of Linux 7.3: Debian's package, the tree unpacked and imported, its checkout, objects and kernel of the usual
 *  fragments. */
export const partBytes = {
  source: 200 * mib,
  tree: 1024 * mib,
  worktree: 1900 * mib,
  build: 800 * mib,
} as const;

export interface Wanted {
  readonly tree: string;
  /** 'base' or the name of a series. */
  readonly kernel: string;
}

/** @throws UserError for what is in the way, of the disk with its figures */
export async function requirePlace(workspace: Workspace, wanted: readonly Wanted[]): Promise<void> {
  const { cache, state, environment } = workspace;
  if (wanted.length === 0) return;
  requirePlainPath(folders.worktrees(workspace));
  await requireTools(toolsNeeded(), environment);
  const needs: { folder: string; bytes: number }[] = [];
  for (const tree of new Set(wanted.map(each => each.tree))) {
    if (await readTree(workspace, tree)) continue;
    needs.push({ folder: cache, bytes: partBytes.source }, { folder: state, bytes: partBytes.tree });
  }
  for (const { tree, kernel } of wanted) {
    if (await exists(worktreePath(workspace, tree, kernel))) continue;
    needs.push({ folder: cache, bytes: partBytes.worktree + partBytes.build });
  }
  const names = [...new Set(wanted.map(({ kernel }) => kernel))];
  if (needs.length > 0) await requireRoom(needs, `building ${names.join(' and ')} from nothing`);
}
