// SPDX-License-Identifier: GPL-2.0-only
/** The workbench at work: messages in, frames out, effects done, and everything stopped and given back at the end. */
import path from 'node:path';
import { failureOf } from '../commands/failure.ts';
import type { Workspace } from '../workspace.ts';
import { type Frames, frameMs, keyMs, openFrames } from './frames.ts';
import { keptOf, readKept } from './kept.ts';
import { type Lines, openLines } from './lines.ts';
import { openPrograms, type ProgramDoors, type Programs } from './programs.ts';
import { openQuestions, type Questions } from './questions.ts';
import { type Loaded, openRunner, refusalIn, type Runner } from './runner.ts';
import { openScreen, type TerminalScreen } from './screen.ts';
import { type Effect, initialState, type Message, type State } from './state.ts';
import { catchStray } from './stray.ts';
import { isBusy, update } from './update.ts';
import { render } from './view/frame.ts';
import { picture } from './view/picture.ts';

export interface Doors extends ProgramDoors {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
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
  /** Streams beside ours that lead to the same terminal. */
  readonly others: readonly NodeJS.WriteStream[];
}

const stopMs = 10_000;

/** Until the person quits or the signal is aborted. @throws what is our bug, the terminal restored before */
export async function openTui(doors: Doors): Promise<void> {
  await new Workbench(doors).run();
}

type Performers = { readonly [Type in Effect['type']]: (effect: Extract<Effect, { type: Type }>) => void };

class Workbench {
  readonly #doors: Doors;
  readonly #screen: TerminalScreen;
  readonly #frames: Frames;
  readonly #runner: Runner;
  readonly #questions: Questions;
  readonly #programs: Programs;
  readonly #lines: Lines;
  readonly #performers: Performers;
  readonly #began = performance.now();
  readonly #over: Promise<void>;
  #finish: (error?: Error) => void = () => {};
  #state: State;
  #loaded: Loaded | undefined;
  #ending = false;

