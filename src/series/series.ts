// SPDX-License-Identifier: GPL-2.0-only
/** A patch series as it lies in patches/<name>/: what `git format-patch` wrote, read back. */
import { z } from 'zod';
import { list, number, object, text } from '../document.ts';
import { digestSchema } from '../events.ts';
import type { Tree, Worktree } from '../tree/tree.ts';

const patchSchema = object({
  /** '0001-erofs-register-early.patch' */
  file: text,
  path: text,
  /** Subject without the [PATCH ...] prefix. */
  subject: text,
  /** Files it touches, with added and removed lines. */
  files: list(object({ path: text, added: number, removed: number })),
});
export type Patch = z.infer<typeof patchSchema>;

/** Subject and body of the cover letter. */
const coverSchema = object({ subject: text, body: text });

export const seriesSchema = object({
  name: text,
  folder: text,
  /** When there is one. */
  cover: coverSchema.exactOptional(),
  patches: list(patchSchema),
  /** The tree it is for, by name. */
  tree: text,
  /** Over the patches' bytes in order; the cover letter does not count. */
  digest: digestSchema,
  /** It is edited, and not in patches/ yet: it has no patches. */
  unwritten: z.literal(true).exactOptional(),
});
export type Series = z.infer<typeof seriesSchema>;

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
