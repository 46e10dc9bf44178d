// SPDX-License-Identifier: GPL-2.0-only
/** The workbench at work: messages in, frames out, effects done, and everything stopped and given back at the end. */
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AnyCommand, Typed } from '../commands/command.ts';
import { failureOf } from '../commands/failure.ts';
import type { WorkEvent } from '../events.ts';
import type { Workspace } from '../workspace.ts';
import { copyOf, tmuxQuestion, tmuxWords, type Written } from './clipboard.ts';
import { splitWords } from './complete.ts';
import { findInFile, namesIn, readAround, readText } from './files.ts';
import { keptOf, readKept } from './kept.ts';
import { lineWords } from './editors.ts';
import { openLines } from './lines.ts';
import { openScreen, type TerminalScreen } from './screen.ts';
import { type DataName, type Effect, initialState, type Message } from './state.ts';
import { catchStray } from './stray.ts';
import { isBusy, update } from './update.ts';
import { render } from './view/frame.ts';
import { picture } from './view/picture.ts';

/** What takes longer to load than a first frame may. */
export interface Loaded {
  readonly workspace: Workspace;
  readonly commands: readonly AnyCommand[];
  /** As the CLI reads it: a command and what was typed for it, or a text to show (help). @throws UserError */
  readonly parse: (
    argv: readonly string[],
  ) => { readonly command: AnyCommand; readonly typed: Typed } | { readonly text: string };
}

export interface Doors {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly ascii: boolean;
  readonly mouse: boolean;
  /** Aborted when a signal wants us to end. */
  readonly signal: AbortSignal;
  load(): Promise<Loaded>;
  /** What was kept the last time, as text; undefined when there is nothing. */
  recall(workspace: Workspace): Promise<string | undefined>;
  keep(workspace: Workspace, text: string): Promise<void>;
  /** A file of that name among the reports; where it is. */
  save(workspace: Workspace, name: string, text: string): Promise<string>;
  /** A program that gets the terminal. */
  lendTo(argv: readonly string[], cwd: string): Promise<void>;
  /** A program that is asked something: its input, its answer. */
  ask(argv: readonly string[], input: string): Promise<string>;
  /** Streams beside ours that lead to the same terminal. */
  readonly others: readonly NodeJS.WriteStream[];
  /** The command line of the user's editor, as git finds it. */
  editor(): Promise<string>;
  /** The file that a name on PATH stands for in the end, through links and alternatives. */
  programOf(name: string): Promise<string>;
  /** Stops us as Ctrl-Z does, and returns when we go on. */
  readonly suspend: () => Promise<void>;
}

const frameMs = 66;
const keyMs = 15;
const tickMs = 250;
/** Work leaves the event loop to keys and frames after that long. */
const turnMs = 8;
const stopMs = 10_000;
/** More events than that wait for no frame: the oldest console lines among them go. */
const mostPending = 20_000;
const keptPending = 4000;

/** The commands whose answers the panels show. */
const loads = (name: DataName, series: string): readonly string[] =>
  ({
    series: ['series', 'list'],
    status: ['series', 'status', series],
    trees: ['tree', 'list'],
    kernels: ['kernel', 'list'],
    flows: ['flow', 'list'],
    runs: ['runs', '--count', '40'],
  })[name];

