// SPDX-License-Identifier: GPL-2.0-only
/** How long work will still take, from how it went lately: a build begins with slow programs of its own, and a cache
 *  makes the rest fast or slow. Pure. */
import type { Milliseconds } from '../events.ts';

interface Moment {
  readonly at: Milliseconds;
  readonly done: number;
}

/** The progress of a piece of work: when it was how far, oldest first. */
export type Pace = readonly Moment[];

/** What is older than that tells nothing of the rest. */
const windowMs = 20_000;
/** Too little to tell anything from. */
const [fewestSteps, shortestMs, smallestPart] = [20, 3000, 0.1];
/** Enough to tell from: what was before may have gone at another pace. */
const enoughSteps = 60;
/** Moments in the window. */
const most = 64;

/** With the next moment; work that begins anew has no past. */
export function paceAfter(pace: Pace, now: Milliseconds, done: number): Pace {
  const last = pace.at(-1);
  if (!last || done < last.done) return [{ at: now, done }];
  // The newest of what is older than the window is where the window begins.
  const begin = Math.max(
    0,
    pace.findLastIndex(({ at }) => now - at >= windowMs),
  );
  const recent = pace.slice(begin);
  const close = recent.length > 1 && now - recent.at(-2)!.at < windowMs / most;
  return [...(close ? recent.slice(0, -1) : recent), { at: now, done }];
}

/** Undefined while nothing can be told. */
export function timeLeft(pace: Pace, now: Milliseconds, total: number): Milliseconds | undefined {
  const last = pace.at(-1);
  if (!last || last.done < total * smallestPart) return undefined;
  const enough = ({ at, done }: Moment) => last.done - done >= enoughSteps && now - at > shortestMs;
  const first = pace.findLast(enough) ?? pace[0]!;
  const [gained, spent] = [last.done - first.done, now - first.at];
  if (gained <= fewestSteps || spent <= shortestMs) return undefined;
  return (spent / gained) * Math.max(0, total - last.done);
}
