// SPDX-License-Identifier: GPL-2.0-only
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeLayouts, judgeRounds, noiseOf } from '../../src/measure/judgement.ts';

const milliseconds = fc.array(fc.integer({ min: 500, max: 600 }), { minLength: 6, maxLength: 12 });
const few = { numRuns: 30 };
const plus = (samples: readonly number[], by: number) => samples.map(sample => sample + by);

describe('judgeRounds()', () => {
  test('a row against itself is no difference, whatever its samples are', () => {
    fc.assert(
      fc.property(milliseconds, samples => {
        expect(judgeRounds(samples, samples, undefined).verdict).toBe('none');
      }),
      few,
    );
  });

  test('what is far outside of both spreads is found, in its direction', () => {
    fc.assert(
      fc.property(milliseconds, milliseconds, (a, b) => {
        const noise = noiseOf('a', a, b, []);
        expect(judgeRounds(a, plus(b, 1000), noise).verdict).toBe('higher');
        expect(judgeRounds(plus(a, 1000), b, noise).verdict).toBe('lower');
      }),
      few,
    );
  });

  test('no verdict ever names a difference inside the A/A spread', () => {
    fc.assert(
      fc.property(milliseconds, milliseconds, milliseconds, (a, again, b) => {
        const noise = noiseOf('a', a, again, [])!;
        const { verdict, difference } = judgeRounds(a, b, noise);
        if (Math.abs(difference) <= noise.boundary) expect(verdict).toBe('none');
        expect(noise.boundary).toBeGreaterThanOrEqual(Math.abs(noise.difference.difference));
      }),
      few,
    );
  });

  test('says why: a steady small difference is inside of a wide A/A', () => {
    const noise = noiseOf('a', [500, 510, 520, 530], [540, 550, 560, 570], [])!;
    expect(judgeRounds([500, 501, 502], [505, 506, 507], noise)).toMatchObject({
      difference: 5,
      verdict: 'none',
      why: 'inside the A/A spread',
    });
    expect(judgeRounds([1, 2], [500, 501], noise, 'oversubscribed')).toMatchObject({
      verdict: 'not ranked',
      why: 'oversubscribed',
    });
    for (const [a, b] of [
      [[1], [500]],
      [
        [1, 2, 3],
        [500, 501],
      ],
    ] as const) {
      expect(judgeRounds(a, b, undefined)).toMatchObject({ verdict: 'not ranked', why: 'too few boots' });
    }
    expect(noiseOf('a', [], [1], [])).toBeUndefined();
  });
});

describe('judgeLayouts()', () => {
  test('finds 1% that layouts hide: the same layouts are compared with each other', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 190e6, max: 200e6 }), { minLength: 2, maxLength: 8 }),
        layouts => {
          const slower = layouts.map(value => Math.round(value * 1.01));
          const judged = judgeLayouts(layouts, slower)!;
          expect(judged.verdict).toBe('higher');
          expect(judged.interval.low).toBeGreaterThan(0);
          expect(judgeLayouts(slower, layouts)!.verdict).toBe('lower');
          expect(judgeLayouts(layouts, layouts)).toMatchObject({ verdict: 'none', difference: 0 });
        },
      ),
    );
  });

  test('layouts that do not agree are no difference; one layout is no judgement', () => {
    expect(judgeLayouts([100, 100, 100], [90, 101, 90])).toMatchObject({
      verdict: 'none',
      why: 'layouts do not agree',
      interval: { low: -10, high: 1 },
    });
    expect(judgeLayouts([100], [90])).toBeUndefined();
    expect(judgeLayouts([100, 100], [90])).toBeUndefined();
  });
});
