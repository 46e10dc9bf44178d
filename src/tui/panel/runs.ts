// SPDX-License-Identifier: GPL-2.0-only
/** Panel 4: the keys of boots, those that run and those on record. */
import path from 'node:path';
import { consoleLog } from '../follow.ts';
import { run } from '../run.ts';
import { runItems, selectedRun } from '../selection.ts';
import type { State, Updated } from '../state.ts';
import { moveBy, openFile } from '../views.ts';
import { type Binding, said, toggled } from './key.ts';
import { withRun } from './reasons.ts';

export const runs: readonly Binding[] = [
  {
    action: 'open',
    place: 'runs',
    keys: ['enter', 'l'],
    words: 'read the console log of the run',
    hint: 'log',
    blocked: withRun,
    act: read,
  },
  {
    action: 'open-folder',
    place: 'runs',
    keys: ['o'],
    words: "a shell in the run's folder",
    hint: 'folder',
    blocked: withRun,
    act: openFolder,
  },
  {
    action: 'mark-run',
    place: 'runs',
    keys: ['space'],
    words: 'mark the run, to be held against another',
    hint: 'mark',
    blocked: withRun,
    act: mark,
  },
  {
    action: 'diff-runs',
    place: 'runs',
    keys: ['d'],
    words: 'the two that are marked; else this run against the one of the same row before it',
    hint: 'diff',
    blocked: withRun,
    act: diff,
  },
  {
    action: 'show',
    place: 'runs',
    keys: ['s'],
    words: 'its timeline, figures and facts',
    hint: 'show',
    blocked: withRun,
    act: show,
  },
];

function read(state: State): Updated {
  const item = selectedRun(state);
  return item ? openFile(state, consoleLog(state, item.run), 'log') : [state, []];
}

function openFolder(state: State): Updated {
  const item = selectedRun(state);
  return [state, item ? [{ type: 'shell', folder: path.join(state.places.runs, item.run) }] : []];
}

function mark(state: State): Updated {
  const item = selectedRun(state);
  if (!item) return [state, []];
  return [moveBy({ ...state, markedRuns: toggled(state.markedRuns, item.run).slice(-2) }, 'down'), []];
}

function diff(state: State): Updated {
  const [before, after] = runsToDiff(state);
  if (before === undefined || after === undefined) {
    return said(state, 'there is no earlier run of this row; mark two with Space');
  }
  return run(state, [['diff', before, after]]);
}

/** The two that are marked, the earlier first; else the selected one and the run of the same row before it. */
function runsToDiff(state: State): readonly (string | undefined)[] {
  if (state.markedRuns.length === 2) return [...state.markedRuns].sort();
  const item = selectedRun(state);
  const items = runItems(state);
  const at = items.findIndex(other => other.run === item?.run);
  return [items.slice(at + 1).find(other => other.key === item?.key)?.run, item?.run];
}

function show(state: State): Updated {
  const item = selectedRun(state);
  return item ? run(state, [['show', item.run]]) : [state, []];
}
