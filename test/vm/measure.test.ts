// SPDX-License-Identifier: GPL-2.0-only
/** What a sceptic would try on the measurements: a slow-down that is there, a difference that is not, a sweep that is
 *  stopped. */
import { expect, test } from 'vitest';
import type { SweepRequest } from '../../src/campaign/sweep/cases.ts';
import { runSweep } from '../../src/campaign/sweep/sweep.ts';
import { productOf } from '../../src/events.ts';
import { comparison, everything, request, rowOf, signal, workspace } from './house.ts';

const million = 1e6;
/** A round of the probe's loop is two instructions. */
const onePercent = (total: number) => Math.round(total / 100 / 2);

test.runIf(everything)('a slow-down of 1% is found in every layout, and as what it is', async () => {
  const plain = rowOf(await comparison({ rows: ['initramfs'], padBytes: 2 ** 20 }), 'initramfs');
  const slow = `initramfs+INITBENCH_SPIN=${onePercent(plain.used!.median)}`;
  const compared = await comparison({ rows: ['initramfs', slow], padBytes: 2 ** 20, variants: 4 });
  const { verdict, ratio, interval } = rowOf(compared, slow).against!;
  expect(verdict).toBe('higher');
  expect(interval.low).toBeGreaterThan(0);
  expect(Math.abs(ratio!.value - 1.01)).toBeLessThan(0.004);
});

test.runIf(everything)('wall clock: the same flow twice is no difference; A/A stands beside', async () => {
  const twin = 'initramfs+initbench.null=1';
  const compared = await comparison({
    rows: ['initramfs', twin],
    padBytes: 2 ** 20,
    clock: 'wall',
    rounds: 10,
  });
  expect(rowOf(compared, twin).against!.verdict).toBe('none');
  expect(compared.noise!.first.samples.length).toBeGreaterThanOrEqual(15);
});

test.runIf(everything)('a sweep that was stopped goes on: no boot twice, none missing', async () => {
  const { tree, series, fragments } = request();
  // a size of its own, so that nothing of it is known
  const sizeBytes = 2 ** 22 + 4096 * (1 + Math.floor(Math.random() * 1000));
  const asked: SweepRequest = {
    ...{ rows: ['initramfs', 'kernelspace'], formats: [], tree, series, fragments, payload: 'busybox' },
    ...{ sizes: [sizeBytes], memoryMiB: [512], cpus: [1], used: [10], clock: 'icount', samples: 2 },
    ...{ append: [], pivot: false, smallestMemory: false, atOnce: 2, again: false, dryRun: false },
  };
  const stop = new AbortController();
  const first: string[] = [];
  const stopped = (async () => {
    for await (const event of runSweep(workspace, asked, stop.signal)) {
      if (event.type !== 'boot-ended') continue;
      first.push(event.run);
      if (first.length === 3) stop.abort();
    }
  })();
  await expect(stopped).rejects.toThrow();
  const product = await productOf(runSweep(workspace, asked, signal));
  if (product.kind !== 'sweep') throw new Error('a plan');
  const { sweep } = product;
  expect(sweep.complete).toBe(true);
  expect(sweep.points.map(point => [point.row, point.outcome.kind, point.init!.samples.length])).toEqual(
    ['floor@base', 'floor@initoverlayfs', 'initramfs', 'kernelspace'].map(row => [row, 'ready', 2]),
  );
  expect(sweep.boots.known).toBeGreaterThanOrEqual(2);
  const runs = sweep.points.flatMap(point => point.runs);
  expect(new Set(runs).size).toBe(8);
  expect(sweep.points[3]!.overFloor!).toBeLessThan(6 * million);
});
