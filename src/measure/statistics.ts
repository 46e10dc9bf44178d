// SPDX-License-Identifier: GPL-2.0-only
/** Statistics for samples that are few, skewed and noisy on one side: order statistics, a seeded bootstrap, the rank
 *  sum. The same samples give the same figures, on any machine. */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import {
  cumulativeStdNormalProbability,
  median,
  medianAbsoluteDeviation,
  quantileSorted,
} from 'simple-statistics';
import type { z } from 'zod';
import { number, object } from '../document.ts';

/** Both ends included. */
export const intervalSchema = object({
  low: number,
  high: number,
});
export type Interval = z.infer<typeof intervalSchema>;

export const widthOf = ({ low, high }: Interval): number => high - low;
export const contains = ({ low, high }: Interval, value: number): boolean => low <= value && value <= high;

/** What is said of two sets of samples; `difference` is the second's median less the first's. */
export const differenceSchema = object({
  difference: number,
  /** 95% bootstrap interval of it. */
  interval: intervalSchema,
  /** The second's median over the first's, and its 95% interval. Absent when a median is not above zero. */
  ratio: object({ value: number, interval: intervalSchema }).exactOptional(),
  /** Two-sided p of the Mann-Whitney test: support, never the verdict. */
  mannWhitney: number,
});
export type Difference = z.infer<typeof differenceSchema>;

const resamples = 4000;
const level = 0.95;

/** The larger, the noisier: median of the distances from the median (not scaled to a standard deviation). */
export const madOf = (samples: readonly number[]): number => medianAbsoluteDeviation([...samples]);

/** Samples may differ in number, but there is one at least on each side. */
export function differenceOf(before: readonly number[], after: readonly number[]): Difference {
  const [from, to] = [median([...before]), median([...after])];
  const drawn = bootstrap(before, after);
  const differences = drawn.map(([a, b]) => b - a).sort((a, b) => a - b);
  const ratios = drawn.map(([a, b]) => b / a).sort((a, b) => a - b);
  return {
    difference: to - from,
    interval: middle(differences),
    ...(Math.min(...before, ...after) > 0 && { ratio: { value: to / from, interval: middle(ratios) } }),
    mannWhitney: mannWhitney(before, after),
  };
}

/** Medians of resampled pairs of samples (Efron's percentile bootstrap), each side drawn by itself. */
function bootstrap(before: readonly number[], after: readonly number[]): [number, number][] {
  const generator = xoroshiro128plus(1);
  const medianOfDrawn = (samples: readonly number[]) =>
    median(samples.map(() => samples[uniformInt(generator, 0, samples.length - 1)]!));
  return Array.from({ length: resamples }, () => [medianOfDrawn(before), medianOfDrawn(after)]);
}

const middle = (sorted: number[]): Interval => ({
  low: quantileSorted(sorted, (1 - level) / 2),
  high: quantileSorted(sorted, (1 + level) / 2),
});

/** The pairs (a, b) with b above a, ties as halves: Mann and Whitney's U of the second set. */
function pairsAbove(before: readonly number[], after: readonly number[]): number {
  let above = 0;
  for (const a of before) for (const b of after) above += b > a ? 1 : b === a ? 0.5 : 0;
  return above;
}

/** Two-sided p that both sets come from one distribution: exact where there are no ties and few samples, else the
 *  normal approximation with corrections for ties and continuity. */
export function mannWhitney(before: readonly number[], after: readonly number[]): number {
  const [n, m] = [before.length, after.length];
  const above = pairsAbove(before, after);
  const all = [...before, ...after].sort((a, b) => a - b);
  const ties = tieSizes(all);
  if (n + m <= 40 && ties.every(size => size === 1)) return exactP(n, m, Math.min(above, n * m - above));
  const total = n + m;
  const tied = ties.reduce((sum, size) => sum + (size ** 3 - size), 0);
  const variance = ((n * m) / 12) * (total + 1 - tied / (total * (total - 1)));
  if (!(variance > 0)) return 1;
  const z = Math.max(0, Math.abs(above - (n * m) / 2) - 0.5) / Math.sqrt(variance);
  return Math.min(1, 2 * (1 - cumulativeStdNormalProbability(z)));
}

function tieSizes(sorted: readonly number[]): number[] {
  const sizes: number[] = [];
  sorted.forEach((value, i) => {
    if (i > 0 && value === sorted[i - 1]) sizes[sizes.length - 1]! += 1;
    else sizes.push(1);
  });
  return sizes;
}

/** Twice the share of the arrangements of n and m with at most that many pairs: P(U <= u) by its recurrence
 *  f(n, m, u) = f(n - 1, m, u - m) + f(n, m - 1, u), as the coefficients of a Gaussian binomial. */
function exactP(n: number, m: number, u: number): number {
  let counts = new Float64Array(n * m + 1);
  counts[0] = 1;
  for (let i = 1; i <= n; i++) {
    // times (1 - q^(m + i)), then over (1 - q^i)
    for (let k = n * m; k >= m + i; k--) counts[k]! -= counts[k - m - i]!;
    for (let k = i; k <= n * m; k++) counts[k]! += counts[k - i]!;
  }
  const all = counts.reduce((sum, count) => sum + count, 0);
  counts = counts.slice(0, Math.floor(u) + 1);
  return Math.min(1, (2 * counts.reduce((sum, count) => sum + count, 0)) / all);
}

/** Places of samples far from the rest: modified z-score above 3.5 (Iglewicz and Hoaglin), and by more than 1% of
 *  the median, so that samples which hardly differ have none. */
export function outliersOf(samples: readonly number[]): number[] {
  if (samples.length < 4) return [];
  const [center, mad] = [median([...samples]), madOf(samples)];
  return samples.flatMap((value, i) => {
    const away = Math.abs(value - center);
    return away > 0.01 * Math.abs(center) && 0.6745 * away > 3.5 * mad ? [i] : [];
  });
}

/** Whether the first sample is slower than all others, and an outlier among them. */
export const slowFirst = (samples: readonly number[]): boolean =>
  samples.length >= 4 &&
  samples.slice(1).every(other => other < samples[0]!) &&
  outliersOf(samples).includes(0);
