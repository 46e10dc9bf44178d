// SPDX-License-Identifier: GPL-2.0-only
/** The main job on real kernels: the flows boot, their figures repeat, and the claim of the series holds. */
import { beforeAll, describe, expect, test } from 'vitest';
import { runs } from '../../src/commands/runs.ts';
import { show } from '../../src/commands/show.ts';
import type { Comparison } from '../../src/measure/comparison.ts';
import type { RunFigures } from '../../src/measure/figures.ts';
import { comparison, ended, everything, figuresOf, request, rowOf, signal, workspace } from './house.ts';

const million = 1e6;
const mebi = 2 ** 20;

describe('three flows of one payload', () => {
  const rows = [...request().rows, 'initramfs:cpio', 'kernelspace:erofs'];
  let small: Comparison;
  let large: Comparison;
  beforeAll(async () => {
    small = await comparison({ rows, padBytes: 16 * mebi });
    large = await comparison({ rows, padBytes: 64 * mebi });
  });

  test('every flow reaches the end of its work', () => {
    for (const compared of [small, large]) {
      expect(compared.rows.map(row => [row.id, row.outcome.kind])).toEqual(
        ['floor@base', 'floor@initoverlayfs', ...rows].map(id => [id, 'ready']),
      );
    }
  });

  test('icount figures repeat to the last instruction', async () => {
    const again = await comparison({ rows, padBytes: 16 * mebi });
    expect(figuresOf(again)).toEqual(figuresOf(small));
  });

  test('runs and show tell of each boot what the comparison tells of its row', async () => {
    const { product } = await ended(runs.run(workspace, { count: 1000, flow: undefined }, signal));
    const listed = runs.json(product) as unknown as { runs: { id: string; figure: number | null }[] };
    const told = await Promise.all(
      small.rows.map(async ({ runs: [id] }) => {
        const shown = await ended(show.run(workspace, id!, signal));
        const { figures } = show.json(shown.product) as unknown as { figures: RunFigures };
        return [listed.runs.find(run => run.id === id)?.figure, figures.init, figures.total];
      }),
    );
    expect(told).toEqual(
      small.rows.map(({ init, used }) => [(used ?? init)!.median, init!.median, (used ?? init)!.median]),
    );
    expect(told).toHaveLength(rows.length + 2);
  });

  test('every flow reads the same bytes', () => {
    const about = [...small.warnings, ...large.warnings].map(warning => warning.about);
    expect(about.filter(text => text.includes('did not read the same'))).toEqual([]);
  });

  test.each(['kernelspace', 'kernelspace:erofs'])(
    '%s reaches /init near the floor, whatever the size',
    id => {
      const at16 = rowOf(small, id).overFloor!;
      const at64 = rowOf(large, id).overFloor!;
      expect(at16).toBeLessThan(6 * million);
      expect(at64).toBeLessThan(6 * million);
      expect(Math.abs(at64 - at16) / 48).toBeLessThan(0.01 * million);
    },
  );

  test.each([
    ['initramfs', 1],
    ['initramfs:cpio', 0.5],
  ])('%s pays for every byte: the bound above can be failed', (id, atLeast) => {
    const slope = (rowOf(large, id).overFloor! - rowOf(small, id).overFloor!) / 48;
    expect(slope).toBeGreaterThan(atLeast * million);
  });

  test('the image is in memory once, not twice', () => {
    const { imageBytes, memoryUsedBytes } = rowOf(large, 'kernelspace');
    expect(memoryUsedBytes).toBeLessThan(imageBytes + 8 * mebi);
    expect(memoryUsedBytes).toBeGreaterThan(imageBytes);
  });
});

test('the image without the series: in an archive, and in memory of its own', async () => {
  const compared = await comparison({ rows: ['loop', 'memmap'], padBytes: 16 * mebi });
  for (const row of compared.rows) expect([row.id, row.outcome.kind]).toEqual([row.id, 'ready']);
  const [loop, memmap] = [rowOf(compared, 'loop'), rowOf(compared, 'memmap')];
  // one pays for copying the image, the other for having it in memory
  expect(loop.overFloor!).toBeGreaterThan(6 * million);
  expect(memmap.overFloor!).toBeLessThan(6 * million);
  for (const row of [loop, memmap]) expect(row.memoryUsedBytes).toBeGreaterThan(row.imageBytes);
  expect(compared.warnings.map(({ about }) => about)).not.toContain('the flows did not read the same bytes');
});

test.runIf(everything)('all flows read the same, archives around the image or not, and repeat', async () => {
  const rows = ['initramfs', 'loop', 'file-backed', 'memmap:erofs-lz4hc', 'kernelspace-segments'];
  const [once, again] = [await comparison({ rows }), await comparison({ rows })];
  for (const row of once.rows) expect([row.id, row.outcome.kind]).toEqual([row.id, 'ready']);
  expect(figuresOf(again)).toEqual(figuresOf(once));
  expect(once.warnings.map(({ about }) => about)).not.toContain('the flows did not read the same bytes');
});

test.runIf(everything)(
  'the legacy ramdisk pays for each byte twice, and a file system in it once more',
  async () => {
    const fragments = [...request().fragments, 'ramdisk'];
    const compared = await comparison({
      rows: ['initramfs:cpio', 'ramdisk'],
      padBytes: 16 * mebi,
      fragments,
    });
    for (const row of compared.rows) expect([row.id, row.outcome.kind]).toEqual([row.id, 'ready']);
    const [cpio, ramdisk] = [rowOf(compared, 'initramfs:cpio'), rowOf(compared, 'ramdisk')];
    expect(ramdisk.overFloor!).toBeGreaterThan(cpio.overFloor!);
    expect(ramdisk.memoryUsedBytes).toBeGreaterThan(ramdisk.imageBytes);
    expect(compared.warnings.map(({ about }) => about)).not.toContain(
      'the flows did not read the same bytes',
    );
  },
);

test.runIf(everything)('independent of size up to 256 MiB', async () => {
  const rows = ['initramfs', 'kernelspace', 'kernelspace:erofs'];
  const at = async (mib: number) => comparison({ rows, padBytes: mib * mebi });
  const [small, huge] = [await at(16), await at(256)];
  for (const id of ['kernelspace', 'kernelspace:erofs']) {
    expect(rowOf(huge, id).overFloor!).toBeLessThan(6 * million);
    const slope = (rowOf(huge, id).overFloor! - rowOf(small, id).overFloor!) / 240;
    expect(Math.abs(slope)).toBeLessThan(0.01 * million);
  }
});

test.runIf(everything)('wall clock: rounds on virtio-blk end and keep their samples', async () => {
  const compared = await comparison({ clock: 'wall', rounds: 3 });
  for (const row of compared.rows) {
    expect(row.outcome.kind).toBe('ready');
    expect(row.init!.samples).toHaveLength(3);
  }
});
