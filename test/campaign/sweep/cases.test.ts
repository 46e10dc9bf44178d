// SPDX-License-Identifier: GPL-2.0-only
/** Which boots a sweep consists of, and what their names are. */
import { describe, expect, test } from 'vitest';
import { listFlows } from '../../../src/boot/registry.ts';
import { parseRow } from '../../../src/campaign/rows.ts';
import { rowsOf } from '../../../src/campaign/sweep/bench.ts';
import {
  bootsOf,
  labelOf,
  placesOf,
  sweepCommand,
  type SweepRequest,
} from '../../../src/campaign/sweep/cases.ts';
import { costsOf } from '../../../src/campaign/sweep/costs.ts';
import { sweepId } from '../../../src/campaign/sweep/sweep.ts';
import { sweep as command } from '../../../src/commands/sweep.ts';
import { openWorkspace } from '../../../src/workspace.ts';

const mebi = 2 ** 20;
const request = (more: Partial<SweepRequest> = {}): SweepRequest => ({
  ...{ rows: ['initramfs', 'kernelspace'], formats: [], tree: '7.3', series: 'initoverlayfs', fragments: [] },
  ...{ payload: 'busybox', sizes: [3 * mebi, 16 * mebi], memoryMiB: [2048], cpus: [1], used: [1, 100] },
  ...{ clock: 'icount', samples: 2, append: [], pivot: false, smallestMemory: false, atOnce: 2 },
  ...{ again: false, dryRun: false },
  ...more,
});
const labels = async (asked: SweepRequest) =>
  bootsOf(await rowsOf(asked), placesOf(asked), asked).map(labelOf);

describe('the boots of a sweep', () => {
  test('icount: all points before the next layout, each floor once', async () => {
    expect(await labels(request())).toEqual([
      'floor@base 2048 MiB 1 CPU #0',
      'floor@initoverlayfs 2048 MiB 1 CPU #0',
      '3M initramfs 2048 MiB 1 CPU #0',
      '3M kernelspace 2048 MiB 1 CPU #0',
      '16M initramfs 2048 MiB 1 CPU #0',
      '16M kernelspace 2048 MiB 1 CPU #0',
      'floor@base 2048 MiB 1 CPU #1',
      'floor@initoverlayfs 2048 MiB 1 CPU #1',
      '3M initramfs 2048 MiB 1 CPU #1',
      '3M kernelspace 2048 MiB 1 CPU #1',
      '16M initramfs 2048 MiB 1 CPU #1',
      '16M kernelspace 2048 MiB 1 CPU #1',
    ]);
  });

  test('wall: the rounds of a place go forth and back before the next place', async () => {
    const boots = await labels(
      request({ rows: ['initramfs'], clock: 'wall', sizes: [], cpus: [1, 2], samples: 2 }),
    );
    expect(boots).toEqual([
      'floor@base 2048 MiB 1 CPU #0',
      'initramfs 2048 MiB 1 CPU #0',
      'initramfs 2048 MiB 1 CPU #1',
      'floor@base 2048 MiB 1 CPU #1',
      'floor@base 2048 MiB 2 CPU #0',
      'initramfs 2048 MiB 2 CPU #0',
      'initramfs 2048 MiB 2 CPU #1',
      'floor@base 2048 MiB 2 CPU #1',
    ]);
  });

  test('each once, and one more to a root file system where that is asked for', async () => {
    const boots = await labels(request({ pivot: true, memoryMiB: [512, 2048] }));
    expect(new Set(boots).size).toBe(boots.length);
    expect(boots.filter(label => label.endsWith(' pivot'))).toHaveLength(2 * 2 + 2 * 2 * 2);
  });
});

describe('rowsOf()', () => {
  test('gives each row the formats its flow boots, and leaves one that names its own', async () => {
    const rows = await rowsOf(
      request({
        rows: ['initramfs', 'kernelspace@initoverlayfs-alt+quiet', 'initramfs:cpio-gzip'],
        formats: ['cpio', 'cpio-zstd', 'erofs'],
      }),
    );
    expect(rows.map(row => row.id)).toEqual([
      'floor@base',
      'floor@initoverlayfs-alt',
      'initramfs:cpio',
      'initramfs:cpio-zstd',
      'kernelspace:erofs@initoverlayfs-alt+quiet',
      'initramfs:cpio-gzip',
    ]);
  });

  test('refuses a format that no flow of it boots', async () => {
    await expect(rowsOf(request({ rows: ['initramfs'], formats: ['cpio', 'erofs'] }))).rejects.toThrow(
      'no flow of this sweep boots the format erofs',
    );
  });
});

test('the command of a sweep asks for the same sweep', async () => {
  const asked = request({ formats: ['cpio', 'erofs'], append: ['quiet'], smallestMemory: true, pivot: true });
  const words = sweepCommand(asked).slice(2);
  const options: Record<string, unknown> = { append: [] };
  const rows: string[] = [];
  while (words.length > 0) {
    const word = words.shift()!;
    if (!word.startsWith('--')) rows.push(word);
    else if (word === '--append') (options.append as string[]).push(words.shift()!);
    else if (word === '--pivot') options.pivot = true;
    else if (word === '--smallest-mem') options.smallestMem = true;
    else options[word.slice(2)] = words.shift();
  }
  const parsed = command.parse({ options, words: rows, rest: [] }, openWorkspace());
  expect(sweepId({ ...parsed, fragments: [] })).toBe(sweepId(asked));
});

test('time that is left: by what the point took before, else by its size', async () => {
  const row = parseRow('initramfs', await listFlows(), 'initoverlayfs');
  const one = (mib: number) =>
    ({ kind: 'boot', row, place: { sizeBytes: mib * mebi, memoryMiB: 2048, cpus: 1 }, sample: 3 }) as const;
  const boot = { run: 'r', outcome: { kind: 'ready' }, marks: {}, used: [], memory: [] } as const;
  const costs = costsOf(
    new Map([
      ['64M initramfs 2048 MiB 1 CPU #0 0123', { ...boot, host: 9000 }],
      ['64M initramfs 512 MiB 1 CPU smallest 4567', { ...boot, host: 11000 }],
    ]),
  );
  expect(costs.of([one(64), one(64)], 2)).toBe(10000);
  expect(costs.of([one(64), one(64)], 1)).toBe(20000);
  expect(costs.of([one(256)], 1)).toBeGreaterThan(costs.of([one(3)], 1));
});
