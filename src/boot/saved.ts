// SPDX-License-Identifier: GPL-2.0-only
/** A console that somebody saved: the bytes of a file through the same parser as a live one. Pure; nothing in it is
 *  trusted, and every text that comes out is sanitised. */
import { type Fact, type Mark, type Outcome, sanitise } from '../events.ts';
import { consoleParser, lineSplitter, type Sign } from './console.ts';

export interface SavedConsole {
  readonly bytes: number;
  readonly lines: number;
  /** 'Linux version 7.3.4 ...', and its command line, when the kernel printed them. */
  readonly version?: string;
  readonly commandLine?: string;
  readonly outcome: Outcome;
  /** In the order they were passed; the last of several `used`. */
  readonly marks: readonly {
    readonly mark: Mark;
    readonly line: number;
    /** Of the kernel's message before it: seconds, as printk stamped it. */
    readonly stamp?: number;
    readonly tsc?: number;
    /** Nanoseconds. */
    readonly boottime?: number;
  }[];
  readonly facts: readonly Fact[];
  /** Oops, BUG, WARNING and their kind, with their line. */
  readonly troubles: readonly { readonly line: number; readonly message: string }[];
}

const stampOf = /^\[ *(\d+\.\d{6})\]/;
const versionLine = /^(?:\[ *\d+\.\d{6}\] )?(Linux version \d.*)$/;
const commandLineLine = /^(?:\[ *\d+\.\d{6}\] )?(?:Kernel command line|Command line): (.*)$/;

/** Reads all of it; there is no console it refuses. */
export function parseConsole(bytes: Buffer): SavedConsole {
  const splitter = lineSplitter();
  const parser = consoleParser();
  const whole = splitter.push(bytes).map(text => ({ text, signs: parser.line(text) }));
  const cut = splitter.rest().map(text => ({ text, signs: parser.rest(text) }));
  const lines = [...whole, ...cut];
  const marks: SavedConsole['marks'][number][] = [];
  const facts: Fact[] = [];
  const troubles: SavedConsole['troubles'][number][] = [];
  let panic: string | undefined;
  let error: string | undefined;
  let stamp: number | undefined;
  let version: string | undefined;
  let commandLine: string | undefined;
  const take = (sign: Sign, line: number) => {
    if (sign.type === 'panic') panic ??= sign.message;
    else if (sign.type === 'trouble') troubles.push({ line, message: sign.message });
    else if (sign.type === 'fact') {
      facts.push(sign.fact);
      if (sign.fact.name === 'error') error ??= Object.values(sign.fact.values).join(' ');
    } else {
      const { mark, tsc, boottime } = sign;
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
  for (const [index, { text, signs }] of lines.entries()) {
    const said = stampOf.exec(text)?.[1];
    if (said !== undefined) stamp = Number(said);
    version ??= versionLine.exec(text)?.[1];
    commandLine ??= commandLineLine.exec(text)?.[1];
    for (const sign of signs) take(sign, index + 1);
  }
  const last = sanitise(lines.findLast(({ text }) => text.trim() !== '')?.text ?? '');
  return {
    bytes: bytes.length,
    lines: lines.length,
    ...(version !== undefined && { version: sanitise(version) }),
    ...(commandLine !== undefined && { commandLine: sanitise(commandLine) }),
    outcome: outcomeOf({ panic, error, ended: marks.some(({ mark }) => mark === 'end'), last }),
    marks,
    facts,
    troubles,
  };
}

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
