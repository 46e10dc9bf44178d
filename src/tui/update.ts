// SPDX-License-Identifier: GPL-2.0-only
/** The one place where the state changes: update(state, message) gives the next state and what is to be done. Pure. */
import type { Input } from './input.ts';
import { closed, foundInFile, moveBy, opened, searchFrom } from './views.ts';
import { isMove } from './pager.ts';
import { endedJob, foldEvents, isRunning, type Job, type Then, titleOf } from './jobs.ts';
import { activeBindings, keyName, unknownActions } from './keys.ts';
import { wantedListing } from './complete.ts';
import { firstShown, layoutOf } from './layout.ts';
import { keyInOverlay, listed, pastedInto } from './overlay.ts';
import {
  countOf,
  isAnswered,
  previewPath,
  selectedAt,
  selectedIndex,
  shownView,
  withCursors,
} from './selection.ts';
import { acceptable } from './settings.ts';
import {
  type DataName,
  defaultSettings,
  type Effect,
  type Message,
  type State,
  type Updated,
} from './state.ts';

const commandLines = 500;
const mostEarly = 1000;

export function update(state: State, message: Message): Updated {
  if (isInput(message) && (state.early.length > 0 || isEarly(state, message)) && !isInterrupt(message)) {
    return [{ ...state, early: [...state.early, message].slice(0, mostEarly) }, []];
  }
  let [next, effects] = followed(state, message);
  while (next.early.length > 0 && !isEarly(next, next.early[0]!)) {
    const [input, ...early] = next.early as [Input, ...Input[]];
    const [after, more] = followed({ ...next, early }, input);
    [next, effects] = [after, [...effects, ...more]];
  }
  return [next, effects];
}

const isInput = (message: Message): message is Input =>
  message.type === 'key' || message.type === 'paste' || message.type === 'mouse';

const isInterrupt = (input: Input): boolean => input.type === 'key' && input.key.name === 'C-c';

/** Whether what it is about is still being loaded: the commands, or what the panel with the keys lists. */
function isEarly(state: State, input: Input): boolean {
  if (!state.commands) return true;
  const { focus, overlay, typing } = state;
  if (input.type !== 'key' || focus === 'main' || overlay || typing || isAnswered(state, focus)) return false;
  const binding = activeBindings(state).find(({ keys }) => keys.includes(input.key.name));
  return binding !== undefined && (binding.place === focus || isMove(binding.action));
}

/** A message, and what follows from it in any case. */
function followed(state: State, message: Message): Updated {
  const [changedState, asked] = changed(state, message);
  const listsChanged =
    changedState.data !== state.data ||
    changedState.jobs !== state.jobs ||
    changedState.answered !== state.answered ||
    changedState.focus !== state.focus ||
    changedState.settings !== state.settings;
  const next = listsChanged ? withCursors(changedState) : changedState;
  // each series has a status of its own
  const other =
    next.settings.series !== state.settings.series ||
    next.data.trees !== state.data.trees ||
    (state.data.series === undefined && next.data.series !== undefined);
  const effects = other ? [...asked, ...statusLoad(next)] : asked;
  const { focus } = next;
  const settled = focus === 'main' || focus === next.panel ? next : { ...next, panel: focus };
  return withListing(...withPreview(settled, effects));
}

