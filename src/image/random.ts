// SPDX-License-Identifier: GPL-2.0-only
/** Pseudo-random numbers that are the same on every machine: xoshiro128** (Blackman and Vigna, 2018), seeded by
 *  splitmix32; 32-bit integer arithmetic only. */

/** The next 32 bits, as an unsigned integer. */
export type Random = () => number;

/** A generator for a seed and a stream number: other numbers, other sequence. */
export function randomFrom(seed: number, stream = 0): Random {
  let state = (seed ^ Math.imul(stream, 0x9e3779b1)) | 0;
  const split = () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return (mixed ^ (mixed >>> 16)) | 0;
  };
  let a = split();
  let b = split();
  let c = split();
  let d = split() | 1;
  return () => {
    const scrambled = Math.imul(b, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9);
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return result >>> 0;
  };
}

/** The same items in an order that the generator decides (Fisher and Yates). */
export function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last--) {
    const other = random() % (last + 1);
    [result[last], result[other]] = [result[other]!, result[last]!];
  }
  return result;
}
