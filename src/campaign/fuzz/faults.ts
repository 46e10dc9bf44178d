// SPDX-License-Identifier: GPL-2.0-only
/** Faults that a kernel reported on its console, each with the function it names; pure. What user space did to itself
 *  is none: TCG lets iret and lret of damaged user code look like an oops, but RIP is then in segment 0033. */

export type FaultKind = 'kasan' | 'ubsan' | 'lockdep' | 'bug' | 'warning' | 'oops' | 'lockup' | 'corruption';

export interface Fault {
  readonly kind: FaultKind;
  /** The line that says it, without its time. */
  readonly message: string;
  /** The function it happened in; '' when the report names none. */
  readonly where: string;
}

/** First match counts, so the special come before the general. */
const patterns: readonly (readonly [FaultKind, RegExp])[] = [
  ['kasan', /BUG: KASAN: /],
  ['ubsan', /^UBSAN: /],
  // 'blocked in I/O wait for': 7.3's kernel/hung_task.c, 6.12's has no such words
  [
    'lockup',
    /BUG: soft lockup|BUG: workqueue lockup|INFO: task .* blocked (?:in I\/O wait )?for more than|rcu: INFO: .*stall/,
  ],
  [
    'lockdep',
    /^WARNING: (?:possible|inconsistent|suspicious|bad unlock|held lock|lock held|Nested lock)|^INFO: (?:trying to register non-static key|possible|HARDIRQ|SOFTIRQ)|DEBUG_LOCKS_WARN_ON/,
  ],
  ['warning', /^WARNING: /],
  ['bug', /kernel BUG at |^BUG: (?!unable to handle|kernel NULL pointer)/],
  ['corruption', /^list_(?:add|del) corruption|^usercopy: |detected buffer overflow|^page dumped because/],
  [
    'oops',
    /^BUG: (?:unable to handle|kernel NULL pointer)|^Oops: |^Oops\[|^general protection fault|^Unable to handle kernel|^traps: PANIC|^PANIC: |^stack segment: |^double fault/,
  ],
];

const stamp = /^\[ *\d+\.\d{6}\](?:\[ *[TC]\d+\])? /;
const location = /\bR?IP: 0010:(?:0x[0-9a-f]+|([\w.]+)\+0x)|\bpc : ([\w.]+)\+0x/;
const anyLocation = /\bRIP: 00(\d\d):/;
const reportEnd = /---\[ end trace|Kernel panic - not syncing/;
/** Lines that one report may have before it says where. */
const longestReport = 60;

/** One for each report, in the order they came; what belongs to a report is not counted again. */
export function faultsOf(console: readonly string[]): Fault[] {
  const lines = console.map(line => line.replace(stamp, ''));
  const faults: Fault[] = [];
  for (let at = 0; at < lines.length; at++) {
    const kind = patterns.find(([, pattern]) => pattern.test(lines[at]!))?.[0];
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
  for (let at = start; at < limit; at++) if (reportEnd.test(lines[at]!)) return at + 1;
  return lines.slice(start, limit).some(line => /Call Trace|RIP: /.test(line)) ? limit : start + 1;
}

function whereOf(report: readonly string[]): string {
  const inMessage = /\bin ([\w.]+)(?:\+0x|$)| at (?:[^ ]+ )?([\w.]+)\+0x/.exec(report[0]!);
  if (inMessage) return inMessage[1] ?? inMessage[2]!;
  for (const line of report) {
    const found = location.exec(line);
    if (found) return found[1] ?? found[2] ?? '';
  }
  return '';
}

/** The same fault, on kernels whose addresses and line numbers differ. */
export const sameFault = (a: Fault, b: Fault): boolean =>
  a.kind === b.kind && a.where === b.where && shape(a.message) === shape(b.message);

const shape = (message: string) =>
  message.replace(/0x[0-9a-f]+|\d+/g, '#').replace(/,? (?:by task|PID:|CPU#).*/, '');