function changed(state: State, message: Message): Updated {
  switch (message.type) {
    case 'key':
      return keyed(state, message);
    case 'paste':
      return pasted(state, message.text);
    case 'mouse':
      return clicked(state, message);
    case 'resize':
      return [{ ...state, width: message.width, height: message.height }, []];
    case 'tick':
      return [{ ...state, now: message.now }, []];
    case 'ready':
      return ready(state, message);
    case 'loaded': {
      const { name, product, asked } = message;
      const { [name]: _, ...failures } = state.failures;
      const answered = { ...state.answered, [name]: asked };
      return [{ ...state, failures, answered, data: { ...state.data, [name]: product } }, []];
    }
    case 'load-failed': {
      const { name, failure } = message;
      return [
        withError({ ...state, failures: { ...state.failures, [name]: failure } }, `load ${name}`, failure),
        [],
      ];
    }
    case 'job-started': {
      // what was said of the job before is old; errors stay until they are read
      const { said: _, ...quiet } = state;
      return [withJob(quiet, message.job, job => ({ ...job, command: message.command })), []];
    }
    case 'events': {
      const job = state.jobs.find(({ id }) => id === message.job);
      if (!job) return [state, []];
      const folded = foldEvents(job, message.events, state.now);
      const log =
        folded.commands.length > 0 ? [...state.log, ...folded.commands].slice(-commandLines) : state.log;
      return listened({ ...withJob(state, job.id, () => folded.job), log });
    }
    case 'job-text': {
      const jobs = state.jobs.filter(({ id }) => id !== message.job);
      const views = state.views.filter(view => view.kind !== 'work' || view.job !== message.job);
      const source = { kind: 'lines', lines: message.lines } as const;
      const title = state.jobs.find(({ id }) => id === message.job)?.argv.join(' ') ?? '';
      return [opened({ ...state, jobs, views }, { kind: 'text', title, source, syntax: 'plain' }), []];
    }
    case 'job-ended':
    case 'job-failed':
      return ended(state, message);
    case 'text-read':
      return read(state, message);
    case 'found':
      return [foundInFile(state, message), []];
    case 'listed':
      return listed(state, message.folder, message.names);
    case 'preview-read':
      if (state.preview?.path !== message.path) return [state, []];
      return [{ ...state, preview: { path: message.path, lines: message.lines } }, []];
    case 'hung-up':
      if (state.typing?.run !== message.run) return [state, []];
      return [{ ...untyped(state), said: `nobody can type any more: ${message.why}` }, []];
    case 'failed':
      return [withError(state, message.title, message.failure), []];
    case 'said':
      return [{ ...state, said: message.words }, []];
    case 'stray': {
      const log = [...state.log, ...message.lines.map(line => `# ${line}`)].slice(-commandLines);
      return [{ ...state, log, said: 'something was printed: the command log has it (@)' }, []];
    }
    case 'returned':
      return [state, [{ type: 'redraw' }, { type: 'load', names: allData }]];
    case 'end':
      return [{ ...state, quitting: true }, [{ type: 'quit' }]];
  }
}

const untyped = ({ typing: _, ...state }: State): State => state;

/** Keys do not go to a guest that is gone. */
function listened(state: State): Updated {
  const { typing } = state;
  const boot = typing && state.jobs.flatMap(({ boots }) => boots).find(({ run }) => run === typing.run);
  if (!typing || boot?.socket !== undefined) return [state, []];
  const said = 'the boot has ended, and the keys are ours again';
  return [{ ...untyped(state), said }, [{ type: 'hang-up', run: typing.run }]];
}

/** Whoever was quick has searched before the text was there. */
function read(state: State, { view: id, lines, offsets }: Extract<Message, { type: 'text-read' }>): Updated {
  const before = state.views.find(view => view.kind === 'text' && view.id === id);
  if (before?.kind !== 'text') return [state, []];
  const view = { ...before, lines, ...(offsets && { offsets }) };
  const next = { ...state, views: state.views.map(other => (other === before ? view : other)) };
  const { pager } = view;
  return pager.query === '' ? [next, []] : searchFrom(next, view, pager.query, pager.top, 1);
}

/** The commands are there: so is what was kept, and what initbench.toml says. */
function ready(state: State, message: Extract<Message, { type: 'ready' }>): Updated {
  const { commands, refusal, places, series, keys, kept } = message;
  const next = { ...state, ...kept };
  const settings = {
    ...acceptable({ refusal }, next.settings, defaultSettings),
    series: next.settings.series || series,
  };
  const look = { ...state.look, ascii: state.look.ascii || message.ascii };
  const unknown = unknownActions(keys);
  const hint = 'docs/workbench.md has the table of names';
  const failure = {
    kind: 'user',
    message: `keys: there is no ${unknown.join(', ')}`,
    hint,
    details: [],
  } as const;
  const whole = { ...next, commands, refusal, places, settings, look, keys };
  return [
    unknown.length > 0 ? withError(whole, 'initbench.toml', failure) : whole,
    [{ type: 'load', names: allData }],
  ];
}

