// SPDX-License-Identifier: GPL-2.0-only
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { fillerBytes, planFiller } from '../../src/image/filler.ts';
import { randomFrom, shuffled } from '../../src/image/random.ts';

const mebibyte = 1 << 20;

describe('filler', () => {
  test('is the same bytes under the same names everywhere', () => {
    const hash = createHash('sha256');
    for (const file of planFiller(mebibyte)) hash.update(`${file.path}\0`).update(fillerBytes(file));
    expect(hash.digest('hex')).toBe('2478bef3b4d908ef3097aab929eb608313cc91332ac0d0ee11f4fa0b57b6d31c');
  });

  test('has exactly the bytes asked for, some 25 files per MiB, a quarter of it random', () => {
    for (const bytes of [1, 4095, 3 * mebibyte + 17, 64 * mebibyte]) {
      const total = planFiller(bytes).reduce((sum, file) => sum + file.bytes, 0);
      expect(total).toBe(bytes);
    }
    const plan = planFiller(256 * mebibyte);
    expect(plan.length / 256).toBeGreaterThan(22);
    expect(plan.length / 256).toBeLessThan(28);
    const random = plan.filter(file => file.random).reduce((sum, file) => sum + file.bytes, 0);
    expect(random / (256 * mebibyte)).toBeCloseTo(0.25, 2);
    expect(new Set(plan.map(file => file.path)).size).toBe(plan.length);
    const sizes = plan.map(file => file.bytes).sort((a, b) => a - b);
    expect(sizes[sizes.length >> 1]).toBeLessThan(12_000);
    expect(sizes.at(-1)).toBeGreaterThan(800_000);
    expect(planFiller(0)).toEqual([]);
  });

  test('compresses about like the binaries of Debian 12', () => {
    const plan = planFiller(16 * mebibyte);
    const ratio = (random: boolean, ...argv: string[]) => {
      const bytes = Buffer.concat(plan.filter(file => file.random === random).map(file => fillerBytes(file)));
      return (
        execFileSync(argv[0]!, argv.slice(1), { input: bytes, maxBuffer: 1 << 26 }).length / bytes.length
      );
    };
    expect(ratio(false, 'lz4', '-l', '-9', '-c')).toBeGreaterThan(0.34);
    expect(ratio(false, 'lz4', '-l', '-9', '-c')).toBeLessThan(0.41);
    expect(ratio(false, 'zstd', '-9', '-c')).toBeGreaterThan(0.26);
    expect(ratio(false, 'zstd', '-9', '-c')).toBeLessThan(0.32);
    expect(ratio(true, 'zstd', '-3', '-c')).toBeGreaterThan(0.999);
  });
});

test('randomFrom() is xoshiro128**: words of 32 bits that differ by seed and stream', () => {
  const words = (seed: number, stream: number) => {
    const random = randomFrom(seed, stream);
    return Array.from({ length: 4 }, random);
  };
  expect(words(1, 2)).toEqual(words(1, 2));
  expect(new Set([...words(1, 2), ...words(1, 3), ...words(2, 2)]).size).toBe(12);
  const random = randomFrom(5);
  const mean = Array.from({ length: 20_000 }, () => random() / 2 ** 32).reduce((a, b) => a + b) / 20_000;
  expect(mean).toBeCloseTo(0.5, 1);
});

test('shuffled() keeps every item and repeats its order', () => {
  const items = Array.from({ length: 100 }, (_, index) => index);
  const once = shuffled(items, randomFrom(3));
  expect(once).toEqual(shuffled(items, randomFrom(3)));
  expect(once).not.toEqual(items);
  expect([...once].sort((a, b) => a - b)).toEqual(items);
});
