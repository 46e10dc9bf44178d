// SPDX-License-Identifier: GPL-2.0-only
/** What the panels and the views ask: commands that only read, and text files. */
import path from 'node:path';
import { failureOf } from '../commands/failure.ts';
import { findInFile, namesIn, readAround, readText } from './files.ts';
import type { Loaded } from './runner.ts';
import type { DataName, Effect, Message } from './state.ts';

/** The commands whose answers the panels show. */
const commandFor = (name: DataName, series: string): readonly string[] =>
  ({
    series: ['series', 'list'],
    status: ['series', 'status', series],
    trees: ['tree', 'list'],
    kernels: ['kernel', 'list'],
    flows: ['flow', 'list'],
    runs: ['runs', '--count', '40'],
  })[name];

const previewBytes = 2 ** 20;

type Of<Type extends Effect['type']> = Extract<Effect, { type: Type }>;

export interface Questions {
  readonly load: (effect: Of<'load'>) => void;
  readonly read: (effect: Of<'read'>) => void;
  readonly preview: (effect: Of<'preview'>) => void;
  readonly list: (effect: Of<'list'>) => void;
  readonly find: (effect: Of<'find'>) => void;
  readonly cancelAll: () => void;
  /** Settles when the commands that were asked have ended. */
  readonly ended: () => Promise<unknown>;
}

export interface QuestionDoors {
  readonly loaded: () => Loaded | undefined;
  readonly send: (message: Message) => void;
  readonly failed: (title: string) => (error: unknown) => void;
  /** The series that the panels are about. */
  readonly series: () => string;
  /** Milliseconds since the workbench was opened. */
  readonly now: () => number;
}

export function openQuestions({ loaded, send, failed, series, now }: QuestionDoors): Questions {
  const asking = new AbortController();
  const asked = new Set<Promise<void>>();
  /** An answer that a later question has overtaken is old. */
  const latest = new Map<DataName, number>();

  const ask = async (name: DataName) => {
    const everything = loaded();
    if (!everything) return;
    const turn = (latest.get(name) ?? 0) + 1;
    latest.set(name, turn);
    const at = now();
    try {
      const work = begin(everything, commandFor(name, series()), asking.signal);
      for (;;) {
        const next = await work.next();
        if (!next.done) continue;
        if (latest.get(name) === turn) send({ type: 'loaded', name, product: next.value, asked: at });
        return;
      }
    } catch (error) {
      if (!asking.signal.aborted) send({ type: 'load-failed', name, failure: failureOf(error) });
    }
  };

  const find = async ({ view, path: file, query, from, direction }: Of<'find'>) => {
    const offset = await findInFile(file, query, from, direction, asking.signal);
    if (offset === undefined) return send({ type: 'found', view, query });
    const text = await readAround(file, offset);
    send({ type: 'found', view, query, text, line: text.offsets?.indexOf(offset) ?? 0 });
  };

  return {
    load({ names }) {
      for (const name of names) {
        const one: Promise<void> = ask(name).finally(() => asked.delete(one));
        asked.add(one);
      }
    },
    read: ({ view, path: file }) =>
      void readText(file).then(text => send({ type: 'text-read', view, ...text }), failed(`read ${file}`)),
    preview: ({ path: file }) =>
      void readText(file, previewBytes).then(
        ({ lines }) => send({ type: 'preview-read', path: file, lines }),
        failed(`read ${file}`),
      ),
    list: ({ folder }) =>
      void namesIn(path.resolve(folder)).then(names => send({ type: 'listed', folder, names })),
    find: effect => void find(effect).catch(failed(`search ${effect.path}`)),
    cancelAll: () => asking.abort(),
    ended: () => Promise.allSettled(asked),
  };
}

function begin({ workspace, ...loaded }: Loaded, argv: readonly string[], signal: AbortSignal) {
  const parsed = loaded.parse(argv);
  if ('text' in parsed) throw new Error(`${argv.join(' ')} is not a command`);
  const { command, typed } = parsed;
  return command.run(workspace, command.parse(typed, workspace), signal);
}
