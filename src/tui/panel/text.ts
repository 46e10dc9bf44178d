// SPDX-License-Identifier: GPL-2.0-only
/** Text, and the work that ends in it: the keys of logs, patches, mails, tables, and of builds. */
import path from 'node:path';
import { followLine } from '../follow.ts';
import { shownView } from '../selection.ts';
import type { State, Updated, View } from '../state.ts';
import { pan, search, withView } from '../views.ts';
import { newWarnings } from '../warnings.ts';
import { type Binding, said } from './key.ts';
import { withWarnings } from './reasons.ts';

export const text: readonly Binding[] = [
  { action: 'search', place: 'text', keys: ['/'], words: 'search', hint: 'search', act: askSearch },
  { action: 'search-next', place: 'text', keys: ['n'], words: 'next match', act: state => search(state, 1) },
  {
    action: 'search-previous',
    place: 'text',
    keys: ['N'],
    words: 'previous match',
    act: state => search(state, -1),
  },
  {
    action: 'pan-left',
    place: 'text',
    keys: ['h', 'left'],
    words: 'to the left',
    act: state => [pan(state, -1), []],
  },
  {
    action: 'pan-right',
    place: 'text',
    keys: ['l', 'right'],
    words: 'to the right',
    act: state => [pan(state, 1), []],
  },
  {
    action: 'edit-file',
    place: 'text',
    keys: ['e'],
    words: 'open the file in $EDITOR at this line',
    hint: 'edit',
    act: edit,
  },
  { action: 'page-file', place: 'text', keys: ['o'], words: 'open the file in $PAGER', act: page },
  {
    action: 'open',
    place: 'text',
    keys: ['enter'],
    words: 'follow the line: a row to its log',
    hint: 'follow',
    act: followLine,
  },
  {
    action: 'next-warning',
    place: 'work',
    keys: ['n'],
    words: 'next warning',
    hint: 'warning',
    blocked: withWarnings,
    act: nextWarning,
  },
  {
    action: 'edit-file',
    place: 'work',
    keys: ['e', 'enter'],
    words: 'the line of the warning in $EDITOR',
    hint: 'go to line',
    blocked: withWarnings,
    act: editWarning,
  },
];

function askSearch(state: State): Updated {
  return [{ ...state, overlay: { kind: 'prompt', what: 'search', label: '/', text: '', cursor: 0 } }, []];
}

function edit(state: State): Updated {
  const view = shownView(state);
  if (view?.kind !== 'text' || view.source.kind !== 'file') return said(state, 'this text is not a file');
  const at = view.pager.found ?? view.pager.top;
  // behind what is left out, nobody has counted
  const counted = view.offsets?.slice(0, at + 1).includes(-1) !== true;
  return [state, [{ type: 'edit', path: view.source.path, ...(counted && { line: at + 1 }) }]];
}

function page(state: State): Updated {
  const view = shownView(state);
  if (view?.kind !== 'text' || view.source.kind !== 'file') return said(state, 'this text is not a file');
  return [state, [{ type: 'page', path: view.source.path }]];
}

const jobOf = (state: State, view: View | undefined) =>
  view?.kind === 'work' ? state.jobs.find(({ id }) => id === view.job) : undefined;

function nextWarning(state: State): Updated {
  return [
    withView(state, view => {
      const job = view.kind === 'work' ? state.jobs.find(({ id }) => id === view.job) : undefined;
      if (view.kind !== 'work' || !job) return view;
      const count = Math.max(1, newWarnings(state, job).length);
      return { ...view, pager: { ...view.pager, top: (view.pager.top + 1) % count } };
    }),
    [],
  ];
}

/** The line that the selected warning of a build is about. */
function editWarning(state: State): Updated {
  const view = shownView(state);
  const job = jobOf(state, view);
  const warnings = job ? newWarnings(state, job) : [];
  const warning = view?.kind === 'work' ? warnings[Math.min(view.pager.top, warnings.length - 1)] : undefined;
  if (!warning || job?.folder === undefined) return said(state, 'there is no new warning');
  return [state, [{ type: 'edit', path: path.join(job.folder, warning.file), line: warning.line }]];
}
