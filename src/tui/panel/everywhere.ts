// SPDX-License-Identifier: GPL-2.0-only
/** The keys of any panel, any view, and everywhere. */
import { isRunning, titleOf } from '../jobs.ts';
import { viewHeight } from '../layout.ts';
import { atTop, type Move, moved } from '../pager.ts';
import { jobShown, shownView } from '../selection.ts';
import { type Effect, type PanelId, panels, type State, type Updated } from '../state.ts';
import { linesOf } from '../text.ts';
import { closed, moveBy, rotated } from '../views.ts';
import { type Binding, commandLine, said } from './key.ts';
import { notReady } from './reasons.ts';

export const everywhere: readonly Binding[] = [
  {
    action: 'next-panel',
    place: 'panel',
    keys: ['l', 'right', 'tab'],
    words: 'next panel',
    act: state => [focusBy(state, 1), []],
  },
  {
    action: 'previous-panel',
    place: 'panel',
    keys: ['h', 'left', 'S-tab'],
    words: 'previous panel',
    act: state => [focusBy(state, -1), []],
  },
  { action: 'refresh', place: 'panel', keys: ['r'], words: 'read what is shown again', act: refresh },
  {
    action: 'preview-down',
    place: 'panel',
    keys: ['C-d', 'J'],
    words: 'scroll what is shown at the right',
    act: previewDown,
  },
  { action: 'preview-up', place: 'panel', keys: ['C-u', 'K'], words: 'scroll it back', act: previewUp },
  {
    action: 'next-view',
    place: 'view',
    keys: [']'],
    words: 'next open view',
    act: state => rotatedBy(state, 1),
  },
  {
    action: 'previous-view',
    place: 'view',
    keys: ['['],
    words: 'previous open view',
    act: state => rotatedBy(state, -1),
  },
  { action: 'half-down', place: 'view', keys: ['C-d'], words: 'half a page down', act: moves('half-down') },
  { action: 'half-up', place: 'view', keys: ['C-u'], words: 'half a page up', act: moves('half-up') },
  {
    action: 'back',
    place: 'view',
    keys: ['escape', 'q', 'backspace'],
    words: 'close the view',
    hint: 'close',
    act: state => [closed(state), []],
  },
  { action: 'down', place: 'any', keys: ['j', 'down'], words: 'down', act: moves('down') },
  { action: 'up', place: 'any', keys: ['k', 'up'], words: 'up', act: moves('up') },
  {
    action: 'page-down',
    place: 'any',
    keys: ['pagedown', 'C-f'],
    words: 'a page down',
    act: moves('page-down'),
  },
  { action: 'page-up', place: 'any', keys: ['pageup', 'C-b'], words: 'a page up', act: moves('page-up') },
  { action: 'first', place: 'any', keys: ['g', 'home'], words: 'to the beginning', act: moves('first') },
  { action: 'last', place: 'any', keys: ['G', 'end'], words: 'to the end', act: moves('last') },
  { action: 'panel-1', place: 'any', keys: ['1'], words: 'panel Series', act: focuses('series') },
  { action: 'panel-2', place: 'any', keys: ['2'], words: 'panel Kernels', act: focuses('kernels') },
  { action: 'panel-3', place: 'any', keys: ['3'], words: 'panel Flows', act: focuses('flows') },
  { action: 'panel-4', place: 'any', keys: ['4'], words: 'panel Runs', act: focuses('runs') },
  { action: 'panel-5', place: 'any', keys: ['5'], words: 'panel Submission', act: focuses('submission') },
  {
    action: 'main',
    place: 'any',
    keys: ['0'],
    words: 'the view that is open',
    blocked: state => (state.views.length > 0 ? undefined : 'no view is open'),
    act: state => [{ ...state, focus: 'main' }, []],
  },
  {
    action: 'zoom',
    place: 'any',
    keys: ['+', '_'],
    words: 'the view alone on the screen, or beside the panels',
    act: zoom,
  },
  {
    action: 'stop',
    place: 'any',
    keys: ['x'],
    words: 'stop the job shown, or the last one that runs, after a question',
    blocked: state => (state.jobs.some(isRunning) ? undefined : 'nothing is running'),
    act: stop,
  },
  { action: 'jobs', place: 'any', keys: ['w'], words: 'jobs: what runs, what ended, and how', act: jobs },
  {
    action: 'command',
    place: 'any',
    keys: [':'],
    words: 'command line: any verb of initbench',
    hint: 'command',
    blocked: notReady,
    act: state => commandLine(state, ''),
  },
  { action: 'log', place: 'any', keys: ['@'], words: 'command log, to be pasted', act: log },
  {
    action: 'help',
    place: 'any',
    keys: ['?', 'f1'],
    words: 'the keys of this view',
    hint: 'keys',
    act: state => [{ ...state, overlay: { kind: 'help', filter: '', selected: 0 } }, []],
  },
  {
    action: 'copy',
    place: 'any',
    keys: ['y'],
    words: 'copy the selected line, or the last command',
    act: copy,
  },
  {
    action: 'picture',
    place: 'any',
    keys: ['C-p'],
    words: 'save the screen as a picture (SVG)',
    blocked: notReady,
    act: state => [state, [{ type: 'picture' }]],
  },
  {
    action: 'redraw',
    place: 'any',
    keys: ['C-l'],
    words: 'draw the screen again',
    act: state => [state, [{ type: 'redraw' }]],
  },
  {
    action: 'suspend',
    place: 'any',
    keys: ['C-z'],
    words: 'suspend',
    act: state => [state, [{ type: 'suspend' }]],
  },
  { action: 'leave', place: 'panel', keys: ['q'], words: 'quit, after a question', act: leave },
  { action: 'quit', place: 'any', keys: ['Q', 'C-c'], words: 'quit; asks when jobs run', act: quit },
];

