// SPDX-License-Identifier: GPL-2.0-only
/** A sweep as plain text: a table for each place of its axes, what crosses where, what is doubtful. ASCII only. */
import type { Crossover } from './crossover.ts';
import { failedFloors } from './floor.ts';
import { namedGrid } from './grid.ts';
import { formatMemory } from './memorytable.ts';
import { platformText } from './platform.ts';
import { costOf } from './points.ts';
import { rangeOf, type Spread } from './spread.ts';
import type { Place, SmallestMemory, Sweep, SweepPoint } from './sweep.ts';
import { describe, sizeName } from './sweepcrossovers.ts';
import { describeOutcome } from './outcome.ts';
import { figureText, unitOf } from './unit.ts';

/** Lines for a terminal of `width` columns. Ranges stand beside their medians where there is room, else the widest
 *  of a row has a column of its own. */
export function formatSweep(sweep: Sweep, width: number): string[] {
  const places = [...new Map(sweep.points.map(({ place }) => [JSON.stringify(place), place])).values()];
  const pivoted = sweep.points.some(point => point.memory.some(({ at }) => at === 'rootfs'));
  return [
    ...headOf(sweep),
    ...places.flatMap(place => {
      const points = sweep.points.filter(point => JSON.stringify(point.place) === JSON.stringify(place));
      const memory = pivoted ? formatMemory(points.map(point => ({ ...point, id: point.row }))) : [];
      return [
        '',
        placeName(place, sweep),
        ...tableOf(sweep, points, width),
        ...(pivoted ? ['', ...memory] : []),
      ];
    }),
    ...smallestTable(sweep.smallestMemory),
    ...crossoverLines(sweep.crossovers),
    ...remarks(sweep),
  ];
}

function headOf(sweep: Sweep): string[] {
  const { conditions: c, boots } = sweep;
  const figures =
    sweep.clock === 'icount'
      ? `millions of guest instructions since start_kernel, not time; median of ${sweep.samples} layouts`
      : `milliseconds of guest CLOCK_BOOTTIME; median of ${sweep.samples} rounds`;
  return [
    `sweep ${sweep.id}: payload ${sweep.payload}, ${boots.total} boots, ${minutes(boots.seconds)} of boots`,
    `clock ${sweep.clock}: ${figures}${sweep.samples > 1 ? ' (range)' : ''}`,
    `linux ${c.tree} ${c.arch}, ${platformText(c)}, ${c.hostCpus} host CPUs`,
    ...(c.treeNote ? [`linux ${c.tree} ${c.treeNote}`] : []),
    ...(sweep.complete ? [] : ['not complete: it was stopped, the same command goes on']),
  ];
}

const minutes = (seconds: number) => (seconds < 120 ? `${seconds} s` : `${(seconds / 60).toFixed(0)} min`);

function placeName(place: Place, { axes }: Sweep): string {
  const size = place.sizeBytes > 0 ? [sizeName(place.sizeBytes)] : [];
  const mem = axes.memoryMiB.length > 1 ? [describe('mem', place.memoryMiB)] : [];
  const cpus = axes.cpus.length > 1 ? [describe('cpus', place.cpus)] : [];
  return [...size, ...mem, ...cpus].join(', ') || 'all files';
}

