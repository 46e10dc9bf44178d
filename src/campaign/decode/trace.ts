// SPDX-License-Identifier: GPL-2.0-only
/** Oopses, BUGs and WARNINGs on a console: where each begins, and its stack as symbols. What a guest prints is hostile:
 *  a frame is what reads as one to the last character, all else is left out. Pure. */
import { z } from 'zod';
import { kindOf, panicIn } from '../../boot/findings.ts';
import { gathered } from '../../boot/records.ts';
import { messagesOf } from '../../boot/prefix.ts';
import { flag, number, object, text } from '../../document.ts';
import { sanitise } from '../../events.ts';

export const frameSchema = object({
  symbol: text,
  offset: number,
  size: number,
  /** `ip`: where the processor was, not where a call returns to. */
  kind: z.enum(['ip', 'call']),
  /** False for a frame that the kernel itself doubts ('? '). */
  sure: flag,
});
export type Frame = z.infer<typeof frameSchema>;

export interface Trace {
  /** 'BUG: kernel NULL pointer dereference, address: 0000000000000000'. Safe for a terminal. */
  readonly title: string;
  readonly frames: readonly Frame[];
}

const frame = /^ *(\? )?([A-Za-z_][\w.]*)\+0x([0-9a-f]{1,8})\/0x([0-9a-f]{1,8})(?: \([A-Z]+\))?$/;
const ip =
  /^(?:RIP: [0-9a-f]{4}:|pc : |PC is at |epc : )([A-Za-z_][\w.]*)\+0x([0-9a-f]{1,8})\/0x([0-9a-f]{1,8})$/;
const most = 200;

const begins = (line: string) => kindOf(line) !== undefined || panicIn(line) !== undefined;

/** The traces of a console, in its order, those without a frame left out. A frame that comes twice in one counts once:
 *  the kernel repeats the registers of an oops at its end. */
export function parseTraces(lines: readonly string[]): Trace[] {
  const traces: { title: string; frames: Frame[] }[] = [];
  let open = false;
  for (const line of gathered(lines).flatMap(raw => messagesOf(raw).map(({ text }) => text))) {
    if (line.startsWith('---[ end trace')) {
      open = false;
      continue;
    }
    // 'Oops: Oops: 0000' follows the line that says what it is.
    if (begins(line) && !(open && /^Oops|^Internal error/.test(line))) {
      traces.push({ title: sanitise(line.trim()), frames: [] });
      open = true;
    }
    const current = open ? traces.at(-1) : undefined;
    const found = frameOf(line);
    if (!current || !found || current.frames.length >= most) continue;
    const same = (other: Frame) => other.symbol === found.symbol && other.offset === found.offset;
    if (found.kind === 'ip' && current.frames.some(each => each.kind === 'ip')) continue;
    if (!current.frames.some(each => each.kind === found.kind && same(each))) current.frames.push(found);
  }
  return traces.filter(({ frames }) => frames.length > 0);
}

function frameOf(line: string): Frame | undefined {
  const hex = (text: string) => Number.parseInt(text, 16);
  const at = ip.exec(line);
  if (at) return { symbol: at[1]!, offset: hex(at[2]!), size: hex(at[3]!), kind: 'ip', sure: true };
  const call = frame.exec(line);
  if (!call) return undefined;
  const [, doubt, symbol, offset, size] = call;
  return { symbol: symbol!, offset: hex(offset!), size: hex(size!), kind: 'call', sure: doubt === undefined };
}

/** What decode_stacktrace.sh is given for a frame. It takes one from every offset, which is right for a call's return
 *  address; where the processor was is one further on. */
export const wordOf = ({ symbol, offset, size, kind }: Frame): string =>
  `${symbol}+0x${(kind === 'ip' ? offset + 1 : offset).toString(16)}/0x${size.toString(16)}`;

export const locationSchema = object({
  /** From the top of the tree. */
  file: text,
  line: number,
});
export type Location = z.infer<typeof locationSchema>;

/** The places in a line that decode_stacktrace.sh answers, innermost first: 'f (fs/a.c:12 (discriminator 2) fs/b.c:3)'.
 *  A compiler in a build folder names files as '../fs/a.c', behind the folder's own path. */
export function parseLocations(line: string): Location[] {
  const inner = /^\S+ \((.*)\)\s*$/.exec(line)?.[1];
  if (inner === undefined) return [];
  return [...inner.replace(/\(discriminator \d+\)/g, '').matchAll(/(\S+):(\d+)(?=\s|$)/g)].flatMap(match => {
    const file = fromTop(match[1]!);
    const number = Number(match[2]);
    return file === undefined || number === 0 ? [] : { file, line: number };
  });
}

function fromTop(name: string): string | undefined {
  const below = /^(?:.*\/)?build[^/]*\/(?:\.\.\/)?(.+)$/.exec(name)?.[1] ?? name.replace(/^(?:\.\.?\/)+/, '');
  const parts: string[] = [];
  for (const part of below.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return below.startsWith('/') || parts.length === 0 ? undefined : parts.join('/');
}
