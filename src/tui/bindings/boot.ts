// SPDX-License-Identifier: GPL-2.0-only
/** Keys of the boot view. */
import { jobShown, paneShown, shownView } from '../selection.ts';
import type { Binding } from './binding.ts';
import { notReady } from './reasons.ts';

export const boot: readonly Binding[] = [
  { action: 'next-pane', place: 'boot', keys: ['l', 'right', 'tab'], words: 'next console', hint: 'console' },
  { action: 'previous-pane', place: 'boot', keys: ['h', 'left', 'S-tab'], words: 'previous console' },
  { action: 'open', place: 'boot', keys: ['enter'], words: 'read its whole log', hint: 'log' },
  {
    action: 'hold',
    place: 'boot',
    keys: ['space', 'F'],
    words: 'freeze the console, or follow it',
    hint: 'freeze',
  },
  { action: 'alone', place: 'boot', keys: ['f'], words: 'this console alone, or all', hint: 'alone' },
  {
    action: 'compare-text',
    place: 'boot',
    keys: ['c'],
    words: 'the table of the comparison',
    hint: 'table',
    blocked: state => {
      const job = jobShown(state);
      if (!job || job.product === undefined) return 'there is a table when all boots have ended';
      return undefined;
    },
  },
  { action: 'open-folder', place: 'boot', keys: ['o'], words: "a shell in the run's folder" },
  { action: 'again', place: 'boot', keys: ['R'], words: 'do the same again', blocked: notReady },
  {
    action: 'type',
    place: 'boot',
    keys: ['i'],
    words: 'type into its console, if it was booted for that; Ctrl-] takes the keys back',
    hint: 'type',
    blocked: state => {
      const view = shownView(state);
      const boot = view?.kind === 'boot' ? paneShown(state, view)?.boot : undefined;
      if (boot?.outcome) return 'it has ended';
      return boot?.socket === undefined ? 'I in panel 3 boots a flow to type into' : undefined;
    },
  },
];
