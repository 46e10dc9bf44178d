// SPDX-License-Identifier: GPL-2.0-only
/** What has to hold of the statistics whatever the samples are, and known values. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { spreadOf } from '../../src/measure/spread.ts';
import {
  contains,
  differenceOf,
  madOf,
  mannWhitney,
  outliersOf,
  slowFirst,
  widthOf,
} from '../../src/measure/statistics.ts';

const value = fc.integer({ min: 1, max: 10 ** 9 });
const samples = fc.array(value, { minLength: 1, maxLength: 15 });
const several = fc.array(value, { minLength: 4, maxLength: 15 });
const few = { numRuns: 40 };
const shuffled = (list: readonly number[], order: readonly number[]) =>
  list
    .map((item, i) => [item, order[i]!] as const)
    .sort((a, b) => a[1] - b[1])
    .map(([item]) => item);

describe('spreadOf()', () => {
  test('brackets its median, keeps the samples in their order, and knows no order itself', () => {
    fc.assert(
      fc.property(
        samples,
        fc.array(fc.double({ noNaN: true }), { minLength: 15, maxLength: 15 }),
        (list, order) => {
          const spread = spreadOf(list)!;
          expect(spread.samples).toEqual(list);
          expect(spread.min).toBeLessThanOrEqual(spread.median);
          expect(spread.median).toBeLessThanOrEqual(spread.max);
          expect(spread.mad).toBeLessThanOrEqual(spread.max - spread.min);
          const { samples: _, ...rest } = spreadOf(shuffled(list, order))!;
          expect(spread).toMatchObject(rest);
        },
      ),
    );
  });

  test('half of the samples lie on each side of the median', () => {
    fc.assert(
      fc.property(samples, list => {
        const { median } = spreadOf(list)!;
        expect(list.filter(x => x <= median).length * 2).toBeGreaterThanOrEqual(list.length);
        expect(list.filter(x => x >= median).length * 2).toBeGreaterThanOrEqual(list.length);
      }),
    );
  });

  test('of nothing is nothing', () => {
    expect(spreadOf([])).toBeUndefined();
  });
});

test('madOf() does not move with the samples, and grows with them', () => {
  fc.assert(
    fc.property(
      samples,
      fc.integer({ min: -1000, max: 1000 }),
      fc.integer({ min: 1, max: 50 }),
      (list, by, times) => {
        expect(madOf(list.map(x => x + by))).toBeCloseTo(madOf(list), 3);
        expect(madOf(list.map(x => x * times))).toBeCloseTo(times * madOf(list), 3);
      },
    ),
  );
  expect(madOf([1, 1, 2, 2, 4, 6, 9])).toBe(1);
});

describe('differenceOf()', () => {
  test('says the same of the same samples', () => {
    fc.assert(
      fc.property(samples, samples, (a, b) => {
        expect(differenceOf(a, b)).toEqual(differenceOf(a, b));
      }),
      few,
    );
  });

  test('has its difference in its interval, and that within what samples can differ by', () => {
    fc.assert(
      fc.property(several, several, (a, b) => {
        const { difference, interval, ratio } = differenceOf(a, b);
        expect(interval.low).toBeLessThanOrEqual(interval.high);
        expect(interval.low).toBeGreaterThanOrEqual(Math.min(...b) - Math.max(...a));
        expect(interval.high).toBeLessThanOrEqual(Math.max(...b) - Math.min(...a));
        expect(difference).toBe(spreadOf(b)!.median - spreadOf(a)!.median);
        expect(ratio!.interval.low).toBeLessThanOrEqual(ratio!.interval.high);
      }),
      few,
    );
  });

  test('moves by what all samples of one side are moved by', () => {
    fc.assert(
      fc.property(several, several, fc.integer({ min: 0, max: 10 ** 6 }), (a, b, by) => {
        const [before, after] = [
          differenceOf(a, b),
          differenceOf(
            a,
            b.map(x => x + by),
          ),
        ];
        expect(after.difference - before.difference).toBeCloseTo(by, 3);
        expect(after.interval.low - before.interval.low).toBeCloseTo(by, 3);
        expect(after.interval.high - before.interval.high).toBeCloseTo(by, 3);
      }),
      few,
    );
  });

  test('of samples that do not vary has an interval without width, and no ratio below zero', () => {
    const { interval, ratio } = differenceOf([5, 5, 5], [7, 7, 7]);
    expect(interval).toEqual({ low: 2, high: 2 });
    expect(widthOf(interval)).toBe(0);
    expect(ratio).toEqual({ value: 1.4, interval: { low: 1.4, high: 1.4 } });
    expect(differenceOf([0, 1], [1, 2])).not.toHaveProperty('ratio');
  });

  test('covers the truth: 95% intervals of two equal sources hold zero nearly always', () => {
    let seed = 1;
    // Park and Miller; skewed as boots are
    const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
    const boots = () => Array.from({ length: 12 }, () => 1000 - 30 * Math.log(1 - random()));
    const held = Array.from({ length: 60 }, () => contains(differenceOf(boots(), boots()).interval, 0));
    expect(held.filter(Boolean).length).toBeGreaterThanOrEqual(54);
  });
});

describe('mannWhitney()', () => {
  test('is a probability, the same in both directions, and knows ranks only', () => {
    fc.assert(
      fc.property(samples, samples, (a, b) => {
        const p = mannWhitney(a, b);
        expect(p).toBeGreaterThanOrEqual(0);
        expect(p).toBeLessThanOrEqual(1);
        expect(mannWhitney(b, a)).toBeCloseTo(p, 10);
        expect(mannWhitney(a.map(Math.log), b.map(Math.log))).toBeCloseTo(p, 10);
      }),
    );
  });

  test('known values: exact without ties, 2 / C(10, 5) where sets of five do not overlap', () => {
    expect(mannWhitney([1, 2, 3, 4, 5], [6, 7, 8, 9, 10])).toBeCloseTo(2 / 252, 12);
    // R: wilcox.test(c(1.1, 2.2, 3.3, 4.4), c(2.5, 3.5, 4.5, 5.5, 6.5))$p.value
    expect(mannWhitney([1.1, 2.2, 3.3, 4.4], [2.5, 3.5, 4.5, 5.5, 6.5])).toBeCloseTo(14 / 126, 12);
    expect(mannWhitney([3, 3, 3], [3, 3])).toBe(1);
  });

  test('the approximation for many samples is near the exact value', () => {
    const a = Array.from({ length: 20 }, (_, i) => 2 * i);
    const b = Array.from({ length: 20 }, (_, i) => 2 * i + 9);
    const exact = mannWhitney(a, b);
    const approximate = mannWhitney([...a, 1000], [...b, 1000]);
    expect(Math.abs(exact - approximate)).toBeLessThan(0.02);
  });
});

describe('outliersOf()', () => {
  test('names places of samples, never those near the median', () => {
    fc.assert(
      fc.property(several, list => {
        const { median } = spreadOf(list)!;
        for (const place of outliersOf(list)) {
          expect(Math.abs(list[place]! - median)).toBeGreaterThan(0.01 * median);
        }
        expect(outliersOf(list).length).toBeLessThan(list.length / 2);
      }),
    );
  });

  test('a boot that took twice as long is one; samples that hardly differ have none', () => {
    expect(outliersOf([100, 101, 99, 100, 200])).toEqual([4]);
    expect(outliersOf([1000, 1000, 1000, 1000, 1001])).toEqual([]);
    expect(outliersOf([1, 100])).toEqual([]);
  });

  test('a slow first boot is told from a slow later one', () => {
    expect(slowFirst([200, 100, 101, 99, 100])).toBe(true);
    expect(slowFirst([100, 200, 101, 99, 100])).toBe(false);
    expect(slowFirst([102, 100, 101, 99, 100])).toBe(false);
  });
});
