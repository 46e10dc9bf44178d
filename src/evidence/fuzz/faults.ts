// SPDX-License-Identifier: GPL-2.0-only
/** Faults that a kernel reported on its console, each with the function it names; pure. What user space did to itself
 *  is none: TCG lets iret and lret of damaged user code look like an oops, but RIP is then in segment 0033. */

import { z } from 'zod';
import { type FindingKind, kindOf, whereOf } from '../../boot/findings.ts';
import { messagesOf } from '../../boot/prefix.ts';
import { object, text } from '../../document.ts';

const faultKindSchema = z.enum([
  'kasan',
  'ubsan',
  'lockdep',
  'bug',
  'warning',
  'oops',
  'lockup',
  'corruption',
]);
export type FaultKind = z.infer<typeof faultKindSchema>;

export const faultSchema = object({
  kind: faultKindSchema,
  /** The line that says it, without its time. */
  message: text,
  /** The function it happened in; '' when the report names none. */
  where: text,
});
export type Fault = z.infer<typeof faultSchema>;

/** What a report of the console is as a fault; what is missing is none: an initrd that is refused, memory that is used
 *  up, an init that cannot be started are ends that a damaged initrd may have. */
const faultKinds: Readonly<Partial<Record<FindingKind, FaultKind>>> = {
  kasan: 'kasan',
  kmsan: 'kasan',
  kfence: 'kasan',
  ubsan: 'ubsan',
  lockup: 'lockup',
  'hung-task': 'lockup',
  rcu: 'lockup',
  lockdep: 'lockdep',
  warning: 'warning',
  bug: 'bug',
  kcsan: 'bug',
  atomic: 'bug',
  corruption: 'corruption',
  refcount: 'corruption',
  leak: 'corruption',
  stack: 'oops',
  oops: 'oops',
};

const anyLocation = /\bRIP: 00(\d\d):/;
const reportEnd = /---\[ end trace|Kernel panic - not syncing/;
/** Lines that one report may have before it says where. */
const longestReport = 60;

/** One for each report, in the order they came; what belongs to a report is not counted again. */
export function faultsOf(console: readonly string[]): Fault[] {
  const lines = console.flatMap(line => messagesOf(line).map(({ text }) => text));
  const faults: Fault[] = [];
  for (let at = 0; at < lines.length; at++) {
    const found = kindOf(lines[at]!);
    const kind = found && faultKinds[found];
    if (!kind) continue;
    const end = endOfReport(lines, at);
    const report = lines.slice(at, end);
    if (kind !== 'oops' || segmentOf(report) !== '33') {
      faults.push({ kind, message: lines[at]!.trim(), where: whereOf(report) });
    }
    at = end - 1;
  }
  return faults;
}

/** Of the first place that is named: '10' is the kernel, '33' is user space. */
const segmentOf = (report: readonly string[]): string | undefined =>
  report.map(line => anyLocation.exec(line)?.[1]).find(found => found !== undefined);

/** Behind the last line that may belong to the report that starts at `start`. */
function endOfReport(lines: readonly string[], start: number): number {
  const limit = Math.min(lines.length, start + longestReport);
  // on User-Mode Linux the panic is what the report begins with
  for (let at = start + 1; at < limit; at++) if (reportEnd.test(lines[at]!)) return at + 1;
  return lines.slice(start, limit).some(line => /Call Trace|RIP: /.test(line)) ? limit : start + 1;
}

/** The same fault, on kernels whose addresses and line numbers differ. */
export const sameFault = (a: Fault, b: Fault): boolean =>
  a.kind === b.kind && a.where === b.where && shape(a.message) === shape(b.message);

const shape = (message: string) =>
  message.replace(/0x[0-9a-f]+|\d+/g, '#').replace(/,? (?:by task|PID:|CPU#).*/, '');
