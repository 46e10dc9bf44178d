// SPDX-License-Identifier: GPL-2.0-only
/** How far work is: it never goes back, whoever tells it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { WorkEvent } from '../../src/events.ts';
import { foldEvents, newJob, progressOf } from '../../src/tui/jobs.ts';
import { progressWords, withProgress } from '../../src/tui/progress.ts';

const progress = (job: string, done: number, total?: number) =>
  ({ job, type: 'progress', done, label: 'x', ...(total !== undefined && { total }) }) as const;
const percents = (words: string) => [...words.matchAll(/(\d+)%/g)].map(([, digits]) => Number(digits));

describe('progress', () => {
  test('of each stream never shrinks, in whatever order and with whatever totals its events come', () => {
    const event = fc.record({
      job: fc.constantFrom('compare', 'build base', 'build x'),
      done: fc.nat(3000),
      total: fc.option(fc.integer({ min: 1, max: 3000 }), { nil: undefined }),
    });
    let seen = 0;
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), events => {
        const highest = new Map<string, number>();
        let all: ReturnType<typeof withProgress> = [];
        for (const [i, { job, done, total }] of events.entries()) {
          all = withProgress(all, progress(job, done, total), i);
          const { percent } = all.find(({ name }) => name === job)!;
          if (percent === undefined) continue;
          expect(percent).toBeGreaterThanOrEqual(highest.get(job) ?? 0);
          highest.set(job, percent);
          seen++;
          for (const shown of percents(progressWords(all, i))) expect(shown).toBeLessThanOrEqual(100);
        }
      }),
    );
    expect(seen).toBeGreaterThan(100);
  });

  test('of a build whose estimate was too small stands, and the count that contradicts it is left out', () => {
    const at = [progress('build', 39, 40), progress('build', 41, 1936)].reduce(
      (all, event) => withProgress(all, event, 0),
      [] as ReturnType<typeof withProgress>,
    );
    expect(progressWords(at, 0)).toBe('97% x');
  });

  test('of what goes on inside something else stands beside it', () => {
    const events: WorkEvent[] = [
      progress('compare', 3, 12),
      { job: 'build base', type: 'step', step: 'build base', state: 'started' },
      progress('build base', 1900, 1936),
    ];
    const { job } = foldEvents(newJob(1, ['compare'], 0), events, 0);
    expect(progressOf(job, 0)).toBe('compare 25% (3/12) x; build base 98% (1900/1936) x');
    const after = foldEvents(
      job,
      [
        { job: 'build base', type: 'step', step: 'build base', state: 'done', ms: 1 },
        progress('compare', 4, 12),
      ],
      0,
    );
    expect(progressOf(after.job, 0)).toBe('33% (4/12) x');
  });

  test('whoever knows better how long it takes is believed', () => {
    const all = withProgress([], { ...progress('build', 50, 100), leftMs: 12_000 }, 0);
    expect(progressWords(all, 0)).toBe('50% (50/100) x, about 12.0 s left');
  });
});
