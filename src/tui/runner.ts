// SPDX-License-Identifier: GPL-2.0-only
/** The jobs that run: commands as the command line has them, their events collected for the next frame. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AnyCommand, Typed } from '../commands/command.ts';
import { failureOf } from '../commands/failure.ts';
import type { WorkEvent } from '../events.ts';
import type { Workspace } from '../workspace.ts';
import type { Message } from './state.ts';

/** What takes longer to load than a first frame may. */
export interface Loaded {
  readonly workspace: Workspace;
  readonly commands: readonly AnyCommand[];
  /** As the CLI reads it: a command and what was typed for it, or a text to show (help). @throws UserError */
  readonly parse: (
    argv: readonly string[],
  ) => { readonly command: AnyCommand; readonly typed: Typed } | { readonly text: string };
}

/** What parsing says against a command line. */
export function refusalIn({ workspace, ...loaded }: Loaded, argv: readonly string[]): string | undefined {
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

/** Work leaves the event loop to keys and frames after that long. */
const turnMs = 8;
/** More events than that wait for no frame: the oldest console lines among them go. */
const mostPending = 20_000;
const keptPending = 4000;

export interface Runner {
  start(job: number, argv: readonly string[]): void;
  cancel(job: number): void;
  /** The events that no message has brought yet. */
  drain(): readonly Extract<Message, { type: 'events' }>[];
  cancelAll(): void;
  /** Settles when all that run now have ended. */
  ended(): Promise<unknown>;
}

export interface RunnerDoors {
  readonly loaded: () => Loaded | undefined;
  readonly send: (message: Message) => void;
  /** There are events to drain. */
  readonly wake: () => void;
}

interface Running {
  readonly controller: AbortController;
  readonly done: Promise<void>;
  readonly pending: WorkEvent[];
}

export function openRunner({ loaded, send, wake }: RunnerDoors): Runner {
  const running = new Map<number, Running>();

  const work = async (job: number, argv: readonly string[], signal: AbortSignal, pending: WorkEvent[]) => {
    // the view of the job is there before its first event
    await nextTurn();
    const flush = () => pending.length > 0 && send({ type: 'events', job, events: pending.splice(0) });
    try {
      const { workspace, parse } = loaded()!;
      const parsed = parse(argv);
      if ('text' in parsed) {
        send({ type: 'job-text', job, lines: parsed.text.trimEnd().split('\n') });
        return;
      }
      const { command, typed } = parsed;
      send({ type: 'job-started', job, command });
      const generator = command.run(workspace, command.parse(typed, workspace), signal);
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
        wake();
        if (performance.now() - turn > turnMs) {
          await nextTurn();
          turn = performance.now();
        }
      }
    } catch (error) {
      flush();
      send({ type: 'job-failed', job, failure: failureOf(error, loaded()?.workspace) });
    }
  };

  return {
    start(job, argv) {
      const controller = new AbortController();
      const pending: WorkEvent[] = [];
      const done = work(job, argv, controller.signal, pending).finally(() => running.delete(job));
      running.set(job, { controller, done, pending });
    },
    cancel: job => running.get(job)?.controller.abort(),
    drain: () =>
      [...running].flatMap(([job, { pending }]) =>
        pending.length > 0 ? [{ type: 'events', job, events: pending.splice(0) }] : [],
      ),
    cancelAll: () => running.forEach(({ controller }) => controller.abort()),
    ended: () => Promise.allSettled([...running.values()].map(({ done }) => done)),
  };
}

/** Takes the oldest console lines out, nothing else. */
function thin(pending: WorkEvent[]): void {
  const lines = pending.filter(event => event.type === 'console').length;
  let surplus = lines - keptPending;
  const kept = pending.filter(event => event.type !== 'console' || surplus-- <= 0);
  pending.splice(0, pending.length, ...kept);
}
