// SPDX-License-Identifier: GPL-2.0-only
/** Crossovers of a sweep along each of its axes, the others held. */
import { type Crossover, crossoversOf, type Curve } from './crossover.ts';
import { costOf } from './points.ts';
import type { Place, Sweep, SweepPoint } from './sweep.ts';

type Axis = 'size' | 'mem' | 'cpus';
const placeOn = {
  size: (place: Place) => place.sizeBytes,
  mem: (place: Place) => place.memoryMiB,
  cpus: (place: Place) => place.cpus,
} as const satisfies Record<Axis, (place: Place) => number>;

/** Those where the lower one of a pair changes, whatever the layout; pairs that keep their order say nothing. */
export function crossoversOfSweep(sweep: Pick<Sweep, 'points' | 'axes'>): Crossover[] {
  const points = sweep.points.filter(point => point.flow !== 'floor');
  const along = (['size', 'mem', 'cpus'] as const).flatMap(axis =>
    alongAxis(axis, points, sweep.axes.usedPercent),
  );
  return [...along, ...alongUsed(points, sweep.axes.usedPercent)].filter(
    ({ lowerFirst, lowerLast }) =>
      lowerFirst !== undefined && lowerLast !== undefined && lowerFirst !== lowerLast,
  );
}

function alongAxis(axis: Axis, points: readonly SweepPoint[], percents: readonly number[]): Crossover[] {
  const others = (place: Place) =>
    (['size', 'mem', 'cpus'] as const)
      .filter(other => other !== axis)
      .map(other => describe(other, placeOn[other](place)))
      .join(', ');
  const groups = groupedBy(points, point => others(point.place));
  return [...groups].flatMap(([held, members]) =>
    (percents.length > 0 ? percents : [undefined]).flatMap(percent => {
      const curves = [...groupedBy(members, point => point.row)].map(([row, ofRow]) =>
        curveOf(row, ofRow, point => placeOn[axis](point.place), percent),
      );
      return crossoversOf(axis, `${held}, ${percent === undefined ? '/init' : `${percent}% used`}`, curves);
    }),
  );
}

function alongUsed(points: readonly SweepPoint[], percents: readonly number[]): Crossover[] {
  const held = ({ place }: SweepPoint) =>
    `${describe('size', place.sizeBytes)}, ${describe('mem', place.memoryMiB)}, ${describe('cpus', place.cpus)}`;
  return [...groupedBy(points, held)].flatMap(([place, members]) => {
    const curves = members.map(point => ({
      row: point.row,
      points: percents.flatMap(percent => {
        const y = costOf(point, percent);
        return y ? [{ x: percent, y }] : [];
      }),
    }));
    return crossoversOf('used', place, curves);
  });
}

function curveOf(
  row: string,
  points: readonly SweepPoint[],
  x: (point: SweepPoint) => number,
  percent: number | undefined,
): Curve {
  const measured = points.flatMap(point => {
    const y = costOf(point, percent);
    return y ? [{ x: x(point), y }] : [];
  });
  return { row, points: measured.sort((a, b) => a.x - b.x) };
}

function groupedBy<Item>(items: readonly Item[], of: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) groups.set(of(item), [...(groups.get(of(item)) ?? []), item]);
  return groups;
}

/** '64M', '2048 MiB', '1 CPU', '10% used'. */
export function describe(axis: string, value: number): string {
  switch (axis) {
    case 'size':
      return sizeName(value);
    case 'mem':
      return `${value} MiB`;
    case 'cpus':
      return `${value} CPU`;
    default:
      return `${value}% used`;
  }
}

/** As it was typed: 64M, 300K, 1000000. */
export function sizeName(bytes: number): string {
  for (const [unit, size] of [
    ['G', 2 ** 30],
    ['M', 2 ** 20],
    ['K', 2 ** 10],
  ] as const) {
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return String(bytes);
}
