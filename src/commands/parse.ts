// SPDX-License-Identifier: GPL-2.0-only
/** `initbench parse`: what a saved console says, without a tree, a kernel or a run. */
import { open } from 'node:fs/promises';
import { parseConsole, type SavedConsole, savedConsoleSchema } from '../boot/saved.ts';
import { document, flag, object, text } from '../document.ts';
import type { Work } from '../events.ts';
import { exitCodes, UserError } from '../host/errors.ts';
import { command } from './command.ts';
import { describeOutcome } from './words.ts';

/** More than any console of a boot; the rest of a larger file is not read. */
const largestBytes = 64 * 2 ** 20;

interface Parsed {
  readonly file: string;
  readonly console: SavedConsole;
  readonly cut: boolean;
}

const consoleDocument = document(
  'initbench.console/1',
  'parse: what a saved console says',
  object({
    file: text,
    /** It is larger than what was read. */
    cut: flag,
    ...savedConsoleSchema.unwrap().shape,
  }),
);

export const parse = command({
  id: 'parse',
  summary: 'marks, facts, panics and warnings of a saved console log',
  examples: ['parse console.log', 'parse - < serial.txt', 'parse console.log --json'],
  positional: [{ usage: '<file>', summary: 'the log; - reads standard input' }],
  parse: ({ words: [word] }) => word,
  run: readSaved,
  text: formatParsed,
  json: ({ file, console, cut }) => consoleDocument.of({ file, cut, ...console }),
  exitCode: ({ console }) => (console.outcome.kind === 'panic' ? exitCodes.panic : exitCodes.done),
});

async function* readSaved(_workspace: unknown, file: string, signal: AbortSignal): Work<Parsed> {
  const bytes = file === '-' ? await fromInput(signal) : await fromFile(file);
  return { file, console: parseConsole(bytes.subarray(0, largestBytes)), cut: bytes.length > largestBytes };
}

async function fromFile(file: string): Promise<Buffer> {
  try {
    const handle = await open(file, 'r');
    try {
      const { size } = await handle.stat();
      const buffer = Buffer.alloc(Math.min(size, largestBytes + 1));
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw new UserError(`cannot read ${file}: ${(error as Error).message}`, {
      hint: 'name a file with the console of a boot, or - for standard input',
    });
  }
}

async function fromInput(signal: AbortSignal): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of process.stdin) {
    parts.push(part as Buffer);
    length += (part as Buffer).length;
    if (length > largestBytes || signal.aborted) break;
  }
  return Buffer.concat(parts);
}

function formatParsed({ file, console, cut }: Parsed): string[] {
  const field = (name: string, value: string) => `${name.padEnd(13)}${value}`;
  const { marks, facts, troubles, cause, version, commandLine } = console;
  const counted = [...new Set(facts.map(({ name }) => name))].map(
    name => `${name} ${facts.filter(fact => fact.name === name).length}`,
  );
  return [
    field('console', `${file}: ${console.bytes} bytes, ${console.lines} lines`),
    ...(cut ? [field('note', `only the first ${largestBytes / 2 ** 20} MiB were read`)] : []),
    field('outcome', describeOutcome(console.outcome)),
    ...(cause ? [field('first cause', causeText(cause))] : []),
    ...(version === undefined ? [] : [field('kernel', version)]),
    ...(commandLine === undefined ? [] : [field('command line', commandLine)]),
    ...marks.map((mark, i) => field(mark.mark, markText(mark, marks[i - 1]))),
    ...(counted.length > 0 ? [field('facts', counted.join(', '))] : []),
    ...troubles.slice(0, 10).map(({ line, message }) => field('trouble', `line ${line}: ${message}`)),
    ...(troubles.length > 10 ? [field('', `and ${troubles.length - 10} more`)] : []),
    ...(marks.length === 0 ? [field('note', 'it has no line of a probe (initbench: init ...)')] : []),
  ];
}

/** 'line 6: BUG: kernel NULL pointer dereference, address: 0, in erofs_read' */
function causeText({ line, message, where }: NonNullable<SavedConsole['cause']>): string {
  return `line ${line}: ${message}${where === '' || message.includes(where) ? '' : `, in ${where}`}`;
}

/** The guest's clocks at a mark, and how far that is from the mark before. */
function markText(mark: SavedConsole['marks'][number], before: SavedConsole['marks'][number] | undefined) {
  const { line, stamp, tsc, boottime } = mark;
  const since = before?.tsc !== undefined && tsc !== undefined ? ` (+${tsc - before.tsc})` : '';
  const texts = [
    `line ${line}`,
    ...(tsc === undefined ? [] : [`counter ${tsc}${since}`]),
    ...(boottime === undefined ? [] : [`${(boottime / 1e6).toFixed(3)} ms of CLOCK_BOOTTIME`]),
    ...(stamp === undefined ? [] : [`behind [${stamp.toFixed(6)}]`]),
  ];
  return texts.join(', ');
}
