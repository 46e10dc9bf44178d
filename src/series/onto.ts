// SPDX-License-Identifier: GPL-2.0-only
/** What `--onto` and `--to` name: a tree, or a revision in the clone that a series' tree came from, which then becomes a
 *  tree of its own. */
import type { Work } from '../events.ts';
import { UserError } from '../host/errors.ts';
import { exists } from '../host/files.ts';
import type { Tree } from '../tree/tree.ts';
import { addTree, listTrees, prepareTree, readTree } from '../tree/trees.ts';
import { unknownName, type Workspace } from '../workspace.ts';

/** `near`: the tree the series is on. @throws UserError when there is no such thing */
export async function* ontoTree(
  workspace: Workspace,
  word: string,
  near: string,
  signal: AbortSignal,
): Work<Tree> {
  const trees = await listTrees(workspace);
  const named = [...trees.map(({ name }) => name), ...Object.keys(workspace.settings.trees)];
  if (named.includes(word)) return yield* prepareTree(workspace, word, signal);
  const same = trees.filter(({ commit }) => word.length >= 7 && commit.startsWith(word));
  if (same.length === 1) return same[0]!;
  const source = (await readTree(workspace, near))?.source;
  if (source?.kind !== 'git' || !(await exists(source.location))) throw unknownName('tree', word, named);
  const name = word.replaceAll(/[^A-Za-z0-9._-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  if (named.includes(name)) {
    throw new UserError(`${word} would become the tree ${name}, which there is already`, {
      hint: `initbench tree add NAME ${source.location}#${word}, then name that tree`,
    });
  }
  const revision = { kind: 'git', location: source.location, revision: word } as const;
  return yield* addTree(workspace, name, revision, signal);
}