  constructor(doors: Doors) {
    this.#doors = doors;
    const { environment } = doors;
    const utf8 = /utf-?8/i.test(environment.LC_ALL || environment.LC_CTYPE || environment.LANG || '');
    const ascii = doors.ascii || !utf8;
    const color = !environment.NO_COLOR;
    this.#over = new Promise<void>((resolve, reject) => {
      this.#finish = error => (error === undefined ? resolve() : reject(error));
    });
    const send = this.#send;
    this.#screen = openScreen(
      {
        ...{ input: doors.input, output: doors.output, color, mouse: doors.mouse, unicode: !ascii },
        terminal: environment.TERM || 'xterm',
      },
      send,
    );
    this.#state = initialState({ ...this.#screen.size, look: { ascii, color }, keys: {} });
    const loaded = () => this.#loaded;
    this.#frames = openFrames(() => this.#draw());
    const wake = () => {
      if (!this.#frames.due()) this.#frames.within(frameMs);
    };
    this.#runner = openRunner({ loaded, send, wake });
    this.#questions = openQuestions({
      ...{ loaded, send, failed: this.#failed },
      series: () => this.#state.settings.series,
      now: () => this.#now(),
    });
    this.#programs = openPrograms(this.#screen, doors, send);
    this.#lines = openLines((run, why) => send({ type: 'hung-up', run, why }));
    this.#performers = this.#makePerformers();
  }

  async run(): Promise<void> {
    const { signal, input, others } = this.#doors;
    const onEnd = () => this.#send({ type: 'end' });
    const onCrash = (error: unknown) => this.#finish(asError(error));
    const release = catchStray(others, lines => this.#send({ type: 'stray', lines }));
    signal.addEventListener('abort', onEnd, { once: true });
    process.on('uncaughtException', onCrash);
    process.on('unhandledRejection', onCrash);
    for (const event of ['end', 'close', 'error']) input.once(event, onEnd);
    try {
      this.#frames.now();
      void this.#load().catch(onCrash);
      await this.#over;
    } finally {
      this.#frames.close();
      for (const event of ['end', 'close', 'error']) input.removeListener(event, onEnd);
      signal.removeEventListener('abort', onEnd);
      restore(this.#screen);
      release();
      process.removeListener('uncaughtException', onCrash);
      process.removeListener('unhandledRejection', onCrash);
      this.#questions.cancelAll();
      this.#lines.close();
      this.#runner.cancelAll();
    }
  }

  async #load(): Promise<void> {
    const loaded = await this.#doors.load();
    this.#loaded = loaded;
    const { workspace, commands } = loaded;
    const kept = readKept(await this.#doors.recall(workspace).catch(unlessOurs));
    if (workspace.settings.tui?.mouse === false) this.#screen.mouse(false);
    this.#send({
      type: 'ready',
      commands,
      refusal: argv => refusalIn(loaded, argv),
      places: { root: workspace.root, runs: path.join(workspace.state, 'runs') },
      series: workspace.settings.series,
      keys: workspace.settings.keys,
      ascii: workspace.settings.tui?.ascii ?? false,
      ...(kept && { kept }),
    });
  }

  /** Milliseconds since it was opened. */
  #now(): number {
    return performance.now() - this.#began;
  }

  readonly #send = (message: Message): void => {
    this.#guarded(() => {
      this.#apply(message);
      this.#frames.within(message.type === 'key' || message.type === 'mouse' ? keyMs : frameMs);
    });
  };

  readonly #failed =
    (title: string) =>
    (error: unknown): void =>
      this.#send({ type: 'failed', title, failure: failureOf(error, this.#loaded?.workspace) });

  #apply(message: Message): void {
    const [next, effects] = update(this.#state, message);
    this.#state = next;
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: Effect): void {
    const performer = this.#performers[effect.type] as (effect: Effect) => void;
    performer(effect);
  }

  /** Whether something moves. */
  #draw(): boolean {
    this.#guarded(() => {
      this.#apply({ type: 'tick', now: this.#now() });
      for (const events of this.#runner.drain()) this.#apply(events);
      this.#screen.draw(render(this.#state));
    });
    return isBusy(this.#state);
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#finish(asError(error));
    }
  }

  #makePerformers(): Performers {
    const failed = this.#failed;
    const { load, read, preview, list, find } = this.#questions;
    return {
      ...{ load, read, preview, list, find },
      run: ({ job, argv }) => this.#runner.start(job, argv),
      cancel: ({ job }) => this.#runner.cancel(job),
      edit: ({ path: file, line }) => void this.#programs.edit(file, line).catch(failed(`edit ${file}`)),
      page: ({ path: file }) => void this.#programs.page(file).catch(failed(`open ${file}`)),
      shell: ({ folder }) => void this.#programs.shell(folder).catch(failed(`a shell in ${folder}`)),
      suspend: () => void this.#programs.suspend().catch(failed('suspend')),
      copy: ({ text }) => this.#saying(this.#programs.copy(text), 'copy'),
      picture: () => this.#saying(this.#savePicture(), 'picture'),
      type: ({ run, socket, bytes }) => this.#lines.type(run, socket, bytes),
      'hang-up': ({ run }) => this.#lines.hangUp(run),
      redraw: () => this.#screen.forget(),
      quit: () => void this.#quit(),
    };
  }

  /** What became of it goes to the status line. */
  #saying(words: Promise<string>, what: string): void {
    words.then(text => this.#send({ type: 'said', words: text }), this.#failed(what));
  }

  async #savePicture(): Promise<string> {
    const svg = picture(render(this.#state), this.#state.width);
    return `saved ${await this.#doors.save(this.#loaded!.workspace, `screen-${Date.now()}.svg`, svg)}`;
  }

  async #quit(): Promise<void> {
    if (this.#ending) return;
    this.#ending = true;
    this.#questions.cancelAll();
    this.#runner.cancelAll();
    const stopped = Promise.all([this.#runner.ended(), this.#questions.ended()]);
    let limit: NodeJS.Timeout | undefined;
    await Promise.race([stopped, new Promise(resolve => (limit = setTimeout(resolve, stopMs)))]);
    clearTimeout(limit);
    try {
      const kept = JSON.stringify(keptOf(this.#state), null, 2);
      if (this.#loaded) await this.#doors.keep(this.#loaded.workspace, kept).catch(unlessOurs);
      this.#finish();
    } catch (error) {
      this.#finish(asError(error));
    }
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