/** Until the person quits or the signal is aborted. @throws what is our bug, the terminal restored before */
export async function openTui(doors: Doors): Promise<void> {
  const { environment } = doors;
  const utf8 = /utf-?8/i.test(environment.LC_ALL || environment.LC_CTYPE || environment.LANG || '');
  const ascii = doors.ascii || !utf8;
  const color = !environment.NO_COLOR;
  let finish: (error?: Error) => void = () => {};
  const over = new Promise<void>((resolve, reject) => {
    finish = error => (error === undefined ? resolve() : reject(error));
  });

  const screen = openScreen(
    {
      ...{ input: doors.input, output: doors.output, color, mouse: doors.mouse, unicode: !ascii },
      terminal: environment.TERM || 'xterm',
    },
    message => send(message),
  );
  const release = catchStray(doors.others, lines => send({ type: 'stray', lines }));
  let state = initialState({ ...screen.size, look: { ascii, color }, keys: {} });
  let loaded: Loaded | undefined;
  const lines = openLines((run, why) => send({ type: 'hung-up', run, why }));
  const running = new Map<
    number,
    { controller: AbortController; done: Promise<void>; pending: WorkEvent[] }
  >();
  const began = performance.now();
  let drawn = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let due = Number.POSITIVE_INFINITY;
  let ticker: NodeJS.Timeout | undefined;

  const apply = (message: Message) => {
    const [next, effects] = update(state, message);
    state = next;
    for (const effect of effects) perform(effect);
  };
  const guarded = (work: () => void) => {
    try {
      work();
    } catch (error) {
      finish(asError(error));
    }
  };
  const draw = () => {
    clearTimeout(timer);
    timer = undefined;
    due = Number.POSITIVE_INFINITY;
    apply({ type: 'tick', now: performance.now() - began });
    for (const [job, { pending }] of running) {
      if (pending.length > 0) apply({ type: 'events', job, events: pending.splice(0) });
    }
    screen.draw(render(state));
    drawn = performance.now();
    if (isBusy(state)) ticker ??= setInterval(() => drawWithin(frameMs), tickMs);
    else {
      clearInterval(ticker);
      ticker = undefined;
    }
  };
  /** Not more often than every `ms`. */
  const drawWithin = (ms: number) => {
    const at = Math.max(performance.now(), drawn + ms);
    if (at >= due) return;
    clearTimeout(timer);
    due = at;
    timer = setTimeout(() => guarded(draw), at - performance.now());
  };
  const send = (message: Message) =>
    guarded(() => {
      apply(message);
      drawWithin(message.type === 'key' || message.type === 'mouse' ? keyMs : frameMs);
    });
  const failed = (title: string) => (error: unknown) =>
    send({ type: 'failed', title, failure: failureOf(error, loaded?.workspace) });

  const perform = (effect: Effect) => {
    switch (effect.type) {
      case 'load':
        for (const name of effect.names) {
          const one: Promise<void> = load(name).finally(() => asked.delete(one));
          asked.add(one);
        }
        return;
      case 'run':
        start(effect.job, effect.argv);
        return;
      case 'cancel':
        running.get(effect.job)?.controller.abort();
        return;
      case 'read':
        void readText(effect.path).then(
          text => send({ type: 'text-read', view: effect.view, ...text }),
          failed(`read ${effect.path}`),
        );
        return;
      case 'find':
        void find(effect).catch(failed(`search ${effect.path}`));
        return;
      case 'list':
        void namesIn(path.resolve(effect.folder)).then(names =>
          send({ type: 'listed', folder: effect.folder, names }),
        );
        return;
      case 'preview':
        void readText(effect.path, 2 ** 20).then(
          ({ lines }) => send({ type: 'preview-read', path: effect.path, lines }),
          failed(`read ${effect.path}`),
        );
        return;
      case 'edit':
        void edit(effect.path, effect.line).catch(failed(`edit ${effect.path}`));
        return;
      case 'page':
        void lend(
          [...splitWords(environment.PAGER || 'less'), effect.path],
          path.dirname(effect.path),
          'editor',
        ).catch(failed(`open ${effect.path}`));
        return;
      case 'shell':
        void lend([environment.SHELL || '/bin/sh'], effect.folder, 'shell').catch(
          failed(`a shell in ${effect.folder}`),
        );
        return;
      case 'copy':
        void copy(effect.text).then(words => send({ type: 'said', words }), failed('copy'));
        return;
      case 'type':
        lines.type(effect.run, effect.socket, effect.bytes);
        return;
      case 'hang-up':
        lines.hangUp(effect.run);
        return;
      case 'picture':
        void savePicture().then(file => send({ type: 'said', words: `saved ${file}` }), failed('picture'));
        return;
      case 'redraw':
        screen.forget();
        return;
      case 'suspend':
        void screen
          .lend(doors.suspend)
          .then(() => send({ type: 'returned', what: 'shell' }), failed('suspend'));
        return;
      case 'quit':
        void quit();
    }
  };

  /** What the panels ask; stopped with everything else. */
  const asking = new AbortController();
  const asked = new Set<Promise<void>>();
  /** An answer that a later question has overtaken is old. */
  const latest = new Map<DataName, number>();
  const load = async (name: DataName) => {
    if (!loaded) return;
    const turn = (latest.get(name) ?? 0) + 1;
    latest.set(name, turn);
    const at = performance.now() - began;
    try {
      const { work } = begin(loaded, loads(name, state.settings.series), asking.signal);
      for (;;) {
        const next = await work.next();
        if (next.done) {
          if (latest.get(name) === turn) send({ type: 'loaded', name, product: next.value, asked: at });
          return;
        }
      }
    } catch (error) {
      if (!asking.signal.aborted) send({ type: 'load-failed', name, failure: failureOf(error) });
    }
  };

  const find = async ({ view, path: file, query, from, direction }: Extract<Effect, { type: 'find' }>) => {
    const offset = await findInFile(file, query, from, direction, asking.signal);
    if (offset === undefined) return send({ type: 'found', view, query });
    const text = await readAround(file, offset);
    send({ type: 'found', view, query, text, line: text.offsets?.indexOf(offset) ?? 0 });
  };

  const start = (job: number, argv: readonly string[]) => {
    const controller = new AbortController();
    const pending: WorkEvent[] = [];
    const done = work(job, argv, controller.signal, pending).finally(() => running.delete(job));
    running.set(job, { controller, done, pending });
  };

  const work = async (job: number, argv: readonly string[], signal: AbortSignal, pending: WorkEvent[]) => {
    // the view of the job is there before its first event
    await nextTurn();
    const flush = () =>
      guarded(() => pending.length > 0 && apply({ type: 'events', job, events: pending.splice(0) }));
    try {
      const parsed = loaded!.parse(argv);
      if ('text' in parsed) {
        send({ type: 'job-text', job, lines: parsed.text.trimEnd().split('\n') });
        return;
      }
      const { command, typed } = parsed;
      send({ type: 'job-started', job, command });
      const generator = command.run(loaded!.workspace, command.parse(typed, loaded!.workspace), signal);
      let turn = performance.now();
      for (;;) {
        const next = await generator.next();
        if (next.done) {
          flush();
          const product: unknown = next.value;
          send({ type: 'job-ended', job, product, code: command.exitCode?.(product) ?? 0 });
          return;
        }
        pending.push(next.value);
        if (pending.length > mostPending) thin(pending);
        if (due === Number.POSITIVE_INFINITY) drawWithin(frameMs);
        if (performance.now() - turn > turnMs) {
          await nextTurn();
          turn = performance.now();
        }
      }
    } catch (error) {
      flush();
      send({ type: 'job-failed', job, failure: failureOf(error, loaded?.workspace) });
    }
  };

  const savePicture = async (): Promise<string> => {
    if (!loaded) throw new Error('not ready yet');
    return doors.save(loaded.workspace, `screen-${Date.now()}.svg`, picture(render(state), state.width));
  };
  /** What can be said of it afterwards. */
  const copy = async (text: string): Promise<string> => {
    const how = copyOf(text, environment);
    if (how.kind === 'none') return how.words;
    if (how.kind === 'write') return written(how);
    try {
      await doors.ask(how.argv, text);
      return tmuxWords(await doors.ask(tmuxQuestion, ''));
    } catch {
      // a tmux that is older, or not reached from here
      return written(how.otherwise);
    }
  };
  const written = ({ bytes, words }: Written): string => {
    screen.send(bytes);
    return words;
  };

  const lend = async (argv: readonly string[], cwd: string, what: 'editor' | 'shell') => {
    await screen.lend(() => doors.lendTo(argv, cwd));
    send({ type: 'returned', what });
  };

  const edit = async (file: string, line: number | undefined) => {
    const words = splitWords(await doors.editor());
    const program = await doors.programOf(words[0] ?? '');
    const at = line === undefined ? [] : lineWords(program, file, line);
    await lend([...words, ...(at.length > 0 ? at : [file])], path.dirname(file), 'editor');
  };

  let ending = false;
  const quit = async () => {
    if (ending) return;
    ending = true;
    asking.abort();
    for (const { controller } of running.values()) controller.abort();
    const stopped = Promise.allSettled([...[...running.values()].map(({ done }) => done), ...asked]);
    let limit: NodeJS.Timeout | undefined;
    await Promise.race([stopped, new Promise(resolve => (limit = setTimeout(resolve, stopMs)))]);
    clearTimeout(limit);
    const kept = JSON.stringify(keptOf(state), null, 2);
    const keep = loaded ? doors.keep(loaded.workspace, kept).catch(unlessOurs) : undefined;
    await Promise.resolve(keep).then(() => finish(), finish);
  };

  const onEnd = () => send({ type: 'end' });
  const onCrash = (error: unknown) => finish(asError(error));
  doors.signal.addEventListener('abort', onEnd, { once: true });
  process.on('uncaughtException', onCrash);
  process.on('unhandledRejection', onCrash);
  for (const event of ['end', 'close', 'error']) doors.input.once(event, onEnd);
  try {
    draw();
    void doors
      .load()
      .then(async everything => {
        loaded = everything;
        const { workspace, commands } = everything;
        const kept = readKept(await doors.recall(workspace).catch(unlessOurs));
        if (workspace.settings.tui?.mouse === false) screen.mouse(false);
        send({
          type: 'ready',
          commands,
          refusal: argv => refusalIn(everything, argv),
          places: { root: workspace.root, runs: path.join(workspace.state, 'runs') },
          series: workspace.settings.series,
          keys: workspace.settings.keys,
          ascii: workspace.settings.tui?.ascii ?? false,
          ...(kept && { kept }),
        });
      })
      .catch(onCrash);
    await over;
  } finally {
    clearTimeout(timer);
    clearInterval(ticker);
    for (const event of ['end', 'close', 'error']) doors.input.removeListener(event, onEnd);
    doors.signal.removeEventListener('abort', onEnd);
    restore(screen);
    release();
    process.removeListener('uncaughtException', onCrash);
    process.removeListener('unhandledRejection', onCrash);
    asking.abort();
    lines.close();
    for (const { controller } of running.values()) controller.abort();
  }
}

