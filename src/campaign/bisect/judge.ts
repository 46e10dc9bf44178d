// SPDX-License-Identifier: GPL-2.0-only
/** Whether samples lie above a limit, when each is noisy: the sign test, so that nothing is assumed of the noise. Pure. */

/** Boots of a commit at least, and at most, before it is given up as too close to tell. */
export const fewestSamples = 6;
export const mostSamples = 15;
/** The chance that a median on the limit is called above, or below, at one look. */
const level = 0.02;

export type Judgement = 'above' | 'below' | 'unclear';

/** Six samples on one side are enough; with one on the other side it takes nine, with two twelve. */
export function judge(samples: readonly number[], limit: number): Judgement {
  const above = samples.filter(sample => sample > limit).length;
  const below = samples.filter(sample => sample < limit).length;
  const n = above + below;
  if (tail(n, above) <= level) return 'above';
  // A value that is the limit is not above it.
  if (tail(samples.length, samples.length - above) <= level) return 'below';
  return 'unclear';
}

/** P(X >= k) for n throws of a fair coin. */
function tail(n: number, k: number): number {
  let sum = 0;
  let ways = 1;
  for (let i = 0; i <= n; i++) {
    if (i >= k) sum += ways;
    ways = (ways * (n - i)) / (i + 1);
  }
  return sum / 2 ** n;
}
