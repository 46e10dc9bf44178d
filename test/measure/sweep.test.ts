// SPDX-License-Identifier: GPL-2.0-only
/** From boots to points, tables and warnings of a sweep. */
import { describe, expect, test } from 'vitest';
import { againstFloor, memoryOf, totalAtInit } from '../../src/measure/memory.ts';
import { formatMemory } from '../../src/measure/memorytable.ts';
import { type PointHead, pointOf, type SweepBoot, sweepBoot } from '../../src/measure/points.ts';
import type { Sweep, SweepPoint } from '../../src/measure/sweep.ts';
import { crossoversOfSweep, sizeName } from '../../src/measure/sweepcrossovers.ts';
import { failedFloorsOf, formatSweep } from '../../src/measure/sweeptable.ts';
import { warningsOfSweep } from '../../src/measure/sweepwarnings.ts';
import { oversubscribed, warningsOf } from '../../src/measure/warnings.ts';
import { run } from './runs.ts';

const mebi = 2 ** 20;
const head = (row: string, sizeBytes: number, more: Partial<PointHead> = {}): PointHead => ({
  ...{ place: { sizeBytes, memoryMiB: 2048, cpus: 1 }, row, flow: row.split(':')[0]!, format: 'erofs' },
  ...{ kernel: 'base', family: 'none', payloadBytes: sizeBytes, imageBytes: sizeBytes },
  ...{ loaderBytes: sizeBytes, notes: [] },
  ...more,
});
const boot = (init: number, total: number, more: Partial<SweepBoot> = {}): SweepBoot => ({
  ...{ run: `run-${init}`, outcome: { kind: 'ready' }, marks: { init, used: total }, host: 5000 },
  ...{
    used: [
      { percent: 10, total: (init + total) / 2 },
      { percent: 100, total },
    ],
    memory: [],
  },
  ...more,
});

describe('points', () => {
  test('a boot is kept as its figures since start_kernel', () => {
    const made = sweepBoot(
      run({
        initTsc: 230e6,
        usedTsc: 250e6,
        steps: [
          [10, 240e6],
          [100, 250e6],
        ],
        endTsc: 251e6,
        icount: 151e6,
        sum: 'aa',
      }),
      7000,
    );
    expect(made).toMatchObject({
      marks: { kernel: 0, init: 200e6, used: 220e6 },
      used: [
        { percent: 10, total: 210e6 },
        { percent: 100, total: 220e6 },
      ],
      ...{ idle: 100e6, sum: 'aa', host: 7000 },
    });
  });

  test('median and range over the layouts, over the floor of the same kernel', () => {
    const zero = (init: number) => boot(init, init, { used: [{ percent: 0, total: init + 5 }] });
    const floor = pointOf(head('floor', 0), [zero(100), zero(102)], undefined);
    const point = pointOf(head('kernelspace', mebi), [boot(110, 130), boot(112, 140), boot(111, 150)], floor);
    expect(point.init).toMatchObject({ median: 111, min: 110, max: 112, samples: [110, 112, 111] });
    expect(point.used.map(({ percent, total, reading }) => [percent, total.median, reading.median])).toEqual([
      [10, 126, 14],
      [100, 140, 28],
    ]);
    expect(point.overFloor).toBe(10);
    expect(floor.used).toEqual([]);
  });

  test('a boot that failed has an outcome; figures are those of the others', () => {
    const panic = { kind: 'panic', message: 'no init' } as const;
    const point = pointOf(
      head('initramfs', mebi),
      [boot(1, 2), { ...boot(0, 0), outcome: panic, marks: {}, used: [] }],
      undefined,
    );
    expect(point).toMatchObject({ outcome: panic, init: { samples: [1] } });
    expect(point.runs).toHaveLength(2);
  });
});

describe('floors that failed', () => {
  const panic = { kind: 'panic', message: 'no init' } as const;
  const at = (memoryMiB: number) => ({ place: { sizeBytes: mebi, memoryMiB, cpus: 1 } });
  const floorAt = (memoryMiB: number, more: Partial<SweepBoot> = {}) =>
    pointOf(head('floor', 0, at(memoryMiB)), [boot(100, 100, more)], undefined);
  const [good, bad] = [floorAt(2048), floorAt(64, { outcome: panic })];
  const rows = ['initramfs', 'loop'].map(row => pointOf(head(row, mebi, at(64)), [boot(110, 130)], bad));
  const other = pointOf(head('initramfs', mebi, at(2048)), [boot(110, 130)], good);

  test('rows at their place say so, each once', () => {
    expect(rows.map(({ floor, overFloor }) => [floor, overFloor])).toEqual([
      ['floor', undefined],
      ['floor', undefined],
    ]);
    expect(other).toMatchObject({ floor: 'floor', overFloor: 10 });
    const text = 'initramfs, loop: no figure over the floor, since floor failed: kernel panic: no init';
    expect(failedFloorsOf([bad, ...rows, ...rows])).toEqual([text]);
    expect(failedFloorsOf([good, other, bad, ...rows])).toEqual([`64 MiB, 1 CPU: ${text}`]);
    expect(failedFloorsOf([good, other])).toEqual([]);
  });
});

