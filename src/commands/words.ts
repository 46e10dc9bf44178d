// SPDX-License-Identifier: GPL-2.0-only
/** Sentences both front ends use for what the stages mean. */
export { describeOutcome } from '../measure/outcome.ts';
export { differenceText, figureText, figureWithUnit, unitOf } from '../measure/unit.ts';
export { shellQuote } from '../host/argv.ts';

/** '3.2 s', '4 min 39 s'. */
export function duration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${String(Math.floor(seconds % 60)).padStart(2, '0')} s`;
}
