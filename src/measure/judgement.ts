// SPDX-License-Identifier: GPL-2.0-only
/** Whether two rows differ, and by how much: against the spread between boots of one row with itself (A/A) on the wall
 *  clock, layout by layout under icount. */
import { z } from 'zod';
import { number, object, text, texts } from '../document.ts';
import { spreadOf, spreadSchema } from './spread.ts';
import { contains, differenceOf, differenceSchema, intervalSchema } from './statistics.ts';

/** A row against the reference. `none`: no difference that these boots could show. */
const verdictSchema = z.enum(['lower', 'higher', 'none', 'not ranked']);
export type Verdict = z.infer<typeof verdictSchema>;

export const judgementSchema = object({
  difference: number,
  /** wall: 95% bootstrap interval of the difference of medians; icount: the least and the most over the layouts. */
  interval: intervalSchema,
  ratio: differenceSchema.unwrap().shape.ratio.exactOptional(),
  mannWhitney: number.exactOptional(),
  verdict: verdictSchema,
  /** Why it is that, where it is not the interval alone. */
  why: text.exactOptional(),
});
export type Judgement = z.infer<typeof judgementSchema>;

/** One row twice, as if it were two. */
export const noiseSchema = object({
  row: text,
  first: spreadSchema,
  second: spreadSchema,
  difference: differenceSchema,
  /** What two rows that are the same may differ by. */
  boundary: number,
  runs: texts,
});
export type Noise = z.infer<typeof noiseSchema>;

/** @throws never; undefined without samples on both sides */
export function noiseOf(
  row: string,
  first: readonly number[],
  second: readonly number[],
  runs: readonly string[],
): Noise | undefined {
  const [a, b] = [spreadOf(first), spreadOf(second)];
  if (!a || !b) return undefined;
  const difference = differenceOf(first, second);
  const { low, high } = difference.interval;
  return { row, first: a, second: b, difference, boundary: Math.max(Math.abs(low), Math.abs(high)), runs };
}

/** One boot or two have no spread, and their interval would be a point. */
const fewest = 3;

/** On the wall clock: a difference counts when its interval leaves out zero, and is larger than that of A/A. */
export function judgeRounds(
  reference: readonly number[],
  samples: readonly number[],
  noise: Noise | undefined,
  unranked?: string,
): Judgement {
  const { difference, interval, ratio, mannWhitney } = differenceOf(reference, samples);
  const figures = { difference, interval, mannWhitney, ...(ratio && { ratio }) };
  if (unranked !== undefined) return { ...figures, verdict: 'not ranked', why: unranked };
  if (Math.min(reference.length, samples.length) < fewest) {
    return { ...figures, verdict: 'not ranked', why: 'too few boots' };
  }
  if (contains(interval, 0)) return { ...figures, verdict: 'none' };
  if (noise && Math.abs(difference) <= noise.boundary) {
    return { ...figures, verdict: 'none', why: 'inside the A/A spread' };
  }
  return { ...figures, verdict: difference < 0 ? 'lower' : 'higher' };
}

/** Under icount: the same layout of both, one after the other. A difference counts when all layouts agree on its sign.
 *  Undefined with a single layout, which says nothing of layouts. */
export function judgeLayouts(
  reference: readonly number[],
  samples: readonly number[],
): Judgement | undefined {
  if (samples.length < 2 || samples.length !== reference.length) return undefined;
  const spread = spreadOf(samples.map((value, i) => value - reference[i]!))!;
  const [from, to] = [spreadOf(reference)!, spreadOf(samples)!];
  const ratios = samples.map((value, i) => value / reference[i]!);
  return {
    difference: spread.median,
    interval: { low: spread.min, high: spread.max },
    ...(from.min > 0 && {
      ratio: {
        value: to.median / from.median,
        interval: { low: Math.min(...ratios), high: Math.max(...ratios) },
      },
    }),
    verdict: spread.max < 0 ? 'lower' : spread.min > 0 ? 'higher' : 'none',
    ...(spread.max >= 0 && spread.min <= 0 && { why: 'layouts do not agree' }),
  };
}
