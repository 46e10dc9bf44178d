// SPDX-License-Identifier: GPL-2.0-only
/** What a sweep asks for, and the boots that answer it. Pure. */
import type { Clock } from '../../boot/boot.ts';
import type { Place } from '../../measure/sweep.ts';
import { describe, sizeName } from '../../measure/sweepcrossovers.ts';
import type { RowPlan } from '../rows.ts';

export interface SweepRequest {
  /** As named: FLOW[:FORMAT][@KERNEL][+WORD...]. */
  readonly rows: readonly string[];
  /** Expands a row without a format to each of these that its flow boots. Empty: the flow's own. */
  readonly formats: readonly string[];
  readonly tree: string;
  readonly series: string;
  readonly fragments: readonly string[];
  readonly arch?: string | undefined;
  /** Default: the setting `refresh`. */
  readonly refresh?: boolean | undefined;
  readonly payload: string;
  /** Bytes of the payload's files. Empty: the payload as it is. */
  readonly sizes: readonly number[];
  readonly memoryMiB: readonly number[];
  readonly cpus: readonly number[];
  readonly used: readonly number[];
  readonly clock: Clock;
  /** Boots of each point: perturbed variants under icount, rounds on the wall clock. */
  readonly samples: number;
  readonly append: readonly string[];
  /** One more boot of each point that goes on to a root file system: what is left in memory then. */
  readonly pivot: boolean;
  readonly smallestMemory: boolean;
  readonly timeoutMs?: number | undefined;
  /** Boots side by side; only icount figures stand that. */
  readonly atOnce: number;
  /** Boot again what was booted before. */
  readonly again: boolean;
  readonly dryRun: boolean;
}

export interface SweepCase {
  readonly kind: 'boot' | 'pivot' | 'smallest';
  readonly row: RowPlan;
  readonly place: Place;
  readonly sample: number;
}

/** 0 stands for a payload that has the size it has. */
export function placesOf(request: Pick<SweepRequest, 'sizes' | 'memoryMiB' | 'cpus'>): Place[] {
  const sizes = request.sizes.length > 0 ? request.sizes : [0];
  return sizes.flatMap(sizeBytes =>
    request.memoryMiB.flatMap(memoryMiB => request.cpus.map(cpus => ({ sizeBytes, memoryMiB, cpus }))),
  );
}

/** Whether the floor, which has no payload, is the same at two places. */
const oneFloor = (row: RowPlan, place: Place, places: readonly Place[]) =>
  row.flow.usesPayload ||
  places.find(other => other.memoryMiB === place.memoryMiB && other.cpus === place.cpus) === place;

/** The boots of all points: icount runs through all rows before the next variant, so that a sweep that is stopped has
 *  something of everything; on the wall clock each place has its rounds, forth and back. */
export function bootsOf(
  rows: readonly RowPlan[],
  places: readonly Place[],
  { clock, samples, pivot }: Pick<SweepRequest, 'clock' | 'samples' | 'pivot'>,
): SweepCase[] {
  const numbers = Array.from({ length: samples }, (_, i) => i);
  const at = (place: Place, sample: number, ordered: readonly RowPlan[]) =>
    ordered
      .filter(row => oneFloor(row, place, places))
      .map(row => ({ kind: 'boot', row, place, sample }) as const);
  const boots =
    clock === 'icount'
      ? numbers.flatMap(sample => places.flatMap(place => at(place, sample, rows)))
      : places.flatMap(place =>
          numbers.flatMap(sample => at(place, sample, sample % 2 ? [...rows].reverse() : rows)),
        );
  if (!pivot) return boots;
  const pivots = places.flatMap(place =>
    rows
      .filter(row => oneFloor(row, place, places))
      .map(row => ({ kind: 'pivot', row, place, sample: 0 }) as const),
  );
  return [...boots, ...pivots];
}

/** Rows and sizes whose smallest memory is asked for, with the most that is tried. */
export function smallestOf(
  rows: readonly RowPlan[],
  places: readonly Place[],
): { row: RowPlan; place: Place }[] {
  const sizes = [...new Set(places.map(({ sizeBytes }) => sizeBytes))];
  const memoryMiB = Math.max(...places.map(place => place.memoryMiB));
  return sizes.flatMap(sizeBytes =>
    rows.filter(row => row.flow.usesPayload).map(row => ({ row, place: { sizeBytes, memoryMiB, cpus: 1 } })),
  );
}

/** The words that ask for it again. */
export function sweepCommand(request: SweepRequest): string[] {
  const option = (name: string, values: readonly (string | number)[]) =>
    values.length > 0 ? [`--${name}`, values.join(',')] : [];
  const flag = (name: string, set: boolean) => (set ? [`--${name}`] : []);
  const { sizes, memoryMiB, cpus, used, formats, clock, samples, tree, series, arch, payload } = request;
  return [
    ...['initbench', 'sweep', ...option('payload', [payload]), ...option('size', sizes.map(sizeName))],
    ...[...option('used', used), ...option('format', formats), ...option('mem', memoryMiB)],
    ...[...option('cpus', cpus), ...option('clock', [clock])],
    ...option(clock === 'icount' ? 'variants' : 'rounds', [samples]),
    ...[...option('tree', [tree]), ...option('series', [series]), ...option('arch', arch ? [arch] : [])],
    ...request.append.flatMap(word => ['--append', word]),
    ...[...flag('pivot', request.pivot), ...flag('smallest-mem', request.smallestMemory)],
    ...request.rows,
  ];
}

/** Names a case for people; with a digest of what it depends on it is the key of its result. */
export function labelOf({ kind, row, place, sample }: SweepCase): string {
  const size = row.flow.usesPayload && place.sizeBytes > 0 ? `${sizeName(place.sizeBytes)} ` : '';
  const where = `${size}${row.id} ${describe('mem', place.memoryMiB)} ${describe('cpus', place.cpus)}`;
  return kind === 'boot' ? `${where} #${sample}` : `${where} ${kind}`;
}