describe('memory', () => {
  const kib = 1024;
  test('used and reserved are told against the floor, carve-outs apart', () => {
    const floor = run({ totalKiB: 2_000_000 });
    const here = memoryOf(
      run({ totalKiB: 1_900_000, freeKiB: 1_700_000, pcpKiB: 50_000, carvedOutBytes: 60_000 * kib }),
    );
    expect(againstFloor(here, totalAtInit(memoryOf(floor)))).toEqual([
      {
        ...{
          at: 'init',
          total: 1_900_000 * kib,
          free: 1_750_000 * kib,
          perCpuLists: 50_000 * kib,
          shmem: 0,
          cached: 0,
        },
        ...{ carvedOut: 60_000 * kib, reserved: 40_000 * kib, used: 190_000 * kib },
      },
    ]);
    expect(againstFloor(here, undefined)[0]).not.toHaveProperty('used');
  });

  test('one block for each moment', () => {
    const use = {
      total: 2000 * mebi,
      free: 1900 * mebi,
      perCpuLists: 8 * mebi,
      shmem: 0,
      cached: mebi,
      carvedOut: 0,
    };
    const lines = formatMemory([
      {
        id: 'kernelspace',
        hostPeakBytes: 300 * mebi,
        memory: [{ at: 'init', ...use, reserved: 64 * mebi, used: 70 * mebi }],
      },
      {
        id: 'initramfs',
        memory: [
          { at: 'init', ...use },
          { at: 'rootfs', ...use },
        ],
      },
    ]);
    expect(lines.join('\n')).toMatchInlineSnapshot(`
      "at /init     used   total    free  lists  shmem  cached  reserved  disk   QEMU
      kernelspace  70.0  2000.0  1900.0    8.0    0.0     1.0      64.0     -  300.0
      initramfs       -  2000.0  1900.0    8.0    0.0     1.0         -     -      -

      on the root file system  used   total    free  lists  shmem  cached  reserved  disk  QEMU
      initramfs                   -  2000.0  1900.0    8.0    0.0     1.0         -     -     -

      MiB. used: the floor's MemTotal less free; free: with the per-CPU lists; reserved: not the kernel's (the initrd);
      disk: taken away as a disk in memory, not counted; QEMU: peak of the process on the host."
    `);
  });
});

describe('warningsOf()', () => {
  const about = { clock: 'wall', accelerator: 'kvm', hostCpus: 8, cpus: 1, samples: 12 } as const;
  const spread = (samples: number[]) => ({ median: samples[1]!, min: 0, max: 0, mad: 0, samples });
  const row = (samples: number[], load = 0.5) => ({
    ...{ id: 'initramfs', flow: 'initramfs', family: 'lz4', total: spread(samples) },
    boots: [{ loadBefore: load, loadAfter: load }],
  });

  test('nothing is said of steady boots on an idle machine', () => {
    expect(warningsOf([row([100, 101, 100, 99, 100])], about)).toEqual([]);
  });

  test('each doubt has a remedy', () => {
    const stolen = { ...row([200, 100, 101, 99, 100], 9.5), boots: [{ loadBefore: 9.5, stealPercent: 4 }] };
    const found = warningsOf([stolen], { ...about, accelerator: 'tcg', cpus: 8, samples: 3 });
    expect(found.map(warning => warning.about)).toEqual([
      '3 rounds are few',
      'the host was busy with other work (load up to 9.5 on 8 CPUs)',
      'the host is a virtual machine that was kept waiting (up to 4% of its time stolen)',
      'the first boot was the slowest of initramfs',
      'outliers: boots of initramfs (1)',
      'no KVM: the guest ran under TCG, whose wall clock favours no real machine',
      'oversubscribed: 8 emulated CPUs on 8 of the host',
    ]);
    expect(found.every(warning => warning.remedy.length > 10)).toBe(true);
  });

  test('oversubscribed are emulated CPUs alone', () => {
    expect(oversubscribed('tcg', 2, 2)).toBe(true);
    expect(oversubscribed('tcg', 1, 1)).toBe(false);
    expect(oversubscribed('kvm', 8, 2)).toBe(false);
  });
});

