// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, test } from 'vitest';
import { compareRuns, type ComparisonInput, type Measured } from '../../src/measure/comparison.ts';
import { noiseOf } from '../../src/measure/judgement.ts';
import { formatComparison } from '../../src/measure/table.ts';
import { run, type RunFigures } from './runs.ts';

const row = (id: string, figures: readonly RunFigures[], more: Partial<Measured> = {}): Measured => ({
  id,
  flow: id.split(/[:@]/)[0]!,
  kernel: 'base',
  format: 'cpio-lz4',
  family: 'lz4',
  imageBytes: 16 * 2 ** 20,
  notes: [],
  runs: figures.map(run),
  ...more,
});

const input = (measured: readonly Measured[], more: Partial<ComparisonInput> = {}): ComparisonInput => ({
  clock: 'icount',
  reference: 'initramfs',
  payload: { name: 'busybox', digest: 'p', bytes: 16 * 2 ** 20 },
  usedPercents: [10],
  measured,
  sampling: { stopped: 'count' },
  conditions: {
    tree: '7.3.4',
    arch: 'x86_64',
    qemu: '7.2.22',
    accelerator: 'tcg',
    memoryMiB: 2048,
    cpus: 1,
    rounds: 1,
    host: 'x',
    hostCpus: 2,
    kernels: {},
  },
  ...more,
});

const floor = row('floor@base', [{ initTsc: 230e6, endTsc: 240e6, icount: 140e6, totalKiB: 2_000_000 }], {
  flow: 'floor',
});

describe('compareRuns()', () => {
  test('counts from start_kernel, over the floor of the same kernel, relative to the reference', () => {
    const comparison = compareRuns(
      input([
        floor,
        row('initramfs', [{ initTsc: 530e6, usedTsc: 534e6, endTsc: 540e6, icount: 440e6 }]),
        row('userspace', [{ initTsc: 280e6, usedTsc: 282e6, endTsc: 290e6, icount: 190e6 }]),
      ]),
    );
    const [, initramfs, userspace] = comparison.rows;
    expect(initramfs).toMatchObject({ overFloor: 300e6, ratio: 1, idle: 100e6 });
    expect(initramfs!.init).toEqual({ median: 500e6, min: 500e6, max: 500e6, mad: 0, samples: [500e6] });
    expect(userspace!.ratio).toBeCloseTo(252 / 504);
    expect(comparison.warnings).toEqual([]);
  });

  test('counts per-CPU lists as free and a carve-out as absent', () => {
    const comparison = compareRuns(
      input([
        floor,
        row('initramfs', [
          { initTsc: 1e9, freeKiB: 1_700_000, pcpKiB: 100_000, carvedOutBytes: 50_000 * 1024 },
        ]),
      ]),
    );
    expect(comparison.rows[1]!.memoryUsedBytes).toBe((2_000_000 - 1_800_000 - 50_000) * 1024);
  });

  test('each step of the reading has a figure, of the boots that were ready', () => {
    const steps = [
      [1, 35e6],
      [100, 90e6],
    ] as const;
    const comparison = compareRuns(
      input(
        [
          row('initramfs', [
            { initTsc: 33e6, usedTsc: 90e6, steps },
            { outcome: { kind: 'interrupted' }, steps },
          ]),
        ],
        {
          usedPercents: [1, 100],
        },
      ),
    );
    expect(comparison.usedPercent).toBe(100);
    expect(comparison.rows[0]!.steps.map(({ percent, total }) => [percent, total.samples])).toEqual([
      [1, [5e6]],
      [100, [60e6]],
    ]);
  });

  test('a floor of another kernel is no floor', () => {
    const comparison = compareRuns(input([floor, row('initramfs', [{ initTsc: 1e9 }], { kernel: 'other' })]));
    expect(comparison.rows[1]).not.toHaveProperty('overFloor');
    expect(comparison.rows[1]).not.toHaveProperty('memoryUsedBytes');
  });

  test('a failed boot has an outcome and no figures of its own', () => {
    const panic = { kind: 'panic', message: 'VFS: no root' } as const;
    const comparison = compareRuns(input([floor, row('initramfs', [{ outcome: panic }])]));
    expect(comparison.rows[1]).toMatchObject({ outcome: panic });
    expect(comparison.rows[1]).not.toHaveProperty('init');
    expect(comparison.rows[1]).not.toHaveProperty('ratio');
  });

  test('wall clock: milliseconds of CLOCK_BOOTTIME, median of the rounds, raw samples kept', () => {
    const comparison = compareRuns(
      input(
        [
          row('initramfs', [
            { initMs: 900, usedMs: 950 },
            { initMs: 700, usedMs: 720 },
            { initMs: 800, usedMs: 830 },
          ]),
        ],
        { clock: 'wall' },
      ),
    );
    expect(comparison.unit).toBe('milliseconds');
    expect(comparison.rows[0]!.init).toEqual({
      median: 800,
      min: 700,
      max: 900,
      mad: 100,
      samples: [900, 700, 800],
    });
    expect(comparison.warnings.map(w => w.about)).toEqual([
      '1 rounds are few',
      'no KVM: the guest ran under TCG, whose wall clock favours no real machine',
    ]);
  });

  test('warns of different bytes read, mixed compressor families, and waiting that differs', () => {
    const about = compareRuns(
      input([
        row('initramfs', [{ initTsc: 500e6, usedTsc: 501e6, endTsc: 510e6, icount: 410e6, sum: 'aa' }]),
        row('kernelspace', [{ initTsc: 300e6, usedTsc: 301e6, endTsc: 310e6, icount: 205e6, sum: 'bb' }], {
          family: 'none',
        }),
      ]),
    ).warnings.map(w => w.about);
    expect(about).toEqual([
      'the flows did not read the same bytes',
      'compressors of different families are compared: lz4, none',
      'kernelspace idles 5.00 M more than initramfs',
    ]);
  });
});

