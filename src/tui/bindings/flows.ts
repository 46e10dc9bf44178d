// SPDX-License-Identifier: GPL-2.0-only
/** Keys of panel 3. */
import type { Binding } from './binding.ts';
import { noFlow, noMarks, notReady, all } from './reasons.ts';

export const flows: readonly Binding[] = [
  {
    action: 'mark',
    place: 'flows',
    keys: ['space'],
    words: 'mark the flow, or take the mark away',
    hint: 'mark',
    blocked: noFlow,
  },
  {
    action: 'boot',
    place: 'flows',
    keys: ['b'],
    words: 'boot the marked flows side by side',
    hint: 'boot',
    blocked: all(notReady, noMarks),
  },
  {
    action: 'boot-typed',
    place: 'flows',
    keys: ['I'],
    words: 'boot this flow alone, to type into its console (then i)',
    blocked: all(notReady, noFlow),
  },
  {
    action: 'compare',
    place: 'flows',
    keys: ['c'],
    words: 'compare the marked flows: one at a time, with their floors, as a table',
    hint: 'compare',
    blocked: all(notReady, noMarks),
  },
  {
    action: 'open',
    place: 'flows',
    keys: ['enter'],
    words: 'boot this flow alone; on a setting: change it',
    blocked: notReady,
  },
  {
    action: 'sweep',
    place: 'flows',
    keys: ['S'],
    words: 'sweep over sizes: a command line to be changed; its plan first',
    hint: 'sweep',
    blocked: all(notReady, noMarks),
  },
  {
    action: 'set-format',
    place: 'flows',
    keys: ['f'],
    words: 'format of the flow',
    hint: 'format',
    blocked: noFlow,
  },
  { action: 'set-payload', place: 'flows', keys: ['p'], words: 'payload', hint: 'payload' },
  { action: 'set-pad', place: 'flows', keys: ['P'], words: 'filler added to the payload' },
  { action: 'set-used', place: 'flows', keys: ['u'], words: 'how much of the payload is read' },
  { action: 'set-clock', place: 'flows', keys: ['t'], words: 'clock: icount or wall', hint: 'clock' },
  { action: 'set-memory', place: 'flows', keys: ['m'], words: 'guest memory', hint: 'memory' },
];
