// SPDX-License-Identifier: GPL-2.0-only
/** Keys of text, and of the work that ends in it. */
import type { Binding } from './binding.ts';
import { withWarnings } from './reasons.ts';

export const text: readonly Binding[] = [
  { action: 'search', place: 'text', keys: ['/'], words: 'search', hint: 'search' },
  { action: 'search-next', place: 'text', keys: ['n'], words: 'next match' },
  { action: 'search-previous', place: 'text', keys: ['N'], words: 'previous match' },
  { action: 'pan-left', place: 'text', keys: ['h', 'left'], words: 'to the left' },
  { action: 'pan-right', place: 'text', keys: ['l', 'right'], words: 'to the right' },
  {
    action: 'edit-file',
    place: 'text',
    keys: ['e'],
    words: 'open the file in $EDITOR at this line',
    hint: 'edit',
  },
  { action: 'page-file', place: 'text', keys: ['o'], words: 'open the file in $PAGER' },
  {
    action: 'open',
    place: 'text',
    keys: ['enter'],
    words: 'follow the line: a row to its log',
    hint: 'follow',
  },
  {
    action: 'next-warning',
    place: 'work',
    keys: ['n'],
    words: 'next warning',
    hint: 'warning',
    blocked: withWarnings,
  },
  {
    action: 'edit-file',
    place: 'work',
    keys: ['e', 'enter'],
    words: 'the line of the warning in $EDITOR',
    hint: 'go to line',
    blocked: withWarnings,
  },
];
