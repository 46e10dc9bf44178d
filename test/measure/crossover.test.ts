// SPDX-License-Identifier: GPL-2.0-only
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Curve, crossoversOf } from '../../src/measure/crossover.ts';

const exact = (y: number) => ({ median: y, min: y, max: y });
const curve = (row: string, points: readonly (readonly [number, number])[]): Curve => ({
  row,
  points: points.map(([x, y]) => ({ x, y: exact(y) })),
});

describe('crossoversOf()', () => {
  test('two lines meet where algebra says', () => {
    const slope = fc.integer({ min: 1, max: 50 });
    fc.assert(
      fc.property(slope, slope, fc.double({ min: 1.01, max: 98.99, noNaN: true }), (up, down, x) => {
        const rising = (at: number) => 1000 + up * (at - x);
        const falling = (at: number) => 1000 - down * (at - x);
        const places = [1, 10, 50, 99];
        const [found] = crossoversOf('used', '64M', [
          curve(
            'a',
            places.map(at => [at, rising(at)] as const),
          ),
          curve(
            'b',
            places.map(at => [at, falling(at)] as const),
          ),
        ]);
        expect(found).toMatchObject({ lowerFirst: 'a', lowerLast: 'b' });
        expect(found!.at).toBeCloseTo(x, 6);
        expect(found!.between![0]).toBeLessThanOrEqual(x);
        expect(found!.between![1]).toBeGreaterThanOrEqual(x);
      }),
    );
  });

  test('names the lower one where they do not meet, and nobody where spreads overlap', () => {
    const flat = curve('kernelspace', [
      [3, 200],
      [256, 200],
    ]);
    const steep = curve('initramfs', [
      [3, 210],
      [256, 900],
    ]);
    expect(crossoversOf('size', '', [steep, flat])).toEqual([
      {
        axis: 'size',
        held: '',
        rows: ['initramfs', 'kernelspace'],
        lowerFirst: 'kernelspace',
        lowerLast: 'kernelspace',
      },
    ]);
    const noisy: Curve = {
      row: 'userspace',
      points: [3, 256].map(x => ({ x, y: { median: 201, min: 195, max: 205 } })),
    };
    const [pair] = crossoversOf('size', '', [flat, noisy]);
    expect(pair).not.toHaveProperty('lowerFirst');
    expect(pair).not.toHaveProperty('at');
  });

  test('needs two places in common', () => {
    expect(crossoversOf('mem', '', [curve('a', [[1, 1]]), curve('b', [[1, 2]])])).toEqual([]);
    expect(
      crossoversOf('mem', '', [
        curve('a', [
          [1, 1],
          [2, 1],
        ]),
        curve('b', [
          [3, 1],
          [4, 1],
        ]),
      ]),
    ).toEqual([]);
  });
});
