// SPDX-License-Identifier: GPL-2.0-only
/** Panel 5: the keys of the mails, of what is not ready, and of the way to the lists. */
import { findingsShown } from '../follow.ts';
import { run } from '../run.ts';
import { selectedSubmission } from '../selection.ts';
import type { State, Updated } from '../state.ts';
import { openFile } from '../views.ts';
import { asked, type Binding, commandLine } from './key.ts';
import { notReady, withDryRun, withExport, withSeries } from './reasons.ts';

export const submission: readonly Binding[] = [
  {
    action: 'export',
    place: 'submission',
    keys: ['e'],
    words: 'export: the mails of the next version, and what is not ready',
    hint: 'export',
    blocked: withSeries,
    act: state => commandLine(state, `export ${state.settings.series} --rfc`),
  },
  {
    action: 'open',
    place: 'submission',
    keys: ['enter'],
    words: 'read the mail; of a check: all findings, to be followed to their lines',
    hint: 'read',
    act: read,
  },
  {
    action: 'dry-run',
    place: 'submission',
    keys: ['s'],
    words: 'dry run of the sending: each mail as it would go, and to whom',
    hint: 'dry run',
    blocked: withExport,
    act: state => run(state, [['send', state.settings.series, '--dry-run']]),
  },
  {
    action: 'reflect',
    place: 'submission',
    keys: ['M'],
    words: 'send the mails to yourself alone',
    blocked: withDryRun,
    act: state => run(state, [['send', state.settings.series, '--reflect']]),
  },
  {
    action: 'send',
    place: 'submission',
    keys: ['C-y'],
    words: 'send, after a question',
    hint: 'send',
    blocked: withDryRun,
    act: send,
  },
  {
    action: 'comments',
    place: 'submission',
    keys: ['c'],
    words: 'comments and tags, and what became of each',
    hint: 'comments',
    blocked: withSeries,
    act: state => run(state, [['review', '--series', state.settings.series]]),
  },
  {
    action: 'replies',
    place: 'submission',
    keys: ['i'],
    words: 'read replies from a mailbox',
    blocked: notReady,
    act: state => commandLine(state, 'review '),
  },
];

function read(state: State): Updated {
  const item = selectedSubmission(state);
  if (!item) return [state, []];
  return item.kind === 'check' ? findingsShown(state, item.item) : openFile(state, item.path, 'mail');
}

function send(state: State): Updated {
  const { series } = state.settings;
  const lines = [
    `Send ${series} to the lists, as the dry run showed it?`,
    'What is sent cannot be taken back.',
  ];
  return asked(state, lines, ['send', series, '--yes'], 'S');
}