const allData: readonly DataName[] = ['series', 'trees', 'kernels', 'flows', 'runs'];

/** The status of the series in use is asked only where its tree is here: nothing is fetched because one looks. */
function statusLoad({ data, settings }: State): readonly Effect[] {
  const tree = data.series?.find(({ name }) => name === settings.series)?.tree;
  const here = data.trees?.trees.some(({ name }) => name === tree) === true;
  return here ? [{ type: 'load', names: ['status'] }] : [];
}

/** What the selected item looks like is read when the selection has moved to it. */
function withPreview(state: State, effects: readonly Effect[]): Updated {
  const path = previewPath(state);
  if (path === state.preview?.path) return [state, effects];
  const { preview: _, ...rest } = state;
  if (path === undefined) return [{ ...rest, previewTop: 0 }, effects];
  return [{ ...rest, preview: { path }, previewTop: 0 }, [...effects, { type: 'preview', path }]];
}

/** The names in a folder are read when a path in it is being written. */
function withListing(state: State, effects: readonly Effect[]): Updated {
  const folder = wantedListing(state);
  if (folder === undefined || folder === state.listing?.folder) return [state, effects];
  return [{ ...state, listing: { folder } }, [...effects, { type: 'list', folder }]];
}

const withError = (state: State, title: string, failure: State['errors'][number]['failure']): State => ({
  ...state,
  errors: [...state.errors, { title, failure }].slice(-20),
});

const withJob = (state: State, id: number, change: (job: Job) => Job): State => ({
  ...state,
  jobs: state.jobs.map(job => (job.id === id ? change(job) : job)),
});

function ended(state: State, message: Extract<Message, { type: 'job-ended' | 'job-failed' }>): Updated {
  const job = state.jobs.find(({ id }) => id === message.job);
  if (!job) return [state, []];
  const title = titleOf(job);
  const names = job.command?.changes ?? [];
  const loads: readonly Effect[] = names.length > 0 ? [{ type: 'load', names }, ...statusLoad(state)] : [];
  if (message.type === 'job-failed') {
    const { failure } = message;
    const stopped = failure.kind === 'interrupted' || job.state === 'stopping';
    const next = withJob(state, job.id, old =>
      endedJob(old, { state: stopped ? 'stopped' : 'failed', failure }, state.now),
    );
    if (stopped) return [{ ...next, said: `${title} is stopped; finished runs are kept` }, loads];
    return [withError(next, title, failure), loads];
  }
  const { product, code } = message;
  const next = withJob(state, job.id, old => endedJob(old, { state: 'done', product, code }, state.now));
  if (job.then) return thenDone(next, job, job.then, product, loads);
  return [
    shown({ ...next, said: `${title}: ${code === 0 ? 'done' : 'done, and the answer is "failed"'}` }, job.id),
    loads,
  ];
}

/** `series edit` has said where the worktree is: the shell or the editor goes there, and its view is not needed. */
function thenDone(state: State, job: Job, then: Then, product: unknown, loads: readonly Effect[]): Updated {
  const folder = (product as { readonly path?: string }).path;
  if (folder === undefined) return [shown(state, job.id), loads];
  const views = state.views.filter(view => view.kind !== 'work' || view.job !== job.id);
  const panel = then.kind === 'shell' ? 'series' : state.focus;
  const next: State = { ...state, views, focus: views.length > 0 && then.kind !== 'shell' ? 'main' : panel };
  const effect: Effect =
    then.kind === 'shell'
      ? { type: 'shell', folder }
      : { type: 'edit', path: `${folder}/${then.file}`, line: then.line };
  return [next, [effect, ...loads]];
}

