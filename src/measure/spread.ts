// SPDX-License-Identifier: GPL-2.0-only
/** Spread of raw samples: order statistics only, so that one slow boot cannot move the figure. */
import { median } from 'simple-statistics';
import type { z } from 'zod';
import { list, number, object } from '../document.ts';
import { madOf } from './statistics.ts';

export const spreadSchema = object({
  median: number,
  min: number,
  max: number,
  /** Median of the distances from the median. */
  mad: number,
  /** In the order they were taken. */
  samples: list(number),
});
export type Spread = z.infer<typeof spreadSchema>;

/** Undefined without samples: an absent figure is never zero. */
export function spreadOf(samples: readonly number[]): Spread | undefined {
  if (samples.length === 0) return undefined;
  return {
    median: median([...samples]),
    min: Math.min(...samples),
    max: Math.max(...samples),
    mad: madOf(samples),
    samples,
  };
}

/** Of one sample there is no spread to speak of. */
export const rangeOf = (spread: Spread): number => spread.max - spread.min;
