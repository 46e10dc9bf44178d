// SPDX-License-Identifier: GPL-2.0-only
/** Panel 2: the keys of trees, kernels and fragments. */
import path from 'node:path';
import { run } from '../run.ts';
import { selectedKernel } from '../selection.ts';
import type { State, Updated } from '../state.ts';
import { openFile } from '../views.ts';
import { asked, type Binding, commandLine, said, toggled } from './key.ts';
import { all, notReady } from './reasons.ts';

export const kernels: readonly Binding[] = [
  {
    action: 'build',
    place: 'kernels',
    keys: ['b'],
    words: 'build the selected kernel (nothing to do when it is built)',
    hint: 'build',
    blocked: all(notReady, state => (selectedKernel(state) ? undefined : 'no kernel is selected')),
    act: build,
  },
  {
    action: 'open',
    place: 'kernels',
    keys: ['enter'],
    words: 'read the log of its build, or the fragment',
    hint: 'read',
    act: read,
  },
  {
    action: 'toggle-fragment',
    place: 'kernels',
    keys: ['space'],
    words: 'add the fragment to every build and boot, or take it away; the order is the order of marking',
    hint: 'fragment',
    blocked: state =>
      selectedKernel(state)?.kind === 'fragment' ? undefined : 'fragments are at the end of this panel',
    act: toggle,
  },
  {
    action: 'edit-file',
    place: 'kernels',
    keys: ['E'],
    words: 'open the fragment in $EDITOR',
    blocked: state =>
      selectedKernel(state)?.kind === 'fragment' ? undefined : 'fragments are at the end of this panel',
    act: edit,
  },
  {
    action: 'add-tree',
    place: 'kernels',
    keys: ['a'],
    words: 'add a tree',
    hint: 'add tree',
    blocked: notReady,
    act: state => commandLine(state, 'tree add '),
  },
  {
    action: 'remove-tree',
    place: 'kernels',
    keys: ['D'],
    words: 'remove the tree, after a question',
    blocked: all(notReady, state =>
      selectedKernel(state)?.kind === 'tree' ? undefined : 'no tree is selected',
    ),
    act: removeTree,
  },
];

const fragmentFile = (state: State, name: string): string =>
  path.join(state.places.root, 'kconfigs', `${name}.config`);

function build(state: State): Updated {
  const item = selectedKernel(state);
  if (item?.kind !== 'kernel') return said(state, 'choose a kernel: base, or a series, of a tree');
  const fragments = state.settings.fragments.flatMap(name => ['--config', name]);
  return run(state, [['build', item.name, '--tree', item.tree, ...fragments]]);
}

/** A fragment, or what make printed for a kernel. */
function read(state: State): Updated {
  const item = selectedKernel(state);
  if (item?.kind === 'fragment') return openFile(state, fragmentFile(state, item.name), 'plain');
  if (item?.kind === 'kernel' && item.built) return openFile(state, item.built.files.log, 'log');
  return said(
    state,
    item?.kind === 'kernel' ? 'it is not built, and has no log yet' : 'a tree has no text to read',
  );
}

function toggle(state: State): Updated {
  const item = selectedKernel(state);
  if (item?.kind !== 'fragment') return [state, []];
  if (item.always) return said(state, `${item.name} is in every kernel: initbench.toml says so`);
  const fragments = toggled(state.settings.fragments, item.name);
  return [{ ...state, settings: { ...state.settings, fragments } }, []];
}

function edit(state: State): Updated {
  const item = selectedKernel(state);
  if (item?.kind !== 'fragment') return [state, []];
  return [state, [{ type: 'edit', path: fragmentFile(state, item.name) }]];
}

function removeTree(state: State): Updated {
  const item = selectedKernel(state);
  if (item?.kind !== 'tree') return [state, []];
  const line = `Remove the tree ${item.name}, its worktrees and what was built in them?`;
  return asked(state, [line], ['tree', 'remove', item.name]);
}