function moves(move: Move) {
  return (state: State): Updated => [moveBy(state, move), []];
}

function focuses(focus: PanelId) {
  return (state: State): Updated => [{ ...state, focus }, []];
}

function focusBy(state: State, step: 1 | -1): State {
  const at = panels.indexOf(state.focus as PanelId);
  return { ...state, focus: panels[(at + step + panels.length) % panels.length]! };
}

function rotatedBy(state: State, step: 1 | -1): Updated {
  return [state.views.length > 1 ? { ...state, views: rotated(state.views, step) } : state, []];
}

function refresh(state: State): Updated {
  return [
    { ...state, said: 'read again' },
    [{ type: 'load', names: ['series', 'trees', 'kernels', 'flows', 'runs'] }],
  ];
}

function previewDown(state: State): Updated {
  const last = (state.preview?.lines?.length ?? 0) - 3;
  return [{ ...state, previewTop: moved(state.previewTop, 'half-down', viewHeight(state), last) }, []];
}

function previewUp(state: State): Updated {
  return [{ ...state, previewTop: moved(state.previewTop, 'half-up', viewHeight(state), 1e6) }, []];
}

function zoom(state: State): Updated {
  const focus = state.views.length > 0 ? 'main' : state.focus;
  return [{ ...state, zoomed: !state.zoomed, focus }, []];
}

function jobs(state: State): Updated {
  return [{ ...state, overlay: { kind: 'jobs', selected: state.jobs.at(-1)?.id ?? 0 } }, []];
}

function log(state: State): Updated {
  return [{ ...state, overlay: { kind: 'log', pager: { ...atTop, top: state.log.length } } }, []];
}

function copy(state: State): Updated {
  const view = shownView(state);
  const line =
    state.focus === 'main' && view?.kind === 'text'
      ? linesOf(state, view)[view.pager.found ?? view.pager.top]
      : state.log.at(-1);
  return line ? [state, [{ type: 'copy', text: line }]] : said(state, 'there is nothing to copy');
}

function leave(state: State): Updated {
  if (state.jobs.some(isRunning)) return quit(state);
  return [
    { ...state, overlay: { kind: 'question', lines: ['Quit?'], key: 'y', effects: [{ type: 'quit' }] } },
    [],
  ];
}

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

export function quit(state: State): Updated {
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
