// SPDX-License-Identifier: GPL-2.0-only
/** What the keys do that count everywhere. Pure. */
import { isRunning, titleOf } from '../jobs.ts';
import { atTop } from '../pager.ts';
import { jobShown, shownView } from '../selection.ts';
import { linesOf } from '../text.ts';
import type { Effect, State, Updated } from '../state.ts';
import type { Actions } from './action.ts';

function stop(state: State): Updated {
  const shown = jobShown(state);
  const job = shown && isRunning(shown) ? shown : state.jobs.findLast(isRunning);
  if (!job) return [state, []];
  const view = shownView(state);
  const together = view?.kind === 'boot' && view.jobs.includes(job.id) ? view.jobs : [job.id];
  const running = state.jobs.filter(other => together.includes(other.id) && isRunning(other));
  return [
    {
      ...state,
      overlay: {
        kind: 'question',
        lines: [...running.map(other => `Stop ${titleOf(other)}?`), 'Finished runs are kept.'],
        key: 'y',
        effects: running.map(({ id }): Effect => ({ type: 'cancel', job: id })),
      },
    },
    [],
  ];
}

function quit(state: State): Updated {
  const running = state.jobs.filter(isRunning);
  if (running.length === 0) return [{ ...state, quitting: true }, [{ type: 'quit' }]];
  return [
    {
      ...state,
      overlay: {
        kind: 'question',
        lines: ['Still running:', ...running.map(job => `  ${titleOf(job)}`), 'Stop and quit?'],
        key: 'y',
        effects: [{ type: 'quit' }],
      },
    },
    [],
  ];
}

export const everywhere: Actions = {
  stop,
  quit,
  leave: state => {
    if (state.jobs.some(isRunning)) return quit(state);
    return [
      { ...state, overlay: { kind: 'question', lines: ['Quit?'], key: 'y', effects: [{ type: 'quit' }] } },
      [],
    ];
  },
  jobs: state => [{ ...state, overlay: { kind: 'jobs', selected: state.jobs.at(-1)?.id ?? 0 } }, []],
  command: state => [
    { ...state, overlay: { kind: 'prompt', what: 'command', label: ':', text: '', cursor: 0 } },
    [],
  ],
  log: state => [{ ...state, overlay: { kind: 'log', pager: { ...atTop, top: state.log.length } } }, []],
  help: state => [{ ...state, overlay: { kind: 'help', filter: '', selected: 0 } }, []],
  copy: state => {
    const view = shownView(state);
    const line =
      state.focus === 'main' && view?.kind === 'text'
        ? linesOf(state, view)[view.pager.found ?? view.pager.top]
        : state.log.at(-1);
    if (!line) return [{ ...state, said: 'there is nothing to copy' }, []];
    return [state, [{ type: 'copy', text: line }]];
  },
  redraw: state => [state, [{ type: 'redraw' }]],
  suspend: state => [state, [{ type: 'suspend' }]],
};