/** What a job was opened for is shown when it is there, unless the person went elsewhere. */
function shown(state: State, id: number): State {
  const job = state.jobs.find(candidate => candidate.id === id)!;
  const view = shownView(state);
  const waiting =
    view?.kind === 'work' ? view.job === id : view?.kind === 'boot' ? view.jobs.at(-1) === id : false;
  if (!waiting || !job.command) return state;
  // boots side by side are read in their own view; a comparison, a check, a sweep have a table
  if (view?.kind === 'boot' && job.command.id === 'boot') return state;
  // progress is of no more use; consoles are
  const views = view?.kind === 'work' ? state.views.slice(0, -1) : state.views;
  const table = opened(
    { ...state, views },
    {
      kind: 'text',
      title: titleOf(job),
      source: { kind: 'job', job: id },
      syntax: job.command.id.includes('diff') ? 'diff' : 'result',
    },
  );
  const from = view?.kind === 'work' ? view.from : 'main';
  const last = table.views.at(-1)!;
  return {
    ...table,
    focus: state.focus,
    views: [...table.views.slice(0, -1), { ...last, ...(from && { from }) }],
  };
}

function keyed(state: State, { key }: Extract<Message, { type: 'key' }>): Updated {
  const { said: _, ...quiet } = state;
  if (quiet.quitting) return [quiet, []];
  const { typing } = quiet;
  if (typing) {
    if (key.name === 'C-]') return [untyped(quiet), [{ type: 'hang-up', run: typing.run }]];
    const bytes = key.bytes ?? key.text;
    return [quiet, bytes === undefined ? [] : [{ type: 'type', ...typing, bytes }]];
  }
  // what went wrong stays until somebody says that it is read
  if (quiet.errors.length > 0 && (key.name === 'escape' || key.name === 'enter')) {
    return [{ ...quiet, errors: quiet.errors.slice(1) }, []];
  }
  if (quiet.overlay) return keyInOverlay(quiet, quiet.overlay, key);
  const binding = activeBindings(quiet).find(({ keys }) => keys.includes(key.name));
  if (!binding) return [key.name === 'escape' ? closed(quiet) : quiet, []];
  const why = binding.blocked?.(quiet);
  if (why !== undefined) return [{ ...quiet, said: `${keyName(key.name)}: ${why}` }, []];
  return binding.act(quiet);
}

/** A paste is text: into a guest, into a line that is being written, or nowhere. */
function pasted(state: State, text: string): Updated {
  const { said: _, ...quiet } = state;
  if (quiet.quitting) return [quiet, []];
  if (quiet.typing) {
    return [quiet, [{ type: 'type', ...quiet.typing, bytes: text.replace(/\r\n|\n/g, '\r') }]];
  }
  const overlay = quiet.overlay && pastedInto(quiet.overlay, text);
  if (overlay) return [{ ...quiet, overlay }, []];
  const command = activeBindings(quiet).find(({ action }) => action === 'command')?.keys[0];
  const hint = command === undefined ? '' : `; ${keyName(command)} opens the command line for it`;
  return [{ ...quiet, said: `a paste is text, not keys${hint}` }, []];
}

function clicked(state: State, { action, x, y }: Extract<Message, { type: 'mouse' }>): Updated {
  if (state.overlay) return [state, []];
  const layout = layoutOf(state);
  const panel = layout.panels.find(box => x < box.width && y >= box.y && y < box.y + box.height);
  if (action !== 'click') {
    const focus = panel ? panel.id : state.focus;
    return [moveBy({ ...state, focus }, action), []];
  }
  if (!panel) return [state.views.length > 0 ? { ...state, focus: 'main' } : state, []];
  const count = countOf(state, panel.id);
  const first = firstShown(selectedIndex(state, panel.id), panel.height - 1, count);
  const index = first + y - panel.y - 1;
  const next = y === panel.y || index >= count ? state : selectedAt(state, panel.id, index);
  return [{ ...next, focus: panel.id }, []];
}

/** Whether anything moves by itself, so that the screen has to be drawn without a key. */
export const isBusy = (state: State): boolean => state.jobs.some(isRunning);