/** A file that cannot be read or written is the system's affair, and is done without; anything else is a bug. */
function unlessOurs(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code === undefined) throw error;
}

const asError = (error: unknown): Error =>
  error instanceof Error ? error : new Error(JSON.stringify(error));

/** A terminal that is gone takes nothing back. */
function restore(screen: TerminalScreen): void {
  try {
    screen.close();
  } catch {
    // nothing is left to restore
  }
}

/** What parsing says against a command line. */
function refusalIn({ workspace, ...loaded }: Loaded, argv: readonly string[]): string | undefined {
  try {
    const parsed = loaded.parse(argv);
    if ('command' in parsed) parsed.command.parse(parsed.typed, workspace);
    return undefined;
  } catch (error) {
    const { kind, message } = failureOf(error);
    if (kind === 'bug') throw error;
    return message;
  }
}

function begin({ workspace, ...loaded }: Loaded, argv: readonly string[], signal: AbortSignal) {
  const parsed = loaded.parse(argv);
  if ('text' in parsed) throw new Error(`${argv.join(' ')} is not a command`);
  const { command, typed } = parsed;
  return { command, work: command.run(workspace, command.parse(typed, workspace), signal) };
}

/** Takes the oldest console lines out, nothing else. */
function thin(pending: WorkEvent[]): void {
  const lines = pending.filter(event => event.type === 'console').length;
  let surplus = lines - keptPending;
  const kept = pending.filter(event => event.type !== 'console' || surplus-- <= 0);
  pending.splice(0, pending.length, ...kept);
}
