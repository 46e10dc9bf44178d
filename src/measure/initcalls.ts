// SPDX-License-Identifier: GPL-2.0-only
/** What each initcall took, from the console of a boot with `initcall_debug loglevel=8` (init/main.c,
 *  trace_initcall_finish_cb()). Pure. Printing it costs more than most of them: a run of its own, whose other figures
 *  are held against none without it. */

import type { z } from 'zod';
import { number, object, text } from '../document.ts';
import { handled, unpackStarts } from './kernellog.ts';

/** Microseconds of the guest's clock; under icount one is a thousand instructions, executed or slept through. */
export type Microseconds = number;

export interface Initcalls {
  /** By function, in the order they ended; a name that ran more than once is added up. */
  readonly calls: ReadonlyMap<string, Microseconds>;
  /** From the start of the worker that populates the root to its last word; it runs beside the initcalls. */
  readonly populating?: Microseconds;
}

/** A row of two boots; absent on the side that has no such call. */
export const initcallRowSchema = object({
  name: text,
  before: number.exactOptional(),
  after: number.exactOptional(),
  delta: number,
});
export type InitcallRow = z.infer<typeof initcallRowSchema>;

const stamped = /^\[ *(\d{1,9})\.(\d{6})\] (.*)$/;
const finished =
  /^initcall (\w+)\+0x[0-9a-f]+\/0x[0-9a-f]+(?: \[\w+\])? returned -?\d+ after (\d{1,15}) usecs/;
const firstProgram = /^Run \S+ as init process/;

/** Undefined for a boot without initcall_debug. */
export function initcallsOf(lines: readonly string[]): Initcalls | undefined {
  const calls = new Map<string, Microseconds>();
  let start: Microseconds | undefined;
  let end: Microseconds | undefined;
  for (const line of lines) {
    const [, seconds, fraction, text = ''] = stamped.exec(line) ?? [];
    const at = Number(seconds) * 1e6 + Number(fraction);
    if (firstProgram.test(text)) break;
    const call = finished.exec(text);
    if (call) calls.set(call[1]!, (calls.get(call[1]!) ?? 0) + Number(call[2]));
    if (unpackStarts.test(text)) start ??= at;
    if (handled.test(text)) end = at;
  }
  if (calls.size === 0) return undefined;
  return {
    calls,
    ...(start !== undefined && end !== undefined && end >= start && { populating: end - start }),
  };
}

/** Name of the row of Initcalls.populating, which is not a function's. */
export const populatingRow = '(populating the root, beside them)';

/** What differs, the most first. */
export function compareInitcalls(before: Initcalls, after: Initcalls): InitcallRow[] {
  const row = (name: string, a: Microseconds | undefined, b: Microseconds | undefined): InitcallRow => ({
    name,
    ...(a !== undefined && { before: a }),
    ...(b !== undefined && { after: b }),
    delta: (b ?? 0) - (a ?? 0),
  });
  const names = new Set([...before.calls.keys(), ...after.calls.keys()]);
  return [
    row(populatingRow, before.populating, after.populating),
    ...[...names].map(name => row(name, before.calls.get(name), after.calls.get(name))),
  ]
    .filter(({ delta }) => delta !== 0)
    .sort((a, b) => Math.abs(b.delta) - Math.abs(a.delta) || a.name.localeCompare(b.name));
}
