// SPDX-License-Identifier: GPL-2.0-only
/** What lies where a series is edited and is in no commit, so in none of its patches. */
import { exists } from '../host/files.ts';
import { cloneState, worktreeOf } from '../tree/clone.ts';
import { formatNewFile, type NewFiles, newFiles } from '../tree/newfiles.ts';
import type { Workspace } from '../workspace.ts';
import { checkoutPath, checkoutState, hasCheckout } from './checkout.ts';
import type { SeriesRecord } from './record.ts';

export interface Uncommitted {
  /** The worktree: initbench's own, or the one of the user's clone that has the branch checked out. */
  readonly place: string;
  /** Tracked files that differ from the commit. */
  readonly changed: readonly string[];
  readonly created: NewFiles;
}

/** Undefined where the branch is checked out nowhere. */
export async function uncommittedOf(
  workspace: Workspace,
  series: string,
  { source }: SeriesRecord,
  signal: AbortSignal,
): Promise<Uncommitted | undefined> {
  if (source.kind === 'tracked') {
    if (!(await exists(source.path))) return undefined;
    const place = await worktreeOf(source.path, source.branch, signal);
    const state = place === undefined ? undefined : await cloneState(place, signal);
    return state && { place: place!, changed: state.changed, created: state.created };
  }
  if (!(await hasCheckout(workspace, series))) return undefined;
  const place = checkoutPath(workspace, series);
  const { changed } = await checkoutState(workspace, series, signal);
  return { place, changed, created: await newFiles(place, signal) };
}

/** 'fs/a.c, fs/new.c and 3 more'; undefined when every file is in a commit. */
export function uncommittedText(uncommitted: Uncommitted | undefined): string | undefined {
  if (!uncommitted) return undefined;
  const names = [...uncommitted.changed, ...uncommitted.created.files.map(formatNewFile)];
  if (names.length === 0) return undefined;
  return `${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`;
}