describe('verdicts', () => {
  const panic = { kind: 'panic', message: 'x' } as const;
  const layouts = (id: string, totals: readonly (number | undefined)[]) =>
    row(
      id,
      totals.map(total =>
        total === undefined ? { outcome: panic } : { initTsc: total * 1e6 - 1e6, usedTsc: total * 1e6 },
      ),
    );
  const conditions = (rounds: number, more = {}) => ({ ...input([]).conditions, rounds, ...more });

  test('icount: the same layouts are compared with each other, those that both reached', () => {
    const compared = compareRuns(
      input(
        [
          layouts('initramfs', [250, undefined, 280, 255]),
          layouts('initramfs+slow', [252, 300, undefined, 257]),
        ],
        {
          conditions: conditions(4),
        },
      ),
    );
    expect(compared.rows[0]).not.toHaveProperty('against');
    expect(compared.rows[1]!.against).toMatchObject({
      verdict: 'higher',
      difference: 2e6,
      interval: { low: 2e6, high: 2e6 },
    });
    expect(formatComparison(compared, 120).join('\n')).toContain('+2.00 .. +2.00');
  });

  test('a single layout close to the reference is warned of, and not judged', () => {
    const compared = compareRuns(input([layouts('initramfs', [250]), layouts('initramfs+slow', [250.5])]));
    expect(compared.rows[1]).not.toHaveProperty('against');
    expect(compared.warnings.map(warning => warning.remedy)).toEqual(['use --variants 8']);
  });

  test('wall: oversubscribed rows have no rank and no ratio; A/A stands before the others', () => {
    const boots = (base: number) => [0, 1, 2, 3].map(more => ({ initMs: base + more, usedMs: base + more }));
    const noise = noiseOf('initramfs', [700, 701, 702], [701, 702, 703], ['r'])!;
    const wall = (cpus: number) =>
      compareRuns(
        input([row('initramfs', boots(700)), row('kernelspace', boots(500))].map(wallRow), {
          ...{ clock: 'wall', noise, conditions: conditions(4, { cpus }) },
        }),
      );
    expect(wall(1).rows[1]!.against).toMatchObject({ verdict: 'lower', difference: -200 });
    expect(wall(2).rows[1]!.against).toMatchObject({ verdict: 'not ranked', why: 'oversubscribed' });
    expect(wall(2).rows[1]).not.toHaveProperty('ratio');
    const lines = formatComparison(wall(1), 120);
    const at = lines.findIndex(line => line.startsWith('against initramfs'));
    expect(lines[at + 1]).toMatch(/^initramfs \(A\/A\) .* noise$/);
    expect(lines[at + 2]).toMatch(/^kernelspace .* lower$/);
    expect(lines.join('\n')).toContain('4 rounds, as many as asked for');
  });
});

const wallRow = (measured: Measured): Measured => ({
  ...measured,
  runs: measured.runs.map(boot => ({ ...boot, clock: 'wall' })),
});

describe('formatComparison()', () => {
  const comparison = compareRuns(
    input([
      floor,
      row('initramfs', [{ initTsc: 530e6, usedTsc: 534e6, endTsc: 540e6, icount: 440e6 }]),
      row('kernelspace', [{ outcome: { kind: 'panic', message: 'no init' } }], {
        kernel: 'initoverlayfs',
        format: 'erofs-lz4hc',
        notes: ['disk: memory, reads cost nothing'],
      }),
    ]),
  );

  test('one line a row where the terminal is wide', () => {
    expect(formatComparison(comparison, 130).join('\n')).toMatchInlineSnapshot(`
      "payload busybox, 16.0 MiB, 10% of it read
      clock icount: millions of guest instructions since start_kernel; not time
      linux 7.3.4 x86_64, 2048 MiB, 1 CPU, QEMU 7.2.22 tcg

      row          format       image  to /init  reading   total    over  ratio  memory  outcome
      * reference                 MiB    M insn   M insn  M insn   floor            MiB
      floor@base   cpio-lz4      16.0    200.00        -  200.00    0.00  0.397    97.7    ready
      initramfs *  cpio-lz4      16.0    500.00     4.00  504.00  300.00  1.000    97.7    ready
      kernelspace  erofs-lz4hc   16.0         -        -       -       -      -       -    panic

      kernel base: floor@base, initramfs
      kernel initoverlayfs: kernelspace

      floor@base |########################                                     200.00
      initramfs  |############################################################ 504.00
                  # kernel entry to /init   = reading 10% of the files

      kernelspace: kernel panic: no init
      note: kernelspace: disk: memory, reads cost nothing"
    `);
  });

  test('reading in steps: the total at each', () => {
    const steps = [
      [1, 531e6],
      [10, 534e6],
    ] as const;
    const inSteps = compareRuns(
      input([floor, row('initramfs', [{ initTsc: 530e6, usedTsc: 534e6, steps }])], {
        usedPercents: [1, 10],
      }),
    );
    const text = formatComparison(inSteps, 80).join('\n');
    expect(text).toContain('16.0 MiB, 1, 10% of it read');
    expect(text).toContain(
      ['total (M insn) at      1%     10%', 'initramfs          501.00  504.00'].join('\n'),
    );
  });

  test('no line is wider than an 80 column terminal', () => {
    const lines = formatComparison(comparison, 80);
    expect(lines.filter(line => line.length > 80 && !/^(warning|note|kernelspace: )/.test(line))).toEqual([]);
    expect(lines.join('\n')).toContain('kernel panic: no init');
  });
});
