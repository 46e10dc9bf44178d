// SPDX-License-Identifier: GPL-2.0-only
/** Totals of a build: estimated from known builds, corrected as it goes, never behind. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BuildStep } from '../../src/kernel/log.ts';
import { estimateSteps, type Forecast, spaceNeeded, stepCounter } from '../../src/kernel/progress.ts';

test('a known build with as many options is exact, the nearest one is scaled', () => {
  const known = [
    { options: 900, steps: 2300 },
    { options: 3000, steps: 9000 },
  ];
  expect(estimateSteps(900, known)).toBe(2300);
  expect(estimateSteps(3300, known)).toBe(9900);
  expect(estimateSteps(901, known)).toBe(Math.round((2300 * 901) / 900));
});

const cc = (target: string) => ({ step: 'CC', target });
/** The totals that are shown while these are made. */
const totalsOf = (forecast: Forecast, steps: readonly BuildStep[]) => steps.map(stepCounter(forecast));
const objects = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => cc(`fs/f${from + i}.o`));
const last = <Item>(list: readonly Item[]) => list.at(-1);

test('what was done before is not done again', () => {
  expect(totalsOf({ full: 2000, behind: 0 }, [cc('a.o')])).toEqual([2000]);
  expect(totalsOf({ full: 2000, behind: 1500 }, [cc('a.o')])).toEqual([500]);
  expect(totalsOf({ full: 2000, behind: 2100 }, [cc('a.o')])).toEqual([40]);
  expect(totalsOf({ full: 2000, behind: 0 }, [cc('a.o'), cc('a.o')])).toEqual([2000, 2000]);
});

test('objects of a finished build: what a change makes anew, the archives above it, and the link', () => {
  const forecast = { full: 2000, behind: 0, again: new Set(['fs/erofs/super.o', 'fs/erofs/data.o']) };
  const steps = [
    cc('fs/erofs/super.o'),
    { step: 'AR', target: 'fs/erofs/built-in.a' },
    cc('fs/erofs/data.o'),
  ];
  expect(totalsOf(forecast, steps)).toEqual([45, 45, 45]);
  expect(totalsOf({ ...forecast, again: new Set() }, [{ step: 'LD', target: 'vmlinux.o' }])).toEqual([40]);
});

test('an object that nobody expected is one more: a new file has no dependencies yet', () => {
  const again = new Set(['fs/f0.o']);
  expect(totalsOf({ full: 2000, behind: 0, again }, objects(0, 4))).toEqual([43, 44, 45, 46]);
  const programs = [cc('scripts/mod/empty.o'), cc('tools/objtool/elf.o')];
  expect(totalsOf({ full: 2000, behind: 0, again }, programs)).toEqual([43, 43]);
});

test('an option that all files are compiled with makes it a whole build, told when the share is that large', () => {
  const totals = totalsOf({ full: 1800, behind: 0, again: new Set(['fs/f0.o']) }, objects(0, 1700));
  expect(totals.slice(0, 12)).toEqual([43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, undefined]);
  const first = totals.indexOf(1800);
  expect(first).toBe(Math.ceil((11 / 53) * 1800) - 1);
  expect(new Set(totals.slice(12, first))).toEqual(new Set([undefined]));
  expect(new Set(totals.slice(first))).toEqual(new Set([1800]));
});

test('past its end a forecast tells nothing: no build is at 98% for long', () => {
  expect(last(totalsOf({ full: 100, behind: 0 }, objects(0, 99)))).toBe(100);
  expect(totalsOf({ full: 100, behind: 0 }, objects(0, 150)).slice(99)).toEqual(Array(51).fill(undefined));
});

test('done never reaches the total, and the share of it never shrinks', () => {
  fc.assert(
    fc.property(
      fc.record({ full: fc.integer({ min: 1, max: 300 }), behind: fc.integer({ min: 0, max: 300 }) }),
      fc.option(fc.uniqueArray(fc.integer({ min: 0, max: 150 })), { nil: undefined }),
      fc.array(fc.integer({ min: 0, max: 150 }), { maxLength: 300 }),
      (about, expected, made) => {
        const again = expected && new Set(expected.map(each => `fs/f${each}.o`));
        const totals = totalsOf(
          { ...about, ...(again && { again }) },
          made.map(each => cc(`fs/f${each}.o`)),
        );
        const done = new Set<number>();
        let share = 0;
        for (const [index, total] of totals.entries()) {
          done.add(made[index]!);
          if (total === undefined) continue;
          expect(total).toBeGreaterThan(done.size);
          expect(done.size / total).toBeGreaterThanOrEqual(share);
          share = done.size / total;
        }
        expect(totals).toHaveLength(made.length);
      },
    ),
    { numRuns: 100 },
  );
});

test('debug information needs more disk', () => {
  expect(spaceNeeded(2000, 'CONFIG_DEBUG_INFO=y\n')).toBeGreaterThan(4 * spaceNeeded(2000, ''));
});
