// SPDX-License-Identifier: GPL-2.0-only
/** A kernel source tree that initbench manages: a commit in its own repository, and where that came from. */

export type TreeSource =
  | { readonly kind: 'git'; readonly location: string; readonly revision?: string }
  | { readonly kind: 'tarball'; readonly path: string }
  | { readonly kind: 'debian'; readonly suite?: string; readonly package: string; readonly version?: string };

export interface Tree {
  readonly name: string;
  /** As `make kernelversion` words it, from the top Makefile: '7.3.4', '6.12.117', '7.4.0-rc1'. */
  readonly version: string;
  /** Commit and git tree id in initbench's repository. */
  readonly commit: string;
  readonly treeId: string;
  readonly source: TreeSource;
  /** Said wherever the tree is shown when the source carries a distribution's patches: its base is no public commit. */
  readonly note?: string;
}

/** A checked-out commit that belongs to initbench alone. */
export interface Worktree {
  readonly path: string;
  readonly commit: string;
  readonly treeId: string;
}
