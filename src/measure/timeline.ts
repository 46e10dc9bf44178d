// SPDX-License-Identifier: GPL-2.0-only
/** One boot on one line: events in their order, the phases between them, what went on beside; and two of them aligned
 *  by event. Pure. Zero is start_kernel (by the wall clock where CLOCK_BOOTTIME starts, a little later). */
import { z } from 'zod';
import type { BootRun } from '../boot/boot.ts';
import { list, number, object, text } from '../document.ts';
import type { Mark } from '../events.ts';
import { type Point, type RunFigures, runFigures } from './figures.ts';
import { counterRate, handled, kernelLogOf, unpackStarts } from './kernellog.ts';
import { unitNameSchema } from './unit.ts';

/** The words of systemd-analyze(1). */
export const phases = ['firmware', 'loader', 'kernel', 'initrd', 'userspace'] as const;
export type Phase = (typeof phases)[number];

/** A point of the boot, and 'power-on', 'loader', 'handover', which are before it and so below zero, and 'initrd'. */
export interface TimelineEvent extends Omit<Point, 'mark'> {
  /** What begins with it. */
  readonly phase: Phase;
}

/** As much of a run as this follows from. */
export type Timed = Pick<BootRun, 'id' | 'row' | 'flow' | 'clock' | 'marks' | 'used' | 'facts'>;

/** From one event to the next. */
export interface Segment {
  readonly phase: Phase;
  /** Ids of the events. */
  readonly from: string;
  readonly to: string;
  readonly start: number;
  readonly end: number;
}

/** Something that went on beside the segments, and may have cost none of them. */
export interface Beside {
  readonly id: 'unpacking';
  readonly label: string;
  readonly start: number;
  readonly end: number;
}

export interface Timeline {
  readonly run: string;
  readonly row: string;
  readonly flow: string;
  readonly clock: 'icount' | 'wall';
  readonly unit: RunFigures['unit'];
  readonly events: readonly TimelineEvent[];
  /** Without a gap, from the first event to the last. */
  readonly segments: readonly Segment[];
  /** Of all segments of a phase; phases the boot does not have are absent. */
  readonly phases: readonly { readonly phase: Phase; readonly start: number; readonly end: number }[];
  readonly beside: readonly Beside[];
}

/** Folds a run. Events that it did not pass, or whose clock says nothing, are left out. */
export function timelineOf(run: Timed): Timeline {
  const { points, unit } = runFigures(run);
  const events = eventsOf(run, points).sort((a, b) => a.at - b.at);
  const segments = events.slice(1).map((event, i) => {
    const before = events[i]!;
    return { phase: before.phase, from: before.id, to: event.id, start: before.at, end: event.at };
  });
  return {
    run: run.id,
    row: run.row,
    flow: run.flow,
    clock: run.clock,
    unit,
    events,
    segments,
    phases: phases.flatMap(phase => {
      const own = segments.filter(segment => segment.phase === phase);
      return own.length > 0 ? [{ phase, start: own[0]!.start, end: own.at(-1)!.end }] : [];
    }),
    beside: besideOf(run, points),
  };
}

/** What begins with a mark; all else is on the way from the kernel to the root file system. */
const begins: Readonly<Partial<Record<Mark, Phase>>> = {
  kernel: 'kernel',
  rootfs: 'userspace',
  end: 'userspace',
};

function eventsOf(run: Timed, points: readonly Point[]): TimelineEvent[] {
  // without a root the boot ends with the reading; what follows are reports
  const shown = points.filter(({ mark }) => mark !== 'end' || run.marks.rootfs !== undefined);
  return [
    ...beforeKernel(run),
    ...initrdEvents(run, points),
    ...shown.map(({ mark, ...point }) => ({ ...point, phase: (mark && begins[mark]) ?? 'initrd' })),
  ];
}

/** What happened before the kernel ran. The counter started with the power; where the loader started, the host saw. The
 *  loader's own times are that counter's, but by a rate it measured itself, which a busy host spoils: what it was off by
 *  at its start it was off by at its end. */
