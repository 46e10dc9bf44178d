// SPDX-License-Identifier: GPL-2.0-only
/** The time that is left: from the last seconds, once there is something to tell from. */
import { expect, test } from 'vitest';
import { type Pace, paceAfter, timeLeft } from '../../src/commands/pace.ts';

/** Steps a second in each of the seconds that follow; what is told at the end of each. */
function told(total: number, rates: readonly number[]): (number | undefined)[] {
  let pace: Pace = [];
  let done = 0;
  return rates.map((rate, second) => {
    for (let part = 0; part < 10; part++) {
      done += rate / 10;
      pace = paceAfter(pace, 1000 * second + 100 * part, Math.round(done));
    }
    const left = timeLeft(pace, 1000 * second + 900, total);
    return left === undefined ? undefined : Math.round(left / 1000);
  });
}
const seconds = (count: number, rate: number) => Array.from({ length: count }, () => rate);

test('nothing is told of the slow beginning of a build that a cache makes fast', () => {
  // 80 programs of the build's own in a minute, then 1900 objects in another one.
  const shown = told(1980, [...seconds(60, 1.33), ...seconds(60, 32)]);
  expect(shown.slice(0, 60).every(left => left === undefined)).toBe(true);
  const numbers = shown.filter(left => left !== undefined);
  expect(numbers.length).toBeGreaterThan(50);
  expect(Math.max(...numbers)).toBeLessThan(90);
  // Seconds after the change it is right.
  expect(Math.abs(shown[70]! - 49)).toBeLessThanOrEqual(4);
});

test('at an even pace it is right, and gets smaller', () => {
  const shown = told(1000, seconds(100, 10)).map((left, second) =>
    left === undefined ? left : left + second + 1,
  );
  expect(shown.slice(0, 8)).toEqual(Array(8).fill(undefined));
  for (const end of shown.slice(10, 99)) expect(Math.abs(end! - 100)).toBeLessThanOrEqual(2);
});

test('few large steps tell nothing, and work that begins anew has no past', () => {
  expect(told(40, seconds(40, 0.5)).filter(left => left !== undefined)).toEqual([]);
  const pace = paceAfter(paceAfter([], 0, 500), 10_000, 3);
  expect(pace).toEqual([{ at: 10_000, done: 3 }]);
  expect(timeLeft([], 0, 10)).toBeUndefined();
});

test('it stays small, however often it is told', () => {
  let pace: Pace = [];
  for (let at = 0; at < 100_000; at += 3) pace = paceAfter(pace, at, at);
  expect(pace.length).toBeLessThan(80);
});
