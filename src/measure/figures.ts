// SPDX-License-Identifier: GPL-2.0-only
/** What one boot cost: RunFigures, folded once from its record. Every command, table, report and panel prints these and
 *  works out none of its own. Pure.
 *
 *  All figures count from start_kernel. Under icount they are guest instructions: the guest's counter (`tsc` of a mark,
 *  on arm64 CNTVCT_EL0 in multiples of 16) less what it was at the mark `kernel`. On the wall clock they are milliseconds
 *  of the guest's CLOCK_BOOTTIME (`boottime` of a mark), which starts a little after start_kernel.
 *
 *  Where a boot ends, for every reader: with the last share of the payload's bytes that was to be read and was more than
 *  nothing; where nothing was to be read, at the first instruction of /init. A floor has no payload, and nor have the
 *  boots of `series verify` unless they say so: their probe prints `used percent=0` all the same, 0.3 M instructions
 *  after /init, but what lies between are the probe's own reports, which are the cost of no flow.
 *
 *  Only a boot that reached its end has a cost. One that panicked, hung or was stopped has the points it passed, and
 *  neither `init` nor `steps` nor `total`: it has not done what they are the price of. */
import type { z } from 'zod';
import type { BootRun, UsedStep } from '../boot/boot.ts';
import { list, number, object, text } from '../document.ts';
import {
  clockSchema,
  type Instructions,
  instructionsSchema,
  markSchema,
  type Milliseconds,
  millisecondsSchema,
  type Outcome,
} from '../events.ts';
import { memoryOf, memoryUseSchema } from './memory.ts';
import { unitOf, unitNameSchema } from './unit.ts';

/** What the figures follow from; a boot that still runs has no outcome. */
export type Measurable = Pick<BootRun, 'clock' | 'marks' | 'used' | 'facts'> & {
  readonly outcome?: Outcome | undefined;
  readonly icount?: Instructions | undefined;
  readonly carvedOutBytes?: number | undefined;
};

/** Something a boot passed. */
const pointSchema = object({
  /** 'kernel', 'stage1', 'init', 'used-10', 'initrd.target', 'rootfs', 'end': what two boots are aligned by. */
  id: text,
  /** Absent: what runs behind the probe reported it. */
  mark: markSchema.exactOptional(),
  /** For people: '/init', '10% read'. */
  label: text,
  /** Since start_kernel. */
  at: number,
  /** Since QEMU's start, on the host's clock, when its console line arrived. Absent of what the probe did not print. */
  host: millisecondsSchema.exactOptional(),
});
export type Point = z.infer<typeof pointSchema>;

export const runFiguresSchema = object({
  clock: clockSchema,
  /** Of `at`, `init`, `steps`, `total` and `reading`. */
  unit: unitNameSchema,
  /** Whatever the outcome, in the order of time. From the marks, each step of the reading, and the facts `reached`. */
  points: list(pointSchema),
  /** To the first instruction of the payload's /init. From the mark `init`. */
  init: number.optional(),
  /** To the end of each share of the reading, those before it included. From the facts `used`, without 0%. */
  steps: list(object({ percent: number, total: number })),
  /** All of it: the last step, or `init` where nothing was to be read. */
  total: number.optional(),
  /** `total` less `init`. Absent where nothing was to be read. */
  reading: number.optional(),
  /** icount: virtual nanoseconds that the clock skipped while nothing ran. The counter at the mark `end` less QEMU's own
   *  count of instructions. The guest reads its counter some ten thousand instructions before it stops, so that no idle at
   *  all would come out below zero, and is zero. */
  idle: instructionsSchema.optional(),
  /** What the guest reported, in bytes, at /init, after the reading and on the root. From the facts `memory`. */
  memory: list(memoryUseSchema),
  /** Checksum of what was read, the same for all flows or they did not read the same. From the last fact `used`. */
  sum: text.optional(),
});
export type RunFigures = z.infer<typeof runFiguresSchema>;

export function runFigures(run: Measurable): RunFigures {
  const points = pointsOf(run).sort((a, b) => a.at - b.at);
  const done = run.outcome === undefined || run.outcome.kind === 'ready';
  const init = done ? points.find(({ id }) => id === 'init')?.at : undefined;
  const steps = done ? stepsOf(run) : [];
  const last = steps.at(-1)?.total;
  return {
    clock: run.clock,
    unit: unitOf(run.clock).name,
    points,
    init,
    steps,
    total: last ?? init,
    reading: last === undefined || init === undefined ? undefined : last - init,
    idle: idleOf(run),
    memory: memoryOf(run),
    sum: run.facts.findLast(({ name }) => name === 'used')?.values.sum,
  };
}

function pointsOf(run: Measurable): Point[] {
  const { marks } = run;
  const point = (
    about: Omit<Point, 'at' | 'host'>,
    reached: { readonly host?: Milliseconds; readonly tsc?: number; readonly boottime?: number } | undefined,
  ): Point[] => {
    const at = reached && timeOf(run, reached);
    if (at === undefined) return [];
    return [{ ...about, at, ...(reached?.host !== undefined && { host: reached.host }) }];
  };
  return [
    { id: 'kernel', mark: 'kernel', label: 'start_kernel', at: 0 },
    ...point({ id: 'stage1', mark: 'stage1', label: 'first stage' }, marks.stage1),
    ...point({ id: 'init', mark: 'init', label: '/init' }, marks.init),
    ...readingOf(run).flatMap(step =>
      point({ id: `used-${step.percent}`, mark: 'used', label: `${step.percent}% read` }, step),
    ),
    ...reachedOf(run).flatMap(({ what, ...clocks }) => point({ id: what, label: what }, clocks)),
    ...point({ id: 'rootfs', mark: 'rootfs', label: 'root file system' }, marks.rootfs),
    ...point({ id: 'end', mark: 'end', label: 'end' }, marks.end),
  ];
}

function stepsOf(run: Measurable): RunFigures['steps'] {
  return readingOf(run).flatMap(step => {
    const total = timeOf(run, step);
    return total === undefined ? [] : [{ percent: step.percent, total }];
  });
}

/** The shares that were to be read: 0% is the probe's word for nothing. */
const readingOf = ({ used }: Measurable): UsedStep[] => used.filter(({ percent }) => percent > 0);

function timeOf(
  { clock, marks }: Measurable,
  { tsc, boottime }: { readonly tsc?: number; readonly boottime?: number },
): number | undefined {
  const entry = marks.kernel?.tsc;
  const at = clock === 'wall' ? (boottime ?? NaN) / 1e6 : (tsc ?? NaN) - (entry ?? NaN);
  return Number.isFinite(at) ? at : undefined;
}

function idleOf({ marks, icount }: Measurable): Instructions | undefined {
  const end = marks.end?.tsc;
  return end === undefined || icount === undefined ? undefined : Math.max(0, end - icount);
}

/** What ran behind the probe, and said so (vm/mark.c): each once, in their order. */
function reachedOf({ facts }: Measurable): { what: string; tsc?: number; boottime?: number }[] {
  const reported = facts.filter(({ name }) => name === 'reached').map(({ values }) => values);
  return reported.flatMap(({ what, tsc, boottime }, i) =>
    what === undefined || reported.findIndex(other => other.what === what) < i
      ? []
      : [{ what, ...(tsc && { tsc: Number(tsc) }), ...(boottime && { boottime: Number(boottime) }) }],
  );
}
