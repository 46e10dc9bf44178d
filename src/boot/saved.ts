// SPDX-License-Identifier: GPL-2.0-only
/** A console that somebody saved: the bytes of a file through the same parser as a live one. Pure; nothing in it is
 *  trusted, and every text that comes out is sanitised. */
import type { z } from 'zod';
import { list, number, object, text } from '../document.ts';
import { type Fact, factSchema, markSchema, type Outcome, outcomeSchema, sanitise } from '../events.ts';
import { consoleParser, lineSplitter, type Sign } from './console.ts';
import { causeOf, findingSchema, whereOf } from './findings.ts';
import { messagesOf } from './prefix.ts';
import { gathered } from './records.ts';

const foundAtSchema = object({ ...findingSchema.unwrap().shape, line: number });

export const savedConsoleSchema = object({
  bytes: number,
  lines: number,
  /** 'Linux version 7.3.4 ...', and its command line, when the kernel printed them. */
  version: text.exactOptional(),
  commandLine: text.exactOptional(),
  outcome: outcomeSchema,
  /** In the order they were passed; the last of several `used`. */
  marks: list(
    object({
      mark: markSchema,
      line: number,
      /** Of the kernel's message before it: seconds, as printk stamped it. */
      stamp: number.exactOptional(),
      tsc: number.exactOptional(),
      /** Nanoseconds. */
      boottime: number.exactOptional(),
    }),
  ),
  facts: list(factSchema),
  /** Oops, BUG, WARNING and their like, with their line. */
  troubles: list(foundAtSchema),
  /** Which of the troubles led to the panic, or came first; `where`: the function it names. */
  cause: object({
    ...foundAtSchema.unwrap().shape,
    where: text,
  }).exactOptional(),
});
export type SavedConsole = z.infer<typeof savedConsoleSchema>;

/** Lines that a report may have before it names a place. */
const longestReport = 60;

/** Reads all of it; there is no console it refuses. */
export function parseConsole(bytes: Buffer): SavedConsole {
  const splitter = lineSplitter();
  const parser = consoleParser();
  const whole = splitter.push(bytes);
  const texts = gathered([...whole, ...splitter.rest()]);
  const marks: SavedConsole['marks'][number][] = [];
  const facts: Fact[] = [];
  const troubles: SavedConsole['troubles'][number][] = [];
  let panic: string | undefined;
  let error: string | undefined;
  let version: string | undefined;
  let commandLine: string | undefined;
  const take = (sign: Sign, line: number) => {
    if (sign.type === 'panic') panic ??= sign.message;
    else if (sign.type === 'trouble') troubles.push({ line, kind: sign.kind, message: sign.message });
    else if (sign.type === 'version') version ??= sign.text;
    else if (sign.type === 'command-line') commandLine ??= sign.text;
    else if (sign.type === 'fact') {
      facts.push(sign.fact);
      if (sign.fact.name === 'error') error ??= Object.values(sign.fact.values).join(' ');
    } else {
      const { mark, tsc, boottime } = sign;
      const stamp = parser.seconds();
      const known = marks.findIndex(other => other.mark === mark);
      if (known >= 0 && mark !== 'used') return;
      if (known >= 0) marks.splice(known, 1);
      marks.push({
        ...{ mark, line },
        ...(stamp !== undefined && { stamp }),
        ...(tsc !== undefined && { tsc }),
        ...(boottime !== undefined && { boottime }),
      });
    }
  };
  let panicLine: number | undefined;
  for (const [index, text] of texts.entries()) {
    // without its end a line may be cut in a number
    const signs = index < whole.length ? parser.line(text) : parser.rest(text);
    for (const sign of signs) {
      if (sign.type === 'panic') panicLine = index + 1;
      take(sign, index + 1);
    }
  }
  const last = sanitise(texts.findLast(text => text.trim() !== '') ?? '');
  const cause = causeOf(
    troubles.filter(({ line }) => line <= (panicLine ?? Infinity)),
    panic,
  );
  return {
    bytes: bytes.length,
    lines: texts.length,
    ...(version !== undefined && { version }),
    ...(commandLine !== undefined && { commandLine }),
    outcome: outcomeOf({ panic, error, ended: marks.some(({ mark }) => mark === 'end'), last }),
    marks,
    facts,
    troubles,
    ...(cause && { cause: { ...cause, where: placeOf(texts, cause.line) } }),
  };
}

const placeOf = (lines: readonly string[], line: number): string =>
  sanitise(
    whereOf(
      lines.slice(line - 1, line - 1 + longestReport).flatMap(raw => messagesOf(raw).map(({ text }) => text)),
    ),
  );

function outcomeOf(seen: {
  readonly panic: string | undefined;
  readonly error: string | undefined;
  readonly ended: boolean;
  readonly last: string;
}): Outcome {
  if (seen.panic !== undefined) return { kind: 'panic', message: seen.panic };
  if (seen.error !== undefined) {
    return { kind: 'incomplete', message: `the guest reported an error: ${seen.error}` };
  }
  if (seen.ended) return { kind: 'ready' };
  return {
    kind: 'incomplete',
    message: seen.last === '' ? 'it printed nothing' : `no end is reported; its last line: ${seen.last}`,
  };
}
