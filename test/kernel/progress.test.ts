// SPDX-License-Identifier: GPL-2.0-only
/** Totals of a build: estimated from known builds, corrected as it goes, never behind. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { estimateSteps, shownTotal, spaceNeeded, stepsAhead } from '../../src/kernel/progress.ts';

test('a known build with as many options is exact, the nearest one is scaled', () => {
  const known = [
    { options: 900, steps: 2300 },
    { options: 3000, steps: 9000 },
  ];
  expect(estimateSteps(900, known)).toBe(2300);
  expect(estimateSteps(3300, known)).toBe(9900);
  expect(estimateSteps(901, known)).toBe(Math.round((2300 * 901) / 900));
});

test('what was done before is not done again', () => {
  expect(stepsAhead({ full: 2000, behind: 0, complete: false })).toEqual([2000]);
  expect(stepsAhead({ full: 2000, behind: 1500, complete: false })).toEqual([500]);
  expect(stepsAhead({ full: 2000, behind: 2100, complete: false })).toEqual([40]);
  expect(stepsAhead({ full: 2000, behind: 0, complete: true })).toEqual([40, 2000]);
});

test('objects of another configuration: what looked like a link is a whole build, and says so', () => {
  const estimates = stepsAhead({ full: 1800, behind: 0, complete: true });
  const totals = [1, 39, 40, 41, 1799, 1800].map(done => shownTotal(done, estimates));
  expect(totals).toEqual([undefined, undefined, 1800, 1800, 1800, undefined]);
});

test('the share that is done never shrinks, and reaches the whole at the end alone', () => {
  let shares = 0;
  fc.assert(
    fc.property(
      fc.integer({ min: 41, max: 3000 }),
      fc.boolean(),
      fc.integer({ min: 1, max: 5000 }),
      (full, complete, steps) => {
        const estimates = stepsAhead({ full, behind: 0, complete });
        let last = 0;
        for (let done = 1; done <= steps; done++) {
          const total = shownTotal(done, estimates);
          if (total === undefined) continue;
          expect(done / total).toBeLessThan(1);
          expect(done / total).toBeGreaterThanOrEqual(last);
          last = done / total;
          shares++;
        }
      },
    ),
    { numRuns: 20 },
  );
  expect(shares).toBeGreaterThan(0);
});

test('debug information needs more disk', () => {
  expect(spaceNeeded(2000, 'CONFIG_DEBUG_INFO=y\n')).toBeGreaterThan(4 * spaceNeeded(2000, ''));
});
