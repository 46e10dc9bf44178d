// SPDX-License-Identifier: GPL-2.0-only
/** Decisions of a case: all from one stream of numbers that its name alone determines. */
import { createHash } from 'node:crypto';
import { randomFrom } from '../../image/random.ts';

export interface Dice {
  /** 0 to n - 1. */
  below(n: number): number;
  /** Both included. */
  between(low: number, high: number): number;
  /** True in one of `n` throws. */
  oneIn(n: number): boolean;
  of<Item>(items: readonly Item[]): Item;
  bytes(count: number): Buffer;
}

export function diceFor(name: string): Dice {
  const digest = createHash('sha256').update(name).digest();
  const random = randomFrom(digest.readInt32LE(0), digest.readInt32LE(4));
  const below = (n: number) => Math.floor((random() / 2 ** 32) * n);
  return {
    below,
    between: (low, high) => low + below(high - low + 1),
    oneIn: n => below(n) === 0,
    of: items => items[below(items.length)]!,
    bytes: count => Buffer.from(Uint8Array.from({ length: count }, () => random() >>> 24)),
  };
}

/** A value for a field of so many bytes: one at an edge of what the field can say, or near what it said. */
export function oddValue(dice: Dice, bits: number, current: bigint): bigint {
  const top = 1n << BigInt(bits);
  const some = BigInt(`0x${dice.bytes(8).toString('hex')}`);
  const values = [
    ...[0n, 1n, 2n, top - 1n, top - 2n, top >> 1n, (top >> 1n) - 1n],
    ...[current + 1n, current - 1n, current * 2n, current >> 1n, ~current],
    ...[current ^ (1n << BigInt(dice.below(bits))), BigInt(dice.below(64)), BigInt(dice.below(4096)), some],
  ];
  return BigInt.asUintN(bits, dice.of(values));
}
