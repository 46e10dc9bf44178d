// SPDX-License-Identifier: GPL-2.0-only
/** The charts of a sweep: boots against the payload's size, one line a row, and what a boot is made of at one size. */
import { type Mark, marks, type Outcome } from '../../events.ts';
import { platformText } from '../platform.ts';
import { rangeOf, type Spread } from '../spread.ts';
import type { Sweep, SweepPoint } from '../sweep.ts';
import { describeOutcome } from '../outcome.ts';
import { unitOf } from '../unit.ts';
import type { Bar, BarChart, LineChart, Point } from './chart.ts';

/** How a boot ended, short enough for the place of its figures. */
export const endOf = (outcome: Outcome): string => describeOutcome(outcome).split('; ')[0]!;

const mebi = 2 ** 20;
/** 16, 17.9, 256 */
export const mebibytes = (bytes: number): string => String(Math.round((bytes / mebi) * 10) / 10);

/** The machines of a sweep: all that differ in memory or CPUs. */
export function machinesOf({ axes }: Pick<Sweep, 'axes'>): { memoryMiB: number; cpus: number }[] {
  return axes.memoryMiB.flatMap(memoryMiB => axes.cpus.map(cpus => ({ memoryMiB, cpus })));
}

export type MachinePlace = Pick<SweepPoint['place'], 'memoryMiB' | 'cpus'>;

export const pointsOn = (sweep: Sweep, { memoryMiB, cpus }: MachinePlace): SweepPoint[] =>
  sweep.points.filter(({ place }) => place.memoryMiB === memoryMiB && place.cpus === cpus);

/** Up to /init, or to the end of reading a share of the files. */
export type Until = 'init' | number;

export const figureAt = (point: SweepPoint, until: Until): Spread | undefined =>
  until === 'init' ? point.init : point.used.find(({ percent }) => percent === until)?.total;

const untilText = (until: Until): string =>
  until === 'init' ? 'to /init' : `until ${until}% of the files are read`;

/** Boots against size, one line a row; undefined where there are fewer than two sizes. */
export function sizeChart(sweep: Sweep, machine: MachinePlace, until: Until): LineChart | undefined {
  const points = pointsOn(sweep, machine);
  const { long: name, per } = unitOf(sweep.clock);
  const sizes = sweep.axes.sizeBytes.flatMap(sizeBytes => {
    const there = points.filter(({ place, flow }) => place.sizeBytes === sizeBytes && flow !== 'floor');
    return there.length > 0 ? [{ sizeBytes, x: Math.max(...there.map(payloadOf)) / mebi }] : [];
  });
  const lines = sweep.rows.flatMap(row => {
    const own = sizes.map(({ sizeBytes, x }) => ({ x, point: pointOf(points, row, sizeBytes) }));
    const family = own.find(({ point }) => point)?.point?.flow;
    if (family === undefined) return [];
    const drawn = own.flatMap(({ x, point }) => (point ? pointAt(point, x, until, per) : []));
    const gaps = own.flatMap(({ x, point }) => (point && figureOf(point, until) ? [] : [x]));
    return [{ name: row, family, points: drawn, gaps }];
  });
  if (sweep.axes.sizeBytes.length < 2 || lines.every(line => line.points.length === 0)) return undefined;
  const families = [...new Set(lines.map(({ family }) => family))];
  return {
    title: `Boot ${untilText(until)}, by size of the payload`,
    x: 'payload: bytes of its files before packing, MiB',
    y: `${name} since start_kernel`,
    lines,
    families: [...families.filter(family => family !== 'floor'), 'floor'],
    caption: captionOf(sweep, machine),
  };
}

/** A row at a size. A floor has no payload: it was booted at one size, and stands at each. */
const pointOf = (points: readonly SweepPoint[], row: string, sizeBytes: number): SweepPoint | undefined =>
  points.find(point => point.row === row && point.place.sizeBytes === sizeBytes) ??
  points.find(point => point.row === row && point.flow === 'floor');

const payloadOf = ({ payloadBytes }: SweepPoint): number => payloadBytes;

/** Of boots that got there. */
const figureOf = (point: SweepPoint, until: Until): Spread | undefined =>
  point.outcome.kind === 'ready' ? figureAt(point, until) : undefined;

function pointAt(point: SweepPoint, x: number, until: Until, per: number): Point[] {
  const figure = figureOf(point, until);
  return figure ? [{ x, y: figure.median / per, ...ends(figure, per) }] : [];
}

const ends = (figure: Spread, per: number): { low?: number; high?: number } =>
  rangeOf(figure) > 0 ? { low: figure.min / per, high: figure.max / per } : {};

