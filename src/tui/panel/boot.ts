// SPDX-License-Identifier: GPL-2.0-only
/** The boot view: the keys of consoles side by side. */
import path from 'node:path';
import { consoleLog } from '../follow.ts';
import { titleOf } from '../jobs.ts';
import { run } from '../run.ts';
import { jobShown, paneShown, shownView } from '../selection.ts';
import type { State, Updated } from '../state.ts';
import { opened, openFile, paned, withView } from '../views.ts';
import type { Binding } from './key.ts';
import { notReady } from './reasons.ts';

export const boot: readonly Binding[] = [
  {
    action: 'next-pane',
    place: 'boot',
    keys: ['l', 'right', 'tab'],
    words: 'next console',
    hint: 'console',
    act: state => [withView(state, view => paned(state, view, 1)), []],
  },
  {
    action: 'previous-pane',
    place: 'boot',
    keys: ['h', 'left', 'S-tab'],
    words: 'previous console',
    act: state => [withView(state, view => paned(state, view, -1)), []],
  },
  { action: 'open', place: 'boot', keys: ['enter'], words: 'read its whole log', hint: 'log', act: read },
  {
    action: 'hold',
    place: 'boot',
    keys: ['space', 'F'],
    words: 'freeze the console, or follow it',
    hint: 'freeze',
    act: hold,
  },
  {
    action: 'alone',
    place: 'boot',
    keys: ['f'],
    words: 'this console alone, or all',
    hint: 'alone',
    act: alone,
  },
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
    act: table,
  },
  {
    action: 'open-folder',
    place: 'boot',
    keys: ['o'],
    words: "a shell in the run's folder",
    act: openFolder,
  },
  { action: 'again', place: 'boot', keys: ['R'], words: 'do the same again', blocked: notReady, act: again },
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
    act: typeInto,
  },
];

/** The boot of the console that has the keys. */
function bootShown(state: State) {
  const view = shownView(state);
  return view?.kind === 'boot' ? paneShown(state, view)?.boot : undefined;
}

function read(state: State): Updated {
  const boot = bootShown(state);
  return boot ? openFile(state, consoleLog(state, boot.run), 'log') : [state, []];
}

function hold(state: State): Updated {
  const boot = bootShown(state);
  if (!boot) return [state, []];
  return [
    withView(state, view => {
      if (view.kind !== 'boot') return view;
      const { [boot.run]: held, ...others } = view.held;
      if (held !== undefined) return { ...view, held: others };
      return { ...view, held: { ...others, [boot.run]: boot.first + boot.lines.length - 1 } };
    }),
    [],
  ];
}

function alone(state: State): Updated {
  return [withView(state, view => (view.kind === 'boot' ? { ...view, alone: !view.alone } : view)), []];
}

function table(state: State): Updated {
  const job = jobShown(state)!;
  const source = { kind: 'job', job: job.id } as const;
  return [opened(state, { kind: 'text', title: titleOf(job), source, syntax: 'result' }), []];
}

function openFolder(state: State): Updated {
  const boot = bootShown(state);
  return [state, boot ? [{ type: 'shell', folder: path.join(state.places.runs, boot.run) }] : []];
}

function again(state: State): Updated {
  const view = shownView(state);
  if (view?.kind !== 'boot') return [state, []];
  const lines = state.jobs.filter(job => view.jobs.includes(job.id)).map(job => job.argv);
  return run({ ...state, views: state.views.slice(0, -1) }, lines);
}

function typeInto(state: State): Updated {
  const boot = bootShown(state);
  if (boot?.socket === undefined) return [state, []];
  const { run: id, socket } = boot;
  return [{ ...state, typing: { run: id, socket } }, [{ type: 'type', run: id, socket, bytes: '' }]];
}
