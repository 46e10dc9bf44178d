// SPDX-License-Identifier: GPL-2.0-only
/** Keys of panel 4. */
import type { Binding } from './binding.ts';
import { withRun } from './reasons.ts';

export const runs: readonly Binding[] = [
  {
    action: 'open',
    place: 'runs',
    keys: ['enter', 'l'],
    words: 'read the console log of the run',
    hint: 'log',
    blocked: withRun,
  },
  {
    action: 'open-folder',
    place: 'runs',
    keys: ['o'],
    words: "a shell in the run's folder",
    hint: 'folder',
    blocked: withRun,
  },
  {
    action: 'mark-run',
    place: 'runs',
    keys: ['space'],
    words: 'mark the run, to be held against another',
    hint: 'mark',
    blocked: withRun,
  },
  {
    action: 'diff-runs',
    place: 'runs',
    keys: ['d'],
    words: 'the two that are marked; else this run against the one of the same row before it',
    hint: 'diff',
    blocked: withRun,
  },
  {
    action: 'show',
    place: 'runs',
    keys: ['s'],
    words: 'its timeline, figures and facts',
    hint: 'show',
    blocked: withRun,
  },
];
