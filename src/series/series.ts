// SPDX-License-Identifier: GPL-2.0-only
/** A patch series as it lies in patches/<name>/: what `git format-patch` wrote, read back. */
import type { Digest } from '../events.ts';
import type { Tree, Worktree } from '../tree/tree.ts';

export interface Patch {
  /** '0001-erofs-register-early.patch' */
  readonly file: string;
  readonly path: string;
  /** Subject without the [PATCH ...] prefix. */
  readonly subject: string;
  /** Files it touches, with added and removed lines. */
  readonly files: readonly { readonly path: string; readonly added: number; readonly removed: number }[];
}

export interface Series {
  readonly name: string;
  readonly folder: string;
  /** Subject and body of the cover letter, when there is one. */
  readonly cover?: { readonly subject: string; readonly body: string };
  readonly patches: readonly Patch[];
  /** The tree it is for, by name. */
  readonly tree: string;
  /** Over the patches' bytes in order; the cover letter does not count. */
  readonly digest: Digest;
  /** It is edited, and not in patches/ yet: it has no patches. */
  readonly unwritten?: true;
}

/** A series on a tree: commits in initbench's repository, checked out in its own worktree. */
export interface Applied {
  readonly kind: 'applied';
  readonly series: Series;
  readonly tree: Tree;
  readonly worktree: Worktree;
  /** The commit of each patch, in order; the worktree is at the last. */
  readonly commits: readonly string[];
}

/** The tree is as it was; nothing is half applied. */
export interface Conflict {
  readonly kind: 'conflict';
  readonly series: Series;
  readonly tree: Tree;
  readonly patch: string;
  readonly files: readonly string[];
  /** What git said. */
  readonly details: string;
}
