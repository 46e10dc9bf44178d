// SPDX-License-Identifier: GPL-2.0-only
/** The tree that mails are for: the commit they name, otherwise the newest tree that takes all of them. Tried without a
 *  worktree and without a ref. */
import type { z } from 'zod';
import { number, object, text } from '../../document.ts';
import type { Work } from '../../events.ts';
import { UserError } from '../../host/errors.ts';
import { exists } from '../../host/files.ts';
import { git } from '../../host/git.ts';
import type { Tree } from '../../tree/tree.ts';
import { addTree, listTrees, prepareTree } from '../../tree/trees.ts';
import { folders, type Workspace } from '../../workspace.ts';
import { commitPatches } from '../apply.ts';
import type { Chosen } from './whole.ts';
import type { ImportedPatch } from './patches.ts';

export const attemptSchema = object({
  tree: text,
  /** How many patches applied. */
  applied: number,
  /** The first that did not, and what git said. */
  patch: text,
  details: text,
});
export type Attempt = z.infer<typeof attemptSchema>;

type Found =
  | {
      readonly kind: 'base';
      readonly tree: Tree;
      readonly commits: readonly string[];
      readonly reason: string;
    }
  | { readonly kind: 'nowhere'; readonly attempts: readonly Attempt[] };

/** @throws UserError when a tree was asked for that does not exist */
export async function* findBase(
  workspace: Workspace,
  chosen: Chosen,
  patches: readonly ImportedPatch[],
  asked: string | undefined,
  signal: AbortSignal,
): Work<Found> {
  const repository = folders.repository(workspace);
  const attempts: Attempt[] = [];
  for await (const { tree, reason } of candidates(workspace, chosen, asked, signal)) {
    const made = yield* commitPatches(`import ${tree.name}`, repository, tree.commit, patches, signal);
    if (made.refusal === undefined) return { kind: 'base', tree, commits: made.commits, reason };
    const at = patches[made.commits.length]!;
    if (/^error: invalid path /m.test(made.refusal)) {
      throw new UserError(`${at.part.place}: git: ${made.refusal.replace(/^error: /, '')}`, {
        hint: 'no patch of a kernel has such a path; nothing was applied',
      });
    }
    attempts.push({
      tree: tree.name,
      applied: made.commits.length,
      patch: at.subject,
      details: made.refusal,
    });
  }
  return { kind: 'nowhere', attempts };
}

/** Trees in the order they are tried. */
async function* candidates(
  workspace: Workspace,
  chosen: Chosen,
  asked: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<{ tree: Tree; reason: string }, void, void> {
  if (asked !== undefined) {
    yield { tree: await quietly(prepareTree(workspace, asked, signal)), reason: 'asked for' };
    return;
  }
  let trees = await listTrees(workspace);
  if (trees.length === 0) {
    trees = [await quietly(prepareTree(workspace, workspace.settings.tree, signal))];
  }
  const commit = baseCommitOf(chosen);
  const named = commit === undefined ? undefined : await treeOf(workspace, trees, commit, signal);
  if (named) yield { tree: named, reason: `its base-commit is ${commit!.slice(0, 12)}` };
  for (const tree of [...trees].sort(newestFirst)) {
    if (tree !== named) yield { tree, reason: 'the newest tree that takes all of it' };
  }
}

async function quietly<Product>(work: Work<Product>): Promise<Product> {
  for (;;) {
    const next = await work.next();
    if (next.done) return next.value;
  }
}

const newestFirst = (a: Tree, b: Tree) =>
  b.version.localeCompare(a.version, 'en', { numeric: true }) || a.name.localeCompare(b.name);

/** format-patch --base: on a line of its own at the end of the letter, or of a patch. */
function baseCommitOf({ cover, patches }: Chosen): string | undefined {
  const texts = [...(cover ? [cover] : []), ...patches];
  return texts.flatMap(({ text }) => /^base-commit: ([0-9a-f]{40})\s*$/m.exec(text)?.[1] ?? [])[0];
}

/** The tree that is this commit; one of the clones that trees came from may have it, and then gives a new tree. */
async function treeOf(
  workspace: Workspace,
  trees: readonly Tree[],
  commit: string,
  signal: AbortSignal,
): Promise<Tree | undefined> {
  const known = trees.find(tree => tree.commit === commit);
  if (known) return known;
  for (const { source } of trees) {
    if (source.kind !== 'git' || !(await exists(source.location))) continue;
    const asked = ['cat-file', '-e', `${commit}^{commit}`];
    const there = await git(source.location, asked, signal).then(
      () => true,
      () => false,
    );
    if (!there) continue;
    const name = `base-${commit.slice(0, 12)}`;
    const revision = { kind: 'git', location: source.location, revision: commit } as const;
    try {
      return await quietly(addTree(workspace, name, revision, signal));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
    }
  }
  return undefined;
}
