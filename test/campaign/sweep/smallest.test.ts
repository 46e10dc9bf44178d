// SPDX-License-Identifier: GPL-2.0-only
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bisect, mostSteps, stepMiB } from '../../../src/campaign/sweep/smallest.ts';

/** Asks as a campaign does: one boot for each `next`. */
function search(mostMiB: number, boots: (memoryMiB: number) => boolean) {
  const tried = new Map<number, boolean>();
  for (;;) {
    const state = bisect(mostMiB, memoryMiB => tried.get(memoryMiB));
    if (state.next === undefined) return { ...state, tried };
    expect(tried.has(state.next)).toBe(false);
    tried.set(state.next, boots(state.next));
    expect(tried.size).toBeLessThanOrEqual(mostSteps(mostMiB));
  }
}

const memory = fc.integer({ min: 32, max: 8192 });

describe('bisect()', () => {
  test('finds the edge of what boots from some memory on, in as many boots as it announced', () => {
    fc.assert(
      fc.property(memory, memory, (most, needed) => {
        const { boots, fails } = search(most, memoryMiB => memoryMiB >= needed);
        const top = Math.floor(most / stepMiB) * stepMiB;
        if (needed > top) {
          expect(boots).toBeUndefined();
          expect(fails).toBe(top);
        } else {
          expect(boots).toBe(Math.ceil(needed / stepMiB) * stepMiB);
          expect(fails).toBe(boots! - stepMiB);
        }
      }),
    );
  });

  test('finds an edge whatever boots: one boots, the one below it does not', () => {
    fc.assert(
      fc.property(memory, fc.integer(), (most, seed) => {
        const boots = (memoryMiB: number) => ((memoryMiB / stepMiB) * 2654435761 + seed) % 7 > 3;
        const found = search(most, boots);
        if (found.boots === undefined) return;
        expect(boots(found.boots)).toBe(true);
        if (found.fails !== undefined) {
          expect(boots(found.fails)).toBe(false);
          expect(found.boots - found.fails).toBe(stepMiB);
        }
      }),
    );
  });
});
