// SPDX-License-Identifier: GPL-2.0-only
/** A kernel source tree that initbench manages: a commit in its own repository, and where that came from. */
import { z } from 'zod';
import { object, text } from '../document.ts';

const treeSourceSchema = z.union([
  object({ kind: z.literal('git'), location: text, revision: text.exactOptional() }),
  object({ kind: z.literal('tarball'), path: text }),
  object({
    kind: z.literal('debian'),
    suite: text.exactOptional(),
    package: text,
    version: text.exactOptional(),
  }),
]);
export type TreeSource = z.infer<typeof treeSourceSchema>;

export const treeSchema = object({
  name: text,
  /** As `make kernelversion` words it, from the top Makefile: '7.3.4', '6.12.117', '7.4.0-rc1'. */
  version: text,
  /** Commit and git tree id in initbench's repository. */
  commit: text,
  treeId: text,
  source: treeSourceSchema,
  /** Said wherever the tree is shown when the source carries a distribution's patches: its base is no public commit. */
  note: text.exactOptional(),
});
export type Tree = z.infer<typeof treeSchema>;

/** A checked-out commit that belongs to initbench alone. */
export const worktreeSchema = object({ path: text, commit: text, treeId: text });
export type Worktree = z.infer<typeof worktreeSchema>;
