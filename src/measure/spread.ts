// SPDX-License-Identifier: GPL-2.0-only
/** Spread of raw samples: order statistics only, so that one slow boot cannot move the figure. */
import { median } from 'simple-statistics';
import { madOf } from './statistics.ts';

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Median of the distances from the median. */
  readonly mad: number;
  /** In the order they were taken. */
  readonly samples: readonly number[];
}

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
