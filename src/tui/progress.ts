// SPDX-License-Identifier: GPL-2.0-only
/** How far work is: each of its streams by itself, and none ever goes back. Pure. */
import { type Pace, paceAfter, timeLeft } from '../commands/pace.ts';
import { duration } from '../commands/words.ts';
import type { Milliseconds, WorkEvent } from '../events.ts';

type Event = Extract<WorkEvent, { type: 'progress' }>;

export interface Progress {
  /** The stream it is of, as events name the work: 'compare', 'build base'. */
  readonly name: string;
  readonly label: string;
  readonly done: number;
  readonly total: number | undefined;
  /** The most that was ever shown; undefined before any total was known. */
  readonly percent: number | undefined;
  /** Where whoever works knows better than the rate so far tells. */
  readonly leftMs: Milliseconds | undefined;
  readonly pace: Pace;
}

/** Streams in the order they began; one that goes on keeps its place. */
export function withProgress(all: readonly Progress[], event: Event, now: Milliseconds): readonly Progress[] {
  const { job: name, label, done, total, leftMs } = event;
  const before = all.find(one => one.name === name);
  const reached =
    total === undefined ? undefined : Math.min(100, Math.floor((100 * done) / Math.max(1, total)));
  const percent = reached === undefined ? before?.percent : Math.max(reached, before?.percent ?? 0);
  const pace = paceAfter(before?.pace ?? [], now, done);
  const next: Progress = { name, label, done, total, percent, leftMs, pace };
  return before ? all.map(one => (one.name === name ? next : one)) : [...all, next];
}

/** A step of that stream has begun or ended: what was told of the one before is over. */
export const withoutProgress = (all: readonly Progress[], name: string): readonly Progress[] =>
  all.filter(one => one.name !== name);

/** '40% (2/5) boot userspace, about 12 s left'. */
function words({ label, done, total, percent, leftMs, pace }: Progress, now: Milliseconds): string {
  if (total === undefined || percent === undefined) return `${done} ${label}`;
  // a total that grew: what was shown before stands, and the count would contradict it
  if (percent > Math.floor((100 * done) / Math.max(1, total))) return `${percent}% ${label}`;
  const left = leftMs ?? timeLeft(pace, now, total);
  return `${percent}% (${done}/${total}) ${label}${left === undefined ? '' : `, about ${duration(left)} left`}`;
}

/** The outermost stream, and what moves in it now. */
export function progressWords(all: readonly Progress[], now: Milliseconds): string {
  if (all.length < 2) return all.map(one => words(one, now)).join();
  const [outer, inner] = [all[0]!, all.at(-1)!];
  return `${outer.name} ${words(outer, now)}; ${inner.name} ${words(inner, now)}`;
}
