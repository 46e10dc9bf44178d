// SPDX-License-Identifier: GPL-2.0-only
/** The order of boots and when there are enough, with boots that take no time. */
import { describe, expect, test } from 'vitest';
import type { BootRun } from '../../src/boot/boot.ts';
import { type Boot, type Rounds, sampleLayouts, sampleRounds } from '../../src/campaign/sampling.ts';
import { productOf, type Work, type WorkEvent } from '../../src/events.ts';
import { Interrupted } from '../../src/host/errors.ts';
import { run } from '../measure/runs.ts';

const never = new AbortController().signal;

/** Boots whose figures are what `msOf` says; notes which was booted when, and how many ran at once. */
function boots(msOf: (row: number, count: number) => number) {
  const seen = { order: [] as string[], running: 0, most: 0 };
  const boot: Boot = async function* (row, variant): Work<BootRun> {
    seen.order.push(`${'abcdef'[row]}${variant}`);
    seen.running += 1;
    seen.most = Math.max(seen.most, seen.running);
    yield { job: 'x', type: 'progress', done: 0, label: 'x' };
    await new Promise(resolve => setImmediate(resolve));
    seen.running -= 1;
    const ms = msOf(row, seen.order.length);
    return { ...run({ initMs: ms, usedMs: ms }), clock: 'wall' };
  };
  return { boot, seen };
}

async function collected<Product>(work: Work<Product>): Promise<{ product: Product; events: WorkEvent[] }> {
  const events: WorkEvent[] = [];
  for (;;) {
    const next = await work.next();
    if (next.done) return { product: next.value, events };
    events.push(next.value);
  }
}

describe('sampleLayouts()', () => {
  test('every layout of every row once, samples in the order of the layouts, two side by side', async () => {
    const { boot, seen } = boots((row, count) => 100 * row + count);
    const { runs, rounds } = await productOf(sampleLayouts(['a', 'b', 'c'], 3, 2, boot, never));
    expect([...seen.order].sort()).toEqual(['a0', 'a1', 'a2', 'b0', 'b1', 'b2', 'c0', 'c1', 'c2']);
    expect(seen.order.slice(0, 3).sort()).toEqual(['a0', 'b0', 'c0']);
    expect(seen.most).toBe(2);
    expect(runs.map(own => own.length)).toEqual([3, 3, 3]);
    expect(rounds).toBe(3);
  });

  test('ends when it is told to', async () => {
    const stop = new AbortController();
    const { boot } = boots(() => 1);
    const work = sampleLayouts(['a', 'b'], 5, 1, boot, stop.signal);
    await work.next();
    stop.abort();
    await expect(productOf(work)).rejects.toThrow(Interrupted);
  });
});

describe('sampleRounds()', () => {
  const exactly = (count: number): Rounds => ({ count, precisionPercent: 1, budgetMs: 60_000 });

  test('the reference with itself first, then all rows and its twin forth and back', async () => {
    const { boot, seen } = boots((row, count) => 500 + row * 100 + (count % 3));
    const { product, events } = await collected(sampleRounds(['a', 'b', 'c'], 1, exactly(2), boot, never));
    expect(seen.order.join(' ')).toBe('b0 b0 b0 b0 a0 b0 c0 b0 b0 c0 b0 a0');
    expect(seen.most).toBe(1);
    expect(product.runs.map(own => own.length)).toEqual([2, 2, 2]);
    expect(product).toMatchObject({ rounds: 2, stopped: 'count' });
    // A/A: both of its own rounds, and the twin of each of the others
    expect(product.noise!.first.samples).toHaveLength(4);
    expect(product.noise!.second.samples).toHaveLength(4);
    expect(product.noise!.runs).toHaveLength(8);
    const said = events.findIndex(event => event.type === 'notice');
    expect(events[said]).toMatchObject({
      message: expect.stringMatching(/^A\/A: b twice, 2 boots each/) as string,
    });
    const progress = events.filter(event => event.type === 'progress' && event.job === 'compare');
    expect(progress).toHaveLength(12);
    expect(progress.every(event => event.type === 'progress' && event.done < event.total!)).toBe(true);
  });

  test('stops when all differences are known well enough, after five rounds at the soonest', async () => {
    const { boot } = boots(row => 500 + row);
    const { rounds, stopped } = await productOf(
      sampleRounds(['a', 'b'], 0, { precisionPercent: 1, budgetMs: 60_000 }, boot, never),
    );
    expect({ rounds, stopped }).toEqual({ rounds: 5, stopped: 'precision' });
  });

  test('stops when the time is spent, after one round at the soonest, and says so', async () => {
    const { boot } = boots((_, count) => 500 + 100 * (count % 4));
    const { rounds, stopped } = await productOf(
      sampleRounds(['a', 'b'], 0, { precisionPercent: 0.01, budgetMs: 0 }, boot, never),
    );
    expect({ rounds, stopped }).toEqual({ rounds: 1, stopped: 'budget' });
  });

  test('a row that does not get there holds nobody up', async () => {
    const { boot } = boots(() => 500);
    const broken: Boot = async function* (row, variant) {
      const booted = yield* boot(row, variant);
      return row === 1 ? { ...booted, outcome: { kind: 'panic', message: 'x' }, marks: {} } : booted;
    };
    const { stopped } = await productOf(
      sampleRounds(['a', 'b'], 0, { precisionPercent: 1, budgetMs: 60_000 }, broken, never),
    );
    expect(stopped).toBe('precision');
  });
});
