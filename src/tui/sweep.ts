// SPDX-License-Identifier: GPL-2.0-only
/** The chart of a sweep: what each row takes, over the first axis that has several places. Text, as its table is. Pure. */
import type { Sweep, SweepPoint } from '../measure/sweep.ts';

export const isSweep = (product: unknown): product is { readonly kind: 'sweep'; readonly sweep: Sweep } =>
  typeof product === 'object' && product !== null && (product as { kind?: unknown }).kind === 'sweep';

const markers = 'abcdefghijklmnopqrstuvwxyz';
const height = 12;

/** A letter for each row of the sweep; floors have none. Lines of at most `width` columns. */
export function sweepChart(sweep: Sweep, width: number): readonly string[] {
  const rows = sweep.rows.filter(row => !row.startsWith('floor'));
  const axis = axisOf(sweep);
  const values = rows.map(row => axis.places.map(place => valueAt(sweep, row, axis, place)));
  const known = values.flat().filter(value => value !== undefined);
  if (known.length === 0 || axis.places.length < 2) return [];
  const top = Math.max(...known);
  const scale = (value: number) => Math.min(height - 1, Math.round((value / top) * (height - 1)));
  const columns = Math.max(8, Math.min(18, Math.floor((width - 14) / axis.places.length)));
  const grid = Array.from({ length: height }, () => Array<string>(columns * axis.places.length).fill(' '));
  values.forEach((series, r) => drawSeries(grid, series, columns, scale, markers[r % markers.length]!));
  const unit = sweep.clock === 'icount' ? 'M instructions' : 'ms';
  const shown = (value: number) => (sweep.clock === 'icount' ? value / 1e6 : value).toFixed(0).padStart(8);
  return [
    `${axis.label}, kernel entry to the end of the reading, ${unit}`,
    ...grid.reverse().map((cells, i) => {
      const value = (top * (height - 1 - i)) / (height - 1);
      return `${i % 3 === 2 || i === 0 ? shown(value) : ' '.repeat(8)} |${cells.join('').trimEnd()}`;
    }),
    `${' '.repeat(9)}+${'-'.repeat(columns * axis.places.length)}`,
    `${' '.repeat(10)}${axis.places.map(place => centred(axis.name(place), columns)).join('')}`.trimEnd(),
    ...rows.map((row, r) => `${' '.repeat(10)}${markers[r % markers.length]!} ${row}`),
  ];
}

interface Axis {
  readonly label: string;
  readonly places: readonly number[];
  readonly of: (point: SweepPoint) => number;
  readonly name: (place: number) => string;
}

function axisOf({ axes, samples }: Sweep): Axis {
  const mebi = (bytes: number) =>
    bytes % 2 ** 20 === 0 ? `${bytes / 2 ** 20}M` : `${Math.round(bytes / 1024)}K`;
  const all: readonly Axis[] = [
    { label: 'filler', places: axes.sizeBytes, of: ({ place }) => place.sizeBytes, name: mebi },
    {
      label: 'guest memory',
      places: axes.memoryMiB,
      of: ({ place }) => place.memoryMiB,
      name: mib => `${mib}M`,
    },
    { label: 'guest CPUs', places: axes.cpus, of: ({ place }) => place.cpus, name: String },
  ];
  const axis = all.find(({ places }) => places.length > 1) ?? all[0]!;
  return { ...axis, label: `over ${axis.label}${samples > 1 ? `, medians of ${samples}` : ''}` };
}

/** At the smallest places of the other axes. */
function valueAt(sweep: Sweep, row: string, axis: Axis, place: number): number | undefined {
  const point = sweep.points.find(candidate => candidate.row === row && axis.of(candidate) === place);
  return point?.used.at(-1)?.total.median ?? point?.init?.median;
}

/** The letter at each place, dots between; where two rows meet, the later one is seen. */
function drawSeries(
  grid: string[][],
  series: readonly (number | undefined)[],
  columns: number,
  scale: (value: number) => number,
  letter: string,
): void {
  const at = (i: number) => i * columns + (columns >> 1);
  for (const [i, value] of series.entries()) {
    if (value === undefined) continue;
    const next = series[i + 1];
    if (next !== undefined) {
      for (let x = at(i) + 1; x < at(i + 1); x++) {
        const share = (x - at(i)) / columns;
        const cells = grid[scale(value + (next - value) * share)]!;
        if (cells[x] === ' ') cells[x] = '.';
      }
    }
    grid[scale(value)]![at(i)] = letter;
  }
}

function centred(text: string, width: number): string {
  const left = Math.max(0, (width - text.length) >> 1);
  return `${' '.repeat(left)}${text}`.padEnd(width);
}