/** What boots of one size are made of, a bar a row. */
export function phaseChart(sweep: Sweep, machine: MachinePlace, sizeBytes: number): BarChart {
  const { long: name, per } = unitOf(sweep.clock);
  const points = pointsOn(sweep, machine);
  const payload = Math.max(0, ...points.filter(({ place }) => place.sizeBytes === sizeBytes).map(payloadOf));
  return {
    title: `What a boot is made of, payload of ${mebibytes(payload)} MiB`,
    x: `${name} since start_kernel`,
    bars: sweep.rows.flatMap(row => {
      const point = pointOf(points, row, sizeBytes);
      return point ? [phaseBar(point, per)] : [];
    }),
    caption: captionOf(sweep, machine),
  };
}

/** The same, and only what is more than the floor of the same kernel takes to its /init. */
export function aboveFloorChart(sweep: Sweep, machine: MachinePlace, sizeBytes: number): BarChart {
  const { long: name, per } = unitOf(sweep.clock);
  const whole = phaseChart(sweep, machine, sizeBytes);
  const points = pointsOn(sweep, machine).filter(({ place }) => place.sizeBytes === sizeBytes);
  const floorOf = (row: string) => {
    const point = points.find(other => other.row === row);
    return point?.init && point.overFloor !== undefined && point.flow !== 'floor'
      ? (point.init.median - point.overFloor) / per
      : undefined;
  };
  return {
    ...whole,
    title: whole.title.replace('What a boot is made of', 'What a boot takes above the floor'),
    x: `${name} above the floor, an initramfs with nothing but the probe`,
    bars: whole.bars.flatMap(bar => {
      const floor = floorOf(bar.name);
      if (bar.missing !== undefined) return [bar];
      if (floor === undefined) return [];
      return [
        {
          ...bar,
          parts: withoutFirst(bar.parts, floor),
          ...(bar.low !== undefined &&
            bar.high !== undefined && { low: bar.low - floor, high: bar.high - floor }),
        },
      ];
    }),
  };
}

/** Takes an amount from the front of a bar. */
function withoutFirst(parts: Bar['parts'], amount: number): Bar['parts'] {
  let left = amount;
  return parts.map(({ name, value }) => {
    const taken = Math.min(left, value);
    left -= taken;
    return { name, value: value - taken };
  });
}

/** How a step of the reading is called: 'reading 1%', 'reading 1 to 10%'. */
export const readingOf = (percent: number, before: number | undefined): string =>
  `reading ${before === undefined ? '' : `${before} to `}${percent}%`;

/** How the way to a mark is called. */
const wayTo: Readonly<Partial<Record<Mark, string>>> = {
  stage1: 'kernel',
  rootfs: 'to the root file system',
};

function phaseBar(point: SweepPoint, per: number): Bar {
  if (point.outcome.kind !== 'ready') {
    return { name: point.row, parts: [], missing: endOf(point.outcome) };
  }
  const { init } = point;
  const before = marks.slice(0, marks.indexOf('init')).flatMap(mark => {
    const figure = mark === 'kernel' ? undefined : point.marks[mark];
    return figure ? [{ name: wayTo[mark] ?? mark, until: figure }] : [];
  });
  const steps = [
    ...before,
    ...(init ? [{ name: before.length > 0 ? 'first stage' : 'kernel', until: init }] : []),
    ...point.used.map(({ percent, total }, i) => ({
      name: readingOf(percent, point.used[i - 1]?.percent),
      until: total,
    })),
  ];
  const last = steps.at(-1)?.until;
  return {
    name: point.row,
    parts: steps.map(({ name, until }, i) => ({
      name,
      value: Math.max(0, until.median - (steps[i - 1]?.until.median ?? 0)) / per,
    })),
    ...(last && ends(last, per)),
  };
}

/** How many boots the figures of points have: 'n = 8', of a sweep that was stopped 'n = 1 to 8'. */
export function countText(points: readonly SweepPoint[]): string {
  const counts = points.flatMap(({ init }) => (init ? [init.samples.length] : []));
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  if (counts.length === 0) return 'n = 0';
  return `n = ${least === most ? most : `${least} to ${most}`}`;
}

function captionOf(sweep: Sweep, machine: MachinePlace): string[] {
  const { memoryMiB, cpus } = machine;
  const { conditions: c, samples } = sweep;
  return [
    sweep.clock === 'icount'
      ? 'Guest instructions under QEMU icount: they repeat to the last digit and are no time (no caches, no disk, no loader).'
      : "Milliseconds of the guest's CLOCK_BOOTTIME.",
    samples > 1
      ? `Median of ${countText(pointsOn(sweep, machine))} ${sweep.clock === 'icount' ? 'boots that differ in layout alone' : 'rounds'}; the caps are the lowest and the highest.`
      : 'n = 1 boot of each point.',
    `Linux ${c.tree} ${c.arch}, ${memoryMiB} MiB, ${cpus} CPU, ${platformText(c)}. Sweep ${sweep.id.slice(0, 12)}.`,
  ];
}
