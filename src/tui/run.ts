// SPDX-License-Identifier: GPL-2.0-only
/** From what is marked and set to command lines, and from those to jobs with their views. Pure. */
import { isRunning, newJob, type Then } from './jobs.ts';
import { atTop } from './pager.ts';
import { rowOf } from './selection.ts';
import { settingWords } from './settings.ts';
import type { Effect, State, Updated, View } from './state.ts';
import { pushed } from './views.ts';

const keptLog = 500;

const keptJobs = 60;

/** A job for each command line; the view of them is the caller's. */
export function started(
  state: State,
  lines: readonly (readonly string[])[],
  then?: Then,
): [State, Effect[], number[]] {
  const ids = lines.map((_, i) => state.nextId + i);
  const jobs = lines.map((argv, i) => newJob(ids[i]!, argv, state.now, then));
  const kept = [
    ...state.jobs.filter(isRunning),
    ...state.jobs.filter(job => !isRunning(job)).slice(-keptJobs),
  ];
  const { said: _, ...quiet } = state;
  const next: State = {
    ...quiet,
    nextId: state.nextId + lines.length,
    jobs: [...kept.sort((a, b) => a.id - b.id), ...jobs],
    log: [...state.log, ...lines.map(argv => `initbench ${argv.join(' ')}`)].slice(-keptLog),
  };
  return [next, jobs.map(({ id, argv }): Effect => ({ type: 'run', job: id, argv })), ids];
}

/** Verbs whose boots are watched side by side. */
const watched = new Set(['boot', 'compare', 'start', 'sweep']);

/** Runs command lines and opens the view that belongs to them. */
export function run(state: State, lines: readonly (readonly string[])[], then?: Then): Updated {
  const [next, effects, ids] = started(state, lines, then);
  const view: View = lines.some(
    argv => watched.has(argv[0]!) && !argv.includes('--dry-run') && !argv.includes('-n'),
  )
    ? { kind: 'boot', jobs: ids, alone: false, held: {}, ...(ids.length > 1 && { pane: { job: ids[0]! } }) }
    : { kind: 'work', job: ids[0]!, pager: atTop };
  return [pushed(next, view), effects];
}

export function bootLine(state: State, flow: string): string[] {
  const { series, formats } = state.settings;
  const about = state.data.flows?.flows.find(({ id }) => id === flow);
  const tree = state.data.series?.find(({ name }) => name === series)?.tree;
  const format = formats[flow];
  return [
    ...['boot', flow],
    ...(about?.kernel === 'series' ? ['--kernel', series] : tree === undefined ? [] : ['--tree', tree]),
    ...(format === undefined || format === about?.formats[0] ? [] : ['--format', format]),
    ...settingWords(state, 'boot'),
  ];
}

/** In the order of the panel, whatever the order of marking. */
export const markedFlows = (state: State): readonly string[] =>
  (state.data.flows?.flows ?? []).map(({ id }) => id).filter(id => state.marked.includes(id));

export function compareLine(state: State): string[] {
  const rows = markedFlows(state).map(flow => rowOf(state, flow));
  return ['compare', ...rows, '--series', state.settings.series, ...settingWords(state, 'compare')];
}

/** What the keys of the flows would run, as shown before they do. */
export const commandsFor = (state: State) => ({
  boot: markedFlows(state).map(flow => bootLine(state, flow)),
  compare: compareLine(state),
});
