// SPDX-License-Identifier: GPL-2.0-only
/** Keys of panel 2. */
import { selectedKernel } from '../selection.ts';
import type { Binding } from './binding.ts';
import { notReady, all } from './reasons.ts';

export const kernels: readonly Binding[] = [
  {
    action: 'build',
    place: 'kernels',
    keys: ['b'],
    words: 'build the selected kernel (nothing to do when it is built)',
    hint: 'build',
    blocked: all(notReady, state => (selectedKernel(state) ? undefined : 'no kernel is selected')),
  },
  {
    action: 'open',
    place: 'kernels',
    keys: ['enter'],
    words: 'read the log of its build, or the fragment',
    hint: 'read',
  },
  {
    action: 'toggle-fragment',
    place: 'kernels',
    keys: ['space'],
    words: 'add the fragment to every build and boot, or take it away; the order is the order of marking',
    hint: 'fragment',
    blocked: state =>
      selectedKernel(state)?.kind === 'fragment' ? undefined : 'fragments are at the end of this panel',
  },
  {
    action: 'edit-file',
    place: 'kernels',
    keys: ['E'],
    words: 'open the fragment in $EDITOR',
    blocked: state =>
      selectedKernel(state)?.kind === 'fragment' ? undefined : 'fragments are at the end of this panel',
  },
  {
    action: 'add-tree',
    place: 'kernels',
    keys: ['a'],
    words: 'add a tree',
    hint: 'add tree',
    blocked: notReady,
  },
  {
    action: 'remove-tree',
    place: 'kernels',
    keys: ['D'],
    words: 'remove the tree, after a question',
    blocked: all(notReady, state =>
      selectedKernel(state)?.kind === 'tree' ? undefined : 'no tree is selected',
    ),
  },
];
