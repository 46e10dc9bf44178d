// SPDX-License-Identifier: GPL-2.0-only
/** `initbench tree add | list | remove`: the kernel sources that series are applied to. */
import type { z } from 'zod';
import { document, list, object, text } from '../document.ts';
import type { Work } from '../events.ts';
import { formatSource, readSource } from '../tree/source.ts';
import { type Tree, treeSchema } from '../tree/tree.ts';
import { addTree, listTrees, removeTree, treeDocument } from '../tree/trees.ts';
import { command } from './command.ts';

export const treeAdd = command({
  id: 'tree add',
  summary: 'add a kernel source tree from a clone, a URL, a tarball or a Debian package',
  changes: ['trees'],
  examples: [
    'tree add mine ~/src/linux',
    'tree add mine ~/src/linux#erofs-work',
    'tree add next https://git.example.org/linux.git#master',
    'tree add 7.3-release linux-7.3.4.tar.xz',
    'tree add 6.12 debian:linux-source-6.12',
    'tree add 7.3 debian:trixie-backports/linux-source-7.3',
  ],
  positional: [
    { usage: '<name>', summary: 'what the tree is called from now on' },
    {
      usage: '<source>',
      summary: 'PATH[#REVISION], URL[#REVISION], a tarball, or debian:[SUITE/]PACKAGE[=VERSION]',
    },
  ],
  parse: ({ words: [name, source] }) => ({ name, source }),
  async *run(workspace, { name, source }, signal): Work<Tree> {
    return yield* addTree(workspace, name, await readSource(source, process.cwd()), signal);
  },
  text: describeTree,
  json: treeDocument.of,
});

const treeListSchema = object({
  trees: list(treeSchema),
  /** Named in initbench.toml, made when first needed. */
  configured: list(object({ name: text, source: text })),
});
type TreeList = z.infer<typeof treeListSchema>;

const treesDocument = document('initbench.trees/1', 'tree list', treeListSchema);

export const treeList = command({
  id: 'tree list',
  summary: 'list the trees, and those that initbench.toml knows how to get',
  examples: ['tree list', 'tree list --json'],
  parse: () => null,
  async *run(workspace): Work<TreeList> {
    const trees = await listTrees(workspace);
    const configured = Object.entries(workspace.settings.trees)
      .filter(([name]) => !trees.some(tree => tree.name === name))
      .map(([name, source]) => ({ name, source }));
    return { trees, configured };
  },
  text: ({ trees, configured }) => [
    ...trees.flatMap(describeTree),
    ...configured.map(({ name, source }) => `${name}  not here yet; made when first needed from ${source}`),
  ],
  json: treesDocument.of,
});

const removedDocument = document('initbench.tree-removed/1', 'tree remove', object({ name: text }));

export const treeRemove = command({
  id: 'tree remove',
  summary: 'remove a tree, its worktrees and what was built in them',
  changes: ['trees', 'kernels'],
  examples: ['tree remove 6.12'],
  positional: [{ usage: '<tree>', summary: 'the tree' }],
  parse: ({ words: [name] }) => ({ name }),
  run: (workspace, { name }, signal) => removeTree(workspace, name, signal),
  text: name => [`removed the tree ${name}`],
  json: name => removedDocument.of({ name }),
});

function describeTree(tree: Tree): readonly string[] {
  return [
    `${tree.name}  Linux ${tree.version}, commit ${tree.commit.slice(0, 12)}, from ${formatSource(tree.source)}`,
    ...(tree.note ? [`    ${tree.note}`] : []),
  ];
}
