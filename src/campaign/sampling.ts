// SPDX-License-Identifier: GPL-2.0-only
/** In which order rows are booted, and when there are enough boots: layouts under icount, rounds on the wall clock. */
import type { BootRun } from '../boot/boot.ts';
import { merge, type Milliseconds, type Work } from '../events.ts';
import { Interrupted } from '../host/errors.ts';
import { runFigures } from '../measure/figures.ts';
import { type Noise, noiseOf } from '../measure/judgement.ts';
import { differenceOf, widthOf } from '../measure/statistics.ts';
import { figureWithUnit } from '../measure/unit.ts';
import { interleaved } from './rows.ts';

/** Boots one row: its number, and the layout it has. */
export type Boot = (row: number, variant: number) => Work<BootRun>;

export interface Sampled {
  /** By row, in the order of the samples. */
  readonly runs: readonly (readonly BootRun[])[];
  readonly noise?: Noise;
  readonly rounds: number;
  /** Why there were no more: as many as asked for, precise enough, or out of time. */
  readonly stopped: 'count' | 'precision' | 'budget';
}

/** Every layout of every row; side by side, which icount figures stand. */
export async function* sampleLayouts(
  rows: readonly string[],
  variants: number,
  atOnce: number,
  boot: Boot,
  signal: AbortSignal,
): Work<Sampled> {
  const order = Array.from({ length: variants }, (_, variant) =>
    rows.map((_, row) => ({ row, variant })),
  ).flat();
  const runs: BootRun[][] = rows.map(() => []);
  let done = 0;
  const total = order.length;
  const works = order.map(async function* ({ row, variant }): Work<void> {
    if (signal.aborted) throw new Interrupted();
    yield { job: 'compare', type: 'progress', done, total, label: `boot ${rows[row]!}` };
    runs[row]![variant] = yield* boot(row, variant);
    done += 1;
  });
  yield* merge(works, atOnce);
  return { runs, rounds: variants, stopped: 'count' };
}

export interface Rounds {
  /** Exactly so many. Absent: until it is precise enough. */
  readonly count?: number;
  /** Of the reference's median: how wide the interval of a difference may be. */
  readonly precisionPercent: number;
  readonly budgetMs: Milliseconds;
}

/** Rounds of A/A before all others, and the fewest of the others. */
const fewest = 5;

/** A/A first: the reference with itself, whose difference is what no other may be smaller than to count. Then all rows
 *  forth and back, the reference's twin among them. */
export async function* sampleRounds(
  rows: readonly string[],
  reference: number,
  rounds: Rounds,
  boot: Boot,
  signal: AbortSignal,
): Work<Sampled> {
  const began = performance.now();
  const inTime = (more: Milliseconds) => performance.now() - began + more < rounds.budgetMs;
  const runs: BootRun[][] = rows.map(() => []);
  const twins: readonly [BootRun[], BootRun[]] = [[], []];
  const name = rows[reference]!;
  let done = 0;
  const progress = (total: number, label: string) =>
    ({ job: 'compare', type: 'progress', done: done++, total, label }) as const;
  const each = async function* (row: number, total: number, label: string): Work<BootRun> {
    if (signal.aborted) throw new Interrupted();
    yield progress(total, label);
    return yield* boot(row, 0);
  };
  const perRound = rows.length + 1;
  const asked = rounds.count ?? fewest;
  const first = Math.min(asked, fewest);
  const total = 2 * first + perRound * asked;
  for (const twin of interleaved(2, first)) {
    twins[twin as 0 | 1].push(yield* each(reference, total, `A/A: boot ${name}`));
  }
  const noise = () =>
    noiseOf(
      name,
      costs(twins[0]),
      costs(twins[1]),
      [...twins[0], ...twins[1]].map(run => run.id),
    );
  const known = noise();
  if (known) {
    const { difference, boundary } = known;
    yield {
      ...{ job: 'compare', type: 'notice', level: 'info' },
      message: `A/A: ${name} twice, ${first} boots each, differs by ${figureWithUnit(difference.difference, 'wall')}; what is below ${figureWithUnit(boundary, 'wall')} is no difference`,
    };
  }

  let round = 0;
  let longest = 0;
  let stopped: Sampled['stopped'] = 'count';
  for (;;) {
    if (rounds.count !== undefined && round >= rounds.count) break;
    if (rounds.count === undefined && round >= fewest && precise(runs, reference, rounds.precisionPercent)) {
      stopped = 'precision';
      break;
    }
    if (round > 0 && !inTime(longest)) {
      stopped = 'budget';
      break;
    }
    const start = performance.now();
    // the twin is the last row: beside the reference in no round, so that neither gains from the other's caches
    const order = interleaved(perRound, 2).slice(round % 2 ? perRound : 0, round % 2 ? undefined : perRound);
    for (const row of order) {
      const whole = Math.max(total, 2 * first + perRound * (round + 1));
      if (row === rows.length) twins[1].push(yield* each(reference, whole, `A/A: boot ${name}`));
      else {
        const run = yield* each(row, whole, `round ${round + 1}: boot ${rows[row]!}`);
        runs[row]!.push(run);
        if (row === reference) twins[0].push(run);
      }
    }
    longest = Math.max(longest, performance.now() - start);
    round += 1;
  }
  const last = noise();
  return { runs, ...(last && { noise: last }), rounds: round, stopped };
}

/** Whether the interval of each row's difference from the reference is narrow enough. */
function precise(runs: readonly (readonly BootRun[])[], reference: number, percent: number): boolean {
  const base = costs(runs[reference]!);
  return runs.every((own, row) => {
    const samples = costs(own);
    if (row === reference || samples.length === 0 || base.length === 0) return true;
    const { interval } = differenceOf(base, samples);
    const median = [...base].sort((a, b) => a - b)[base.length >> 1]!;
    return widthOf(interval) <= (percent / 100) * median;
  });
}

/** What is judged: the total of each boot that has one. */
const costs = (runs: readonly BootRun[]): number[] => runs.flatMap(run => runFigures(run).total ?? []);
