// SPDX-License-Identifier: GPL-2.0-only
/** From boots to the points of a sweep. A boot is kept as its figures alone, so that thousands can be. */
import type { BootRun } from '../boot/boot.ts';
import { type Mark, marks, type Milliseconds, type Outcome } from '../events.ts';
import { runFigures } from './figures.ts';
import { againstFloor, type MemoryUse, totalAtInit } from './memory.ts';
import { type Spread, spreadOf } from './spread.ts';
import type { Place, SweepPoint, UsedFigures } from './sweep.ts';

/** One boot of a sweep, in the unit of its clock. */
export interface SweepBoot {
  /** Absent: such a machine cannot be made, `outcome` says why. */
  readonly run?: string;
  readonly outcome: Outcome;
  readonly marks: Readonly<Partial<Record<Mark, number>>>;
  readonly used: readonly { readonly percent: number; readonly total: number }[];
  readonly idle?: number;
  readonly memory: readonly MemoryUse[];
  readonly peakBytes?: number;
  /** Checksum of what was read. */
  readonly sum?: string;
  /** Of the host, from before the boot and after it. */
  readonly load?: readonly [number, number];
  readonly stealPercent?: number;
  /** What it took on the host, everything included. */
  readonly host: Milliseconds;
}

export function sweepBoot(run: BootRun, host: Milliseconds): SweepBoot {
  const { points, steps, idle, memory, sum } = runFigures(run);
  const { peakBytes, stealPercent } = run.host;
  return {
    run: run.id,
    outcome: run.outcome,
    marks: Object.fromEntries(points.flatMap(({ mark, at }) => (mark ? [[mark, at] as const] : []))),
    used: steps,
    ...(idle !== undefined && { idle }),
    memory,
    ...(peakBytes !== undefined && { peakBytes }),
    ...(sum !== undefined && { sum }),
    load: [run.host.loadBefore, run.host.loadAfter],
    ...(stealPercent !== undefined && { stealPercent }),
    host,
  };
}

/** What is known of a point without its boots. */
export type PointHead = Pick<
  SweepPoint,
  | 'place'
  | 'row'
  | 'flow'
  | 'format'
  | 'kernel'
  | 'family'
  | 'payloadBytes'
  | 'imageBytes'
  | 'loaderBytes'
  | 'notes'
>;

/** Its boots, variant 0 first. `afterPivot` is one that went on to a root file system: its memory there is the
 *  point's, its figures are not. `floor` is the point of the floor at the same place and kernel. */
export function pointOf(
  head: PointHead,
  boots: readonly SweepBoot[],
  floor: SweepPoint | undefined,
  afterPivot?: SweepBoot,
): SweepPoint {
  const ready = boots.filter(boot => boot.outcome.kind === 'ready');
  const first = ready[0];
  const init = spreadOf(ready.flatMap(boot => boot.marks.init ?? []));
  const memory = [
    ...(first?.memory ?? []),
    ...(afterPivot?.memory.filter(({ at }) => at === 'rootfs') ?? []),
  ];
  const peaks = ready.flatMap(boot => boot.peakBytes ?? []);
  const isFloor = head.flow === 'floor';
  const floorTotal = totalAtInit(isFloor ? memory : (floor?.memory ?? []));
  const overFloor = isFloor ? undefined : floor?.init;
  return {
    ...head,
    outcome: boots.find(boot => boot.outcome.kind !== 'ready')?.outcome ?? { kind: 'ready' },
    ...(init && { init }),
    used: usedOf(ready),
    marks: spreadsOf(ready),
    ...(!isFloor && floor && { floor: floor.row }),
    ...(init && overFloor && { overFloor: init.median - overFloor.median }),
    ...(first?.idle !== undefined && { idle: first.idle }),
    memory: againstFloor(memory, floorTotal),
    ...(peaks.length > 0 && { hostPeakBytes: Math.max(...peaks) }),
    runs: boots.flatMap(boot => boot.run ?? []),
  };
}

function usedOf(ready: readonly SweepBoot[]): UsedFigures[] {
  // boots that older versions stored have the floor's 0%, which is no reading
  const percents = [...new Set(ready.flatMap(boot => boot.used.map(({ percent }) => percent)))].filter(
    percent => percent > 0,
  );
  return percents.flatMap(percent => {
    const steps = ready.flatMap(boot => {
      const total = boot.used.find(step => step.percent === percent)?.total;
      return total === undefined || boot.marks.init === undefined
        ? []
        : [{ total, reading: total - boot.marks.init }];
    });
    const [total, reading] = [
      spreadOf(steps.map(step => step.total)),
      spreadOf(steps.map(step => step.reading)),
    ];
    return total && reading ? [{ percent, total, reading }] : [];
  });
}

function spreadsOf(ready: readonly SweepBoot[]): SweepPoint['marks'] {
  const spreads = marks.flatMap(mark => {
    const spread = spreadOf(ready.flatMap(boot => boot.marks[mark] ?? []));
    return spread ? [[mark, spread] as const] : [];
  });
  return Object.fromEntries(spreads);
}

export const samePlace = (a: Place, b: Place): boolean =>
  a.sizeBytes === b.sizeBytes && a.memoryMiB === b.memoryMiB && a.cpus === b.cpus;

/** What a point costs with that much read; without a percentage what it costs to /init. */
export const costOf = (point: SweepPoint, percent: number | undefined): Spread | undefined =>
  percent === undefined ? point.init : point.used.find(step => step.percent === percent)?.total;