function beforeKernel(run: Timed): TimelineEvent[] {
  const [init, told] = [run.marks.init, run.facts.find(fact => fact.name === 'loader')?.values];
  const rate = counterRate(run);
  if (run.clock !== 'wall' || init?.tsc === undefined || init.boottime === undefined || !told || !rate) {
    return [];
  }
  const powerOn = init.boottime / 1e6 - (init.tsc / rate) * 1e3;
  const seen = run.marks.loader;
  const loader =
    seen?.host !== undefined && init.host !== undefined
      ? init.boottime / 1e6 - (init.host - seen.host) - powerOn
      : Number(told.init) / 1e3;
  const handover = loader * (Number(told.exec) / Number(told.init));
  if (!(loader > 0 && handover >= loader)) return [];
  return [
    { id: 'power-on', label: 'power on', at: powerOn, phase: 'firmware' },
    { id: 'loader', label: 'boot loader', at: powerOn + loader, phase: 'loader' },
    { id: 'handover', label: 'kernel executed', at: powerOn + handover, phase: 'kernel' },
  ];
}

function initrdEvents(run: Timed, points: readonly Point[]): TimelineEvent[] {
  const first = firstProgram(points);
  const done = kernelLogOf(run).findLast(({ at, text }) => at <= first && handled.test(text));
  return done ? [{ id: 'initrd', label: 'initrd handled', at: done.at, phase: 'kernel' }] : [];
}

const firstProgram = (points: readonly Point[]): number =>
  points.find(({ id }) => id === 'stage1' || id === 'init')?.at ?? Infinity;

/** The kernel unpacks in a thread of its own while initcalls go on. */
function besideOf(run: Timed, points: readonly Point[]): Beside[] {
  const log = kernelLogOf(run);
  const start = log.find(({ text }) => unpackStarts.test(text));
  const end = log.findLast(({ at, text }) => at <= firstProgram(points) && handled.test(text));
  if (!start || !end) return [];
  return [{ id: 'unpacking', label: 'initrd unpacked or mounted', start: start.at, end: end.at }];
}

/** Two boots, event by event. `delta` is the second less the first. */
export const alignmentSchema = object({
  unit: unitNameSchema,
  runs: z.tuple([text, text]).readonly(),
  events: list(
    object({
      id: text,
      label: text,
      /** Null where it was not passed. */
      at: z.tuple([number.nullable(), number.nullable()]).readonly(),
      delta: number.exactOptional(),
    }),
  ),
  /** Where the difference at the last event that both passed came about; adds up to it. */
  phases: list(
    object({ phase: z.enum(phases), lengths: z.tuple([number, number]).readonly(), delta: number }),
  ),
  total: number,
});
export type Alignment = z.infer<typeof alignmentSchema>;

/** @throws nothing: timelines of different clocks share no figures, and have no deltas */
export function alignTimelines(a: Timeline, b: Timeline): Alignment {
  const comparable = a.unit === b.unit;
  const order = merged(
    a.events.map(({ id }) => id),
    b.events.map(({ id }) => id),
  );
  const at = (timeline: Timeline, id: string) => timeline.events.find(event => event.id === id)?.at;
  const label = (id: string) => [...a.events, ...b.events].find(event => event.id === id)!.label;
  const events = order.map(id => {
    const [from, to] = [at(a, id), at(b, id)];
    const delta = comparable && from !== undefined && to !== undefined ? to - from : undefined;
    return {
      id,
      label: label(id),
      at: [from ?? null, to ?? null] as const,
      ...(delta !== undefined && { delta }),
    };
  });
  const last = events.findLast(event => event.delta !== undefined && event.id !== 'end') ?? events[0];
  const lengths = (timeline: Timeline, phase: Phase) =>
    timeline.segments
      .filter(segment => segment.phase === phase && segment.end <= (at(timeline, last?.id ?? '') ?? Infinity))
      .reduce((sum, { start, end }) => sum + (end - start), 0);
  const shared = phases.flatMap(phase => {
    const both = [lengths(a, phase), lengths(b, phase)] as const;
    return both[0] === 0 && both[1] === 0 ? [] : [{ phase, lengths: both, delta: both[1] - both[0] }];
  });
  return {
    unit: a.unit,
    runs: [a.run, b.run],
    events,
    phases: comparable ? shared : [],
    total: comparable ? shared.reduce((sum, { delta }) => sum + delta, 0) : 0,
  };
}

/** Ids of both, in an order that keeps each one's own. */
function merged(a: readonly string[], b: readonly string[]): string[] {
  const result: string[] = [];
  let next = 0;
  for (const id of a) {
    const there = b.indexOf(id, next);
    if (there >= 0) {
      result.push(...b.slice(next, there).filter(other => !a.includes(other)));
      next = there + 1;
    }
    result.push(id);
  }
  return [...result, ...b.slice(next).filter(id => !a.includes(id))];
}
