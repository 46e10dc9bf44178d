// SPDX-License-Identifier: GPL-2.0-only
/** What each action of the key table does to the state. Pure: whatever touches the world is an effect. */
import path from 'node:path';
import { isRunning, titleOf } from './jobs.ts';
import { viewHeight } from './layout.ts';
import { edit, open } from './open.ts';
import { atTop, type Move, moved } from './pager.ts';
import { bootLine, compareLine, markedFlows, run } from './run.ts';
import {
  jobShown,
  paneShown,
  runItems,
  selectedFlow,
  selectedKernel,
  selectedRun,
  selectedSeries,
  selectedSetting,
  shownView,
} from './selection.ts';
import { type Effect, type PanelId, panels, type Settings, type State, type Updated } from './state.ts';
import { linesOf } from './text.ts';
import { closed, moveBy, opened, pan, paned, rotated, search, withView } from './views.ts';
import { newWarnings } from './warnings.ts';

const moves: Readonly<Record<string, Move>> = {
  ...{ up: 'up', down: 'down', 'page-up': 'page-up', 'page-down': 'page-down' },
  ...{ 'half-up': 'half-up', 'half-down': 'half-down', first: 'first', last: 'last' },
};

export function act(state: State, action: string): Updated {
  const move = moves[action];
  if (move) return [moveBy(state, move), []];
  const panel = /^panel-(\d)$/.exec(action);
  if (panel) return [{ ...state, focus: panels[Number(panel[1]) - 1]! }, []];
  const doIt = actions[action];
  if (!doIt) throw new Error(`no action is called ${action}`);
  return doIt(state);
}

const setting = (
  state: State,
  name: Exclude<keyof Settings, 'formats' | 'fragments'>,
  label: string,
): Updated => {
  const text = state.settings[name];
  return [
    {
      ...state,
      overlay: { kind: 'prompt', what: 'setting', label, text, cursor: text.length, setting: name },
    },
    [],
  ];
};

/** The command line with something written already, to be completed or changed. */
const commandLine = (state: State, text: string): Updated => [
  { ...state, overlay: { kind: 'prompt', what: 'command', label: ':', text, cursor: text.length } },
  [],
];

function asked(state: State, question: string, verb: string): Updated {
  const series = chosen(state);
  const argv = ['series', verb, series];
  return [
    {
      ...state,
      overlay: { kind: 'question', lines: [`${question} ${series}?`], key: 'y', effects: [], argv },
    },
    [],
  ];
}

const focusBy = (state: State, step: 1 | -1): State => {
  const at = panels.indexOf(state.focus as PanelId);
  return { ...state, focus: panels[(at + step + panels.length) % panels.length]! };
};

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

const chosen = (state: State) => {
  const item = selectedSeries(state);
  return item?.series.name ?? state.settings.series;
};

const toggled = (list: readonly string[], word: string): readonly string[] =>
  list.includes(word) ? list.filter(other => other !== word) : [...list, word];

