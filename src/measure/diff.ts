// SPDX-License-Identifier: GPL-2.0-only
/** Two boots held against each other: their timelines by event, and what they were made with. Pure. */
import { diffArrays, diffLines } from 'diff';
import type { BootRun } from '../boot/boot.ts';
import { sinceKernel } from './figures.ts';

/** One event on both sides, in the clock's unit since start_kernel; absent where a boot did not pass it. */
export interface Aligned {
  /** 'init', 'used 10%' */
  readonly event: string;
  readonly before?: number;
  readonly after?: number;
  /** What the way from the event before took more, or less, in the second. */
  readonly delta?: number;
}

/** A property that differs. */
export interface Changed {
  readonly what: string;
  readonly before: string;
  readonly after: string;
}

export interface RunDiff {
  readonly clock: 'icount' | 'wall';
  /** Absent when the clocks differ: their figures cannot be held against each other. */
  readonly timeline?: readonly Aligned[];
  readonly changed: readonly Changed[];
  /** Words of the QEMU command: ' ' in both, '-' in the first alone, '+' in the second alone. */
  readonly argv: readonly { readonly sign: ' ' | '-' | '+'; readonly word: string }[];
  /** Lines of the kernels' configurations that differ, as in a diff; absent when the configurations are the same, or
   *  are no longer there. */
  readonly config?: readonly string[];
}

interface Event {
  readonly event: string;
  readonly at: number;
}

/** Every event of a boot in its clock, in order. */
export function eventsOf(run: BootRun): Event[] {
  const entry = run.marks.kernel?.tsc;
  const at = ({ tsc, boottime }: { tsc?: number; boottime?: number }): number | undefined => {
    if (run.clock === 'wall') return boottime === undefined ? undefined : boottime / 1e6;
    return tsc === undefined || entry === undefined ? undefined : tsc - entry;
  };
  const marks = Object.entries(run.marks).flatMap(([mark, times]) => {
    const time = mark === 'kernel' || (mark === 'used' && run.used.length > 0) ? undefined : at(times);
    return time === undefined ? [] : [{ event: mark, at: time }];
  });
  const steps = run.used.flatMap(step => {
    const time = at(step);
    return time === undefined ? [] : [{ event: `used ${step.percent}%`, at: time }];
  });
  return [...marks, ...steps].sort((a, b) => a.at - b.at);
}

/** Events of both in one order: the first's, with those of the second alone where they came. */
export function aligned(before: readonly Event[], after: readonly Event[]): Aligned[] {
  const names = diffArrays(
    before.map(({ event }) => event),
    after.map(({ event }) => event),
  ).flatMap(({ value }) => value);
  const order = [...new Set(names)];
  const find = (events: readonly Event[], name: string) => events.find(({ event }) => event === name)?.at;
  let last = { before: 0, after: 0 };
  return order.map(event => {
    const [from, to] = [find(before, event), find(after, event)];
    if (from === undefined || to === undefined) {
      return { event, ...(from !== undefined && { before: from }), ...(to !== undefined && { after: to }) };
    }
    const delta = to - last.after - (from - last.before);
    last = { before: from, after: to };
    return { event, before: from, after: to, delta };
  });
}

/** `configs`: both .config texts, where they are at hand. */
export function diffRuns(
  before: BootRun,
  after: BootRun,
  configs?: { readonly before: string; readonly after: string },
): RunDiff {
  const words = diffArrays([...before.argv], [...after.argv]).flatMap(({ added, removed, value }) =>
    value.map(word => ({ sign: added ? ('+' as const) : removed ? ('-' as const) : (' ' as const), word })),
  );
  const config = configs && configLines(configs);
  return {
    clock: before.clock,
    ...(before.clock === after.clock && { timeline: aligned(eventsOf(before), eventsOf(after)) }),
    changed: changedOf(before, after),
    argv: words,
    ...(config && config.length > 0 && { config }),
  };
}

/** Only what differs: a configuration has thousands of lines. */
const configLines = ({ before, after }: { readonly before: string; readonly after: string }): string[] =>
  diffLines(before, after).flatMap(({ added, removed, value }) =>
    added || removed
      ? value
          .split('\n')
          .filter(line => line !== '')
          .map(line => `${added ? '+' : '-'}${line}`)
      : [],
  );

function changedOf(before: BootRun, after: BootRun): Changed[] {
  const properties: Readonly<Record<string, (run: BootRun) => string>> = {
    outcome: run => run.outcome.kind,
    kernel: run => `${run.kernel.name} ${run.kernel.release} ${run.kernel.digest.slice(0, 12)}`,
    config: run => run.kernel.configDigest.slice(0, 12),
    patches: run => run.kernel.origin?.series?.slice(0, 12) ?? 'none',
    fragments: run => run.kernel.origin?.fragments.join(', ') ?? 'unknown',
    payload: run => `${run.payload.name} ${run.payload.digest.slice(0, 12)}`,
    images: run =>
      run.images
        .map(({ role, format, digest, bytes }) => `${role} ${format} ${digest.slice(0, 12)} ${bytes} bytes`)
        .join(', '),
    memory: run => `${run.memoryMiB} MiB`,
    CPUs: run => String(run.cpus),
    clock: run => run.clock,
    accelerator: run => run.accelerator,
    QEMU: run => run.qemuVersion,
    machine: run => run.machine ?? 'unknown',
    host: run => `${run.host.cpu}, Linux ${run.host.kernel}`,
    'files read': run => run.facts.findLast(({ name }) => name === 'used')?.values.sum ?? 'none',
  };
  return Object.entries(properties).flatMap(([what, of]) => {
    const [from, to] = [of(before), of(after)];
    return from === to ? [] : [{ what, before: from, after: to }];
  });
}

/** Whether two boots gave the same figures to the last digit; undefined when there is nothing to compare. */
export function sameDigits(before: BootRun, after: BootRun): boolean | undefined {
  if (sinceKernel(before, 'init', before.clock) === undefined || before.clock !== after.clock)
    return undefined;
  return JSON.stringify(eventsOf(before)) === JSON.stringify(eventsOf(after));
}
