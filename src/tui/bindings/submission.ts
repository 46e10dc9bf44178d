// SPDX-License-Identifier: GPL-2.0-only
/** Keys of panel 5. */
import type { Binding } from './binding.ts';
import { notReady, withSeries, withExport, withDryRun } from './reasons.ts';

export const submission: readonly Binding[] = [
  {
    action: 'export',
    place: 'submission',
    keys: ['e'],
    words: 'export: the mails of the next version, and what is not ready',
    hint: 'export',
    blocked: withSeries,
  },
  {
    action: 'open',
    place: 'submission',
    keys: ['enter'],
    words: 'read the mail; of a check: all findings, to be followed to their lines',
    hint: 'read',
  },
  {
    action: 'dry-run',
    place: 'submission',
    keys: ['s'],
    words: 'dry run of the sending: each mail as it would go, and to whom',
    hint: 'dry run',
    blocked: withExport,
  },
  {
    action: 'reflect',
    place: 'submission',
    keys: ['M'],
    words: 'send the mails to yourself alone',
    blocked: withDryRun,
  },
  {
    action: 'send',
    place: 'submission',
    keys: ['C-y'],
    words: 'send, after a question',
    hint: 'send',
    blocked: withDryRun,
  },
  {
    action: 'comments',
    place: 'submission',
    keys: ['c'],
    words: 'comments and tags, and what became of each',
    hint: 'comments',
    blocked: withSeries,
  },
  {
    action: 'replies',
    place: 'submission',
    keys: ['i'],
    words: 'read replies from a mailbox',
    blocked: notReady,
  },
];