const actions: Readonly<Record<string, (state: State) => Updated>> = {
  open: state => {
    const item = state.focus === 'flows' ? selectedSetting(state) : undefined;
    return item?.kind === 'setting' ? act(state, `set-${item.setting}`) : open(state);
  },
  back: state => [closed(state), []],
  main: state => [{ ...state, focus: 'main' }, []],
  zoom: state => [
    { ...state, zoomed: !state.zoomed, focus: state.views.length > 0 ? 'main' : state.focus },
    [],
  ],
  'next-panel': state => [focusBy(state, 1), []],
  'previous-panel': state => [focusBy(state, -1), []],
  'next-view': state => [state.views.length > 1 ? { ...state, views: rotated(state.views, 1) } : state, []],
  'previous-view': state => [
    state.views.length > 1 ? { ...state, views: rotated(state.views, -1) } : state,
    [],
  ],
  'preview-down': state => [
    {
      ...state,
      previewTop: moved(
        state.previewTop,
        'half-down',
        viewHeight(state),
        (state.preview?.lines?.length ?? 0) - 3,
      ),
    },
    [],
  ],
  'preview-up': state => [
    { ...state, previewTop: moved(state.previewTop, 'half-up', viewHeight(state), 1e6) },
    [],
  ],
  refresh: state => [
    { ...state, said: 'read again' },
    [{ type: 'load', names: ['series', 'trees', 'kernels', 'flows', 'runs'] }],
  ],

  // flows
  mark: state => {
    const item = selectedFlow(state)!;
    return [moveBy({ ...state, marked: toggled(state.marked, item.flow) }, 'down'), []];
  },
  boot: state => {
    const flows = markedFlows(state);
    if (flows.length === 0) return [{ ...state, said: 'no flow is marked: mark some with Space' }, []];
    return run(
      state,
      flows.map(flow => bootLine(state, flow)),
    );
  },
  'boot-typed': state => run(state, [[...bootLine(state, selectedFlow(state)!.flow), '--interactive']]),
  compare: state => run(state, [compareLine(state)]),
  sweep: state =>
    commandLine(state, `sweep --dry-run --size 3M,16M,64M,256M ${markedFlows(state).join(' ')}`),
  'set-format': state => {
    const { flow, format, formats } = selectedFlow(state)!;
    return [
      {
        ...state,
        overlay: {
          kind: 'choice',
          title: `format of ${flow}`,
          options: formats.map(value => ({
            value,
            words: state.data.flows?.formats.find(({ id }) => id === value)?.summary ?? '',
          })),
          selected: formats.indexOf(format),
          setting: 'formats',
          flow,
        },
      },
      [],
    ];
  },
  'set-payload': state => {
    const payloads = state.data.flows?.payloads ?? [];
    const options = payloads.map(({ id, summary }) => ({ value: id, words: summary }));
    if (options.length === 0) return setting(state, 'payload', 'payload');
    const selected = Math.max(
      0,
      options.findIndex(({ value }) => state.settings.payload.startsWith(value)),
    );
    return [
      { ...state, overlay: { kind: 'choice', title: 'payload', options, selected, setting: 'payload' } },
      [],
    ];
  },
  'set-pad': state => setting(state, 'pad', 'filler, as in 16M or 0'),
  'set-used': state => setting(state, 'used', 'percent of the payload that is read'),
  'set-memory': state => setting(state, 'memory', 'guest memory in MiB'),
  'set-clock': state => {
    const clock = state.settings.clock === 'icount' ? 'wall' : 'icount';
    const said = clock === 'icount' ? 'icount: instructions, repeatable' : 'wall: time, on this host';
    return [{ ...state, settings: { ...state.settings, clock }, said }, []];
  },

  // series and kernels
  'choose-series': state => [{ ...state, settings: { ...state.settings, series: chosen(state) } }, []],
  apply: state => run(state, [['series', 'apply', chosen(state)]]),
  check: state => run(state, [['series', 'check', chosen(state)]]),
  verify: state => run(state, [['series', 'verify', chosen(state)]]),
  'edit-series': state => run(state, [['series', 'edit', chosen(state)]], { kind: 'shell' }),
  'refresh-series': state => run(state, [['series', 'refresh', chosen(state)]]),
  'diff-series': state => run(state, [['series', 'diff', chosen(state)]]),
  interdiff: state => run(state, [['series', 'diff', chosen(state), '--interdiff']]),
  undo: state => asked(state, 'Undo what last moved the branch or wrote the patches of', 'undo'),
  redo: state => asked(state, 'Redo what was undone of', 'redo'),

  // submission
  export: state => commandLine(state, `export ${state.settings.series} --rfc`),
  'dry-run': state => run(state, [['send', state.settings.series, '--dry-run']]),
  comments: state => run(state, [['review', '--series', state.settings.series]]),
  replies: state => commandLine(state, 'review '),
  reflect: state => run(state, [['send', state.settings.series, '--reflect']]),
  send: state => {
    const { series } = state.settings;
    const lines = [
      `Send ${series} to the lists, as the dry run showed it?`,
      'What is sent cannot be taken back.',
    ];
    const argv = ['send', series, '--yes'];
    return [{ ...state, overlay: { kind: 'question', lines, key: 'S', effects: [], argv } }, []];
  },
  build: state => {
    const fragments = state.settings.fragments.flatMap(name => ['--config', name]);
    if (state.focus === 'series') return run(state, [['build', chosen(state), ...fragments]]);
    const item = selectedKernel(state);
    if (item?.kind !== 'kernel')
      return [{ ...state, said: 'choose a kernel: base, or a series, of a tree' }, []];
    return run(state, [['build', item.name, '--tree', item.tree, ...fragments]]);
  },
  'toggle-fragment': state => {
    const item = selectedKernel(state);
    if (item?.kind !== 'fragment') return [state, []];
    if (item.always)
      return [{ ...state, said: `${item.name} is in every kernel: initbench.toml says so` }, []];
    const fragments = toggled(state.settings.fragments, item.name);
    return [{ ...state, settings: { ...state.settings, fragments } }, []];
  },
  'add-tree': state => commandLine(state, 'tree add '),
  'remove-tree': state => {
    const item = selectedKernel(state);
    if (item?.kind !== 'tree') return [state, []];
    const lines = [`Remove the tree ${item.name}, its worktrees and what was built in them?`];
    const argv = ['tree', 'remove', item.name];
    return [{ ...state, overlay: { kind: 'question', lines, key: 'y', effects: [], argv } }, []];
  },
  'edit-file': edit,
  'page-file': state => {
    const view = shownView(state);
    if (view?.kind !== 'text' || view.source.kind !== 'file')
      return [{ ...state, said: 'this text is no file' }, []];
    return [state, [{ type: 'page', path: view.source.path }]];
  },

  // runs
  show: state => {
    const item = selectedRun(state);
    return item ? run(state, [['show', item.run]]) : [state, []];
  },
  'mark-run': state => {
    const item = selectedRun(state);
    if (!item) return [state, []];
    return [moveBy({ ...state, markedRuns: toggled(state.markedRuns, item.run).slice(-2) }, 'down'), []];
  },
  'diff-runs': state => {
    const [before, after] = runsToDiff(state);
    if (before === undefined || after === undefined) {
      return [{ ...state, said: 'there is no earlier run of this row; mark two with Space' }, []];
    }
    return run(state, [['diff', before, after]]);
  },

  // boot view
  'next-pane': state => [withView(state, view => paned(state, view, 1)), []],
  'previous-pane': state => [withView(state, view => paned(state, view, -1)), []],
  alone: state => [
    withView(state, view => (view.kind === 'boot' ? { ...view, alone: !view.alone } : view)),
    [],
  ],
  hold: state => [
    withView(state, view => {
      if (view.kind !== 'boot') return view;
      const boot = paneShown(state, view)?.boot;
      if (!boot) return view;
      const { [boot.run]: held, ...others } = view.held;
      if (held !== undefined) return { ...view, held: others };
      return { ...view, held: { ...others, [boot.run]: boot.first + boot.lines.length - 1 } };
    }),
    [],
  ],
  type: state => {
    const view = shownView(state);
    const boot = view?.kind === 'boot' ? paneShown(state, view)?.boot : undefined;
    if (!boot || boot.socket === undefined) return [state, []];
    const { run: id, socket } = boot;
    return [{ ...state, typing: { run: id, socket } }, [{ type: 'type', run: id, socket, bytes: '' }]];
  },
  'compare-text': state => {
    const job = jobShown(state)!;
    return [
      opened(state, {
        kind: 'text',
        title: titleOf(job),
        source: { kind: 'job', job: job.id },
        syntax: 'result',
      }),
      [],
    ];
  },
  again: state => {
    const view = shownView(state);
    if (view?.kind !== 'boot') return [state, []];
    const lines = state.jobs.filter(job => view.jobs.includes(job.id)).map(job => job.argv);
    return run({ ...state, views: state.views.slice(0, -1) }, lines);
  },
  'open-folder': state => {
    const view = shownView(state);
    const boot =
      state.focus === 'runs'
        ? selectedRun(state)
        : view?.kind === 'boot'
          ? paneShown(state, view)?.boot
          : undefined;
    return [state, boot ? [{ type: 'shell', folder: path.join(state.places.runs, boot.run) }] : []];
  },

  'next-warning': state => [
    withView(state, view => {
      const job = view.kind === 'work' ? state.jobs.find(({ id }) => id === view.job) : undefined;
      if (view.kind !== 'work' || !job) return view;
      const count = Math.max(1, newWarnings(state, job).length);
      return { ...view, pager: { ...view.pager, top: (view.pager.top + 1) % count } };
    }),
    [],
  ],

  // text
  search: state => {
    const text = '';
    return [{ ...state, overlay: { kind: 'prompt', what: 'search', label: '/', text, cursor: 0 } }, []];
  },
  'search-next': state => [search(state, 1), []],
  'search-previous': state => [search(state, -1), []],
  'pan-left': state => [pan(state, -1), []],
  'pan-right': state => [pan(state, 1), []],

  // everywhere
  stop,
  quit,
  leave: state => {
    if (state.jobs.some(isRunning)) return quit(state);
    return [
      { ...state, overlay: { kind: 'question', lines: ['Quit?'], key: 'y', effects: [{ type: 'quit' }] } },
      [],
    ];
  },
  jobs: state => [{ ...state, overlay: { kind: 'jobs', selected: Math.max(0, state.jobs.length - 1) } }, []],
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
    return [{ ...state, said: 'copied' }, [{ type: 'copy', text: line }]];
  },
  redraw: state => [state, [{ type: 'redraw' }]],
  suspend: state => [state, [{ type: 'suspend' }]],
};

/** The two that are marked, the earlier first; else the selected one and the run of the same row before it. */
function runsToDiff(state: State): readonly (string | undefined)[] {
  if (state.markedRuns.length === 2) return [...state.markedRuns].sort();
  const item = selectedRun(state);
  const items = runItems(state);
  const at = items.findIndex(other => other.run === item?.run);
  return [items.slice(at + 1).find(other => other.key === item?.key)?.run, item?.run];
}

/** Every action of the key table has its function here; a test compares. */
export const actionNames = (): readonly string[] => [
  ...Object.keys(actions),
  ...Object.keys(moves),
  ...panels.map((_, i) => `panel-${i + 1}`),
];