describe('a sweep', () => {
  const point = (
    row: string,
    mib: number,
    init: number,
    total: number,
    more: Partial<PointHead> = {},
  ): SweepPoint =>
    pointOf(
      head(row, mib * mebi, more),
      [boot(init * 1e6, total * 1e6), boot((init + 1) * 1e6, (total + 1) * 1e6)],
      undefined,
    );
  const points = [
    point('initramfs', 3, 210, 212),
    point('kernelspace', 3, 193, 230),
    point('initramfs', 64, 500, 520),
    point('kernelspace', 64, 193, 330),
  ];
  const axes = { sizeBytes: [3 * mebi, 64 * mebi], memoryMiB: [2048], cpus: [1], usedPercent: [10, 100] };

  test('says where one row overtakes another, and nothing of pairs that keep their order', () => {
    const found = crossoversOfSweep({ points, axes });
    expect(found.map(({ axis, held, lowerFirst, lowerLast }) => [axis, held, lowerFirst, lowerLast])).toEqual(
      [['size', '2048 MiB, 1 CPU, 100% used', 'initramfs', 'kernelspace']],
    );
    expect(found[0]!.at! / mebi).toBeCloseTo(3 + (61 * 18) / (18 + 190), 6);
  });

  test('rows of a place that did not read the same are told by their size', () => {
    const sums: Record<string, string> = { initramfs: 'aa', kernelspace: 'aa' };
    const about = { clock: 'icount', accelerator: 'tcg', hostCpus: 2, samples: 2 } as const;
    const warn = () =>
      warningsOfSweep(
        points,
        ({ row, place }) => [
          boot(1, 1, { sum: place.sizeBytes > 4 * mebi && row === 'kernelspace' ? sums.kernelspace! : 'aa' }),
        ],
        about,
      ).map(warning => warning.about);
    expect(warn()).toEqual([]);
    sums.kernelspace = 'bb';
    expect(warn()).toEqual(['64M: the flows did not read the same bytes']);
  });

  test('as text: ranges beside the medians where there is room', () => {
    const sweep: Sweep = {
      ...{
        schema: 'initbench.sweep/1',
        id: 'abc',
        started: '',
        ended: '',
        clock: 'icount',
        unit: 'instructions',
      },
      ...{
        command: [],
        complete: true,
        payload: 'busybox',
        rows: ['initramfs', 'kernelspace'],
        axes,
        samples: 2,
      },
      ...{ points, crossovers: crossoversOfSweep({ points, axes }), warnings: [] },
      smallestMemory: [
        { row: 'initramfs', sizeBytes: 3 * mebi, bootsMiB: 60, failsMiB: 56, runs: [] },
        { row: 'kernelspace', sizeBytes: 3 * mebi, runs: [] },
      ],
      conditions: {
        ...{
          tree: '7.3.4',
          arch: 'x86_64',
          qemu: '7.2.22 (Debian)',
          accelerator: 'tcg',
          host: 'x',
          hostCpus: 2,
        },
        ...{ kernels: {}, payloads: {} },
      },
      boots: { total: 8, known: 0, seconds: 40 },
    };
    expect(formatSweep(sweep, 120).join('\n')).toMatchInlineSnapshot(`
      "sweep abc: payload busybox, 8 boots, 40 s of boots
      clock icount: millions of guest instructions since start_kernel, not time; median of 2 layouts (range)
      linux 7.3.4 x86_64, QEMU 7.2.22 tcg, 2 host CPUs

      3M
      row          image       to /init            10%           100%  memory
                     MiB         M insn         M insn         M insn     MiB
      initramfs      3.0  210.50 (1.00)  211.50 (1.00)  212.50 (1.00)       -
      kernelspace    3.0  193.50 (1.00)  212.00 (1.00)  230.50 (1.00)       -

      64M
      row          image       to /init            10%           100%  memory
                     MiB         M insn         M insn         M insn     MiB
      initramfs     64.0  500.50 (1.00)  510.50 (1.00)  520.50 (1.00)       -
      kernelspace   64.0  193.50 (1.00)  262.00 (1.00)  330.50 (1.00)       -

      smallest -m that boots and reads, MiB
      row            3M
      initramfs      60
      kernelspace  none

      crossovers, by straight lines between places
      2048 MiB, 1 CPU, 100% used: initramfs is below kernelspace up to size 8.3M (between 3M and 64M)"
    `);
    const narrow = formatSweep(sweep, 72);
    expect(narrow.slice(3, 16).filter(line => line.length > 72)).toEqual([]);
    expect(narrow.join('\n')).toContain('range');
  });
});

test('sizes are named as they are typed', () => {
  expect([3 * mebi, 2 ** 30, 300 * 1024, 1000, 0].map(sizeName)).toEqual(['3M', '1G', '300K', '1000', '0']);
});