function tableOf(sweep: Sweep, points: readonly SweepPoint[], width: number): string[] {
  const percents: readonly (number | undefined)[] = [undefined, ...sweep.axes.usedPercent];
  const table = (beside: boolean) => {
    const cell = (spread: Spread | undefined) => {
      if (!spread) return '-';
      const range = beside && sweep.samples > 1 ? ` (${figureText(rangeOf(spread), sweep.clock)})` : '';
      return `${figureText(spread.median, sweep.clock)}${range}`;
    };
    const widest = (point: SweepPoint) => {
      const ranges = percents.flatMap(percent => {
        const cost = costOf(point, percent);
        return cost ? [rangeOf(cost)] : [];
      });
      return ranges.length > 0 ? figureText(Math.max(...ranges), sweep.clock) : '-';
    };
    const inColumn = !beside && sweep.samples > 1;
    const unit = unitOf(sweep.clock).short;
    return namedGrid([
      [
        'row',
        'image',
        ...percents.map(percent => (percent === undefined ? 'to /init' : `${percent}%`)),
        ...(inColumn ? ['range'] : []),
        'memory',
      ],
      ['', 'MiB', ...percents.map(() => unit), ...(inColumn ? [unit] : []), 'MiB'],
      ...points.map(
        point =>
          [
            point.row,
            (point.imageBytes / 2 ** 20).toFixed(1),
            ...percents.map(percent => cell(costOf(point, percent))),
            ...(inColumn ? [widest(point)] : []),
            mebi(point.memory.find(({ at }) => at === 'init')?.used),
          ] as const,
      ),
    ]);
  };
  const full = table(true);
  return full.every(line => line.length <= width) ? full : table(false);
}

const mebi = (bytes: number | undefined) => (bytes === undefined ? '-' : (bytes / 2 ** 20).toFixed(1));

function smallestTable(smallest: readonly SmallestMemory[]): string[] {
  if (smallest.length === 0) return [];
  const sizes = [...new Set(smallest.map(({ sizeBytes }) => sizeBytes))];
  const rows = [...new Set(smallest.map(({ row }) => row))];
  const cell = (row: string, size: number) => {
    const found = smallest.find(one => one.row === row && one.sizeBytes === size);
    return found?.bootsMiB === undefined ? 'none' : String(found.bootsMiB);
  };
  return [
    '',
    'smallest -m that boots and reads, MiB',
    ...namedGrid([
      ['row', ...sizes.map(size => (size > 0 ? sizeName(size) : 'files'))],
      ...rows.map(row => [row, ...sizes.map(size => cell(row, size))] as const),
    ]),
  ];
}

/** With a blank and a heading in front; nothing when there is none. */
export function crossoverLines(crossovers: readonly Crossover[]): string[] {
  const lines = crossovers.flatMap(({ axis, held, rows, at, between, lowerFirst, lowerLast }) => {
    if (at === undefined || lowerFirst === undefined || lowerLast === undefined) return [];
    const place = (x: number) => describe(axis, axis === 'size' ? Math.round(x) : x);
    const near =
      axis === 'size' ? `${(at / 2 ** 20).toFixed(1)}M` : `${at.toFixed(1)}${axis === 'used' ? '%' : ''}`;
    const other = rows.find(row => row !== lowerFirst)!;
    return [
      `${held}: ${lowerFirst} is below ${other} up to ${axis} ${near} (between ${place(between![0])} and ${place(between![1])})`,
    ];
  });
  return lines.length > 0 ? ['', 'crossovers, by straight lines between places', ...lines] : [];
}

function remarks({ points, warnings }: Sweep): string[] {
  const failed = points
    .filter(point => point.outcome.kind !== 'ready')
    .map(point => `${sizeName(point.place.sizeBytes)} ${point.row}: ${describeOutcome(point.outcome)}`);
  const notes = [...new Set(points.flatMap(point => point.notes.map(note => `${point.row}: ${note}`)))];
  const lines = [
    ...failed,
    ...failedFloorsOf(points),
    ...notes.map(note => `note: ${note}`),
    ...warnings.map(({ about, remedy }) => `warning: ${about}; ${remedy}`),
  ];
  return lines.length > 0 ? ['', ...lines] : [];
}

/** A floor has no payload and is at one size alone, but at each memory and each count of CPUs. */
export function failedFloorsOf(points: readonly SweepPoint[]): string[] {
  const machineOf = ({ place }: SweepPoint) =>
    `${describe('mem', place.memoryMiB)}, ${describe('cpus', place.cpus)}`;
  const machines = [...new Set(points.map(machineOf))];
  return machines.flatMap(machine => {
    const own = points.filter(point => machineOf(point) === machine);
    const lines = failedFloors(own.map(point => ({ ...point, id: point.row })));
    return machines.length > 1 ? lines.map(line => `${machine}: ${line}`) : lines;
  });
}
