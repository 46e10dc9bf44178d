// SPDX-License-Identifier: GPL-2.0-only
/** The smallest memory that boots, by bisection. Pure. */

/** Multiples of this are tried. */
export const stepMiB = 4;

export interface Bisected {
  /** To be tried next; absent: done. */
  readonly next?: number;
  /** The smallest that is known to boot. */
  readonly boots?: number;
  /** The largest below it that is known not to. */
  readonly fails?: number;
}

/** From what is known so far (undefined: not tried) to what comes next. Between the two ends one boots and one does
 *  not, so that the answer is an edge even where booting does not grow with memory. */
export function bisect(mostMiB: number, boots: (memoryMiB: number) => boolean | undefined): Bisected {
  const most = Math.floor(mostMiB / stepMiB);
  const known = (steps: number) => boots(steps * stepMiB);
  if (known(most) === undefined) return { next: most * stepMiB };
  if (known(most) === false) return { fails: most * stepMiB };
  let [low, high] = [0, most];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    const answer = known(middle);
    if (answer === undefined) return { next: middle * stepMiB };
    if (answer) high = middle;
    else low = middle;
  }
  return { boots: high * stepMiB, ...(low > 0 && { fails: low * stepMiB }) };
}

/** Boots that bisect() asks for at the most: the largest memory, and one for each halving of what lies below. */
export const mostSteps = (mostMiB: number): number => 1 + Math.ceil(Math.log2(mostMiB / stepMiB));
