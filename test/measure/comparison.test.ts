// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, test } from 'vitest';
import { compareRuns, type ComparisonInput, type Measured } from '../../src/measure/comparison.ts';
import { noiseOf } from '../../src/measure/judgement.ts';
import { formatComparison } from '../../src/measure/table.ts';
import { type Given, run } from './runs.ts';

const row = (id: string, figures: readonly Given[], more: Partial<Measured> = {}): Measured => ({
  id,
  flow: id.split(/[:@]/)[0]!,
  kernel: 'base',
  format: 'cpio-lz4',
  family: 'lz4',
  imageBytes: 16 * 2 ** 20,
  notes: [],
  words: id.split('+').slice(1),
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
    const other = row('initramfs', [{ initTsc: 1e9 }]);
    const runs = other.runs.map(boot => ({ ...boot, kernel: { ...boot.kernel, digest: 'another' } }));
    const comparison = compareRuns(input([floor, { ...other, runs }]));
    expect(comparison.rows[1]).not.toHaveProperty('overFloor');
    expect(comparison.rows[1]).not.toHaveProperty('memoryUsedBytes');
  });

  test('a run that ended in a panic is no sample, however far it came', () => {
    const panic = { kind: 'panic', message: 'died later' } as const;
    const late = { initTsc: 900e6, usedTsc: 950e6, steps: [[10, 950e6]], outcome: panic } as const;
    const good = { initTsc: 530e6, usedTsc: 534e6 };
    const { rows } = compareRuns(input([floor, row('initramfs', [good, late, good])]));
    expect(rows[1]).toMatchObject({ outcome: panic, ratio: 1, overFloor: 300e6 });
    expect([rows[1]!.init, rows[1]!.used, rows[1]!.steps[0]!.total].map(spread => spread!.samples)).toEqual([
      [500e6, 500e6],
      [504e6, 504e6],
      [504e6, 504e6],
    ]);
  });

  test('units are those of the clock', () => {
    const one = row('initramfs', [{ initTsc: 530e6 }]);
    expect(compareRuns(input([one]))).toMatchObject({ clock: 'icount', unit: 'instructions' });
    expect(compareRuns(input([one], { clock: 'wall' }))).toMatchObject({ unit: 'milliseconds' });
  });

  test('nothing was to be read: all ends at /init', () => {
    const zero = { initTsc: 530e6, usedTsc: 531e6, steps: [[0, 531e6]] } as const;
    const comparison = compareRuns(
      input([floor, row('initramfs', [zero]), row('loop', [{ ...zero, initTsc: 1030e6 }])], {
        usedPercents: [0],
      }),
    );
    expect(comparison).toMatchObject({ usedPercent: 0, usedPercents: [] });
    expect(comparison.rows.map(({ used, steps, ratio }) => [used, steps, ratio])).toEqual([
      [undefined, [], 0.4],
      [undefined, [], 1],
      [undefined, [], 2],
    ]);
    const text = formatComparison(comparison, 100).join('\n');
    expect(text).toContain('16.0 MiB, nothing of it read');
    expect(text).toMatch(/\n +# kernel entry to \/init(\n|$)/);
  });

  test('memory at /init is that at /init, and the peak of QEMU that of all boots', () => {
    const [one] = row('initramfs', [{ initTsc: 530e6 }]).runs;
    const [init] = one!.facts;
    const later = { ...init!, values: { ...init!.values, at: 'used', MemFree: '1' } };
    const boots = [
      { ...one!, facts: [later, init!], host: { ...one!.host, peakBytes: 5 } },
      { ...one!, host: { ...one!.host, peakBytes: 7 } },
      one!,
    ];
    const { rows } = compareRuns(input([floor, { ...row('initramfs', []), runs: boots }]));
    expect(rows[1]).toMatchObject({ memoryUsedBytes: 100_000 * 1024, hostPeakBytes: 7 });
    const without = { ...one!, facts: [later] };
    const told = compareRuns(input([floor, { ...row('initramfs', []), runs: [without] }])).rows[1]!;
    expect(told).not.toHaveProperty('memoryUsedBytes');
    expect(told).not.toHaveProperty('hostPeakBytes');
    expect(told.memory.map(({ at }) => at)).toEqual(['used']);
  });

  test('of a boot that went on to the root its memory there counts, and nothing else', () => {
    const [pivot] = row('initramfs', [{ initTsc: 1, usedTsc: 1 }]).runs;
    const at = (moment: string) => ({ name: 'memory', values: { at: moment, MemTotal: '9', MemFree: '8' } });
    const boot = row('initramfs', [{ initTsc: 530e6 }], {
      pivot: { ...pivot!, facts: [at('init'), at('rootfs')] },
    });
    const [own] = compareRuns(input([boot])).rows;
    expect(own!.memory.map(({ at: moment, total }) => [moment, total])).toEqual([
      ['init', 2_000_000 * 1024],
      ['rootfs', 9 * 1024],
    ]);
    expect(own!.init!.median).toBe(500e6);
    expect(own!.runs).toHaveLength(1);
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
      '1 round is few',
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
      'kernelspace idles 5.00 M insn more than initramfs',
    ]);
  });
});

describe('floors', () => {
  const panic = { kind: 'panic', message: 'no init' } as const;
  /** On a kernel of its own. */
  const on = (digest: string, one: Measured): Measured => ({
    ...one,
    kernel: digest,
    runs: one.runs.map(boot => ({ ...boot, kernel: { ...boot.kernel, digest } })),
  });
  const floorAt = (id: string, initTsc: number, given: Given = {}) =>
    row(id, [{ initTsc, totalKiB: 2_000_000, ...given }], { flow: 'floor' });
  const at = (id: string, initTsc: number) => row(id, [{ initTsc, usedTsc: initTsc + 5e6 }]);
  const told = (measured: readonly Measured[], width = 130) => {
    const comparison = compareRuns(input(measured, { reference: measured.at(-1)!.id }));
    const over = comparison.rows.map(({ id, floor: own, overFloor, memoryUsedBytes }) => [
      ...[id, own, overFloor === undefined ? undefined : overFloor / 1e6, memoryUsedBytes !== undefined],
    ]);
    return { over, lines: formatComparison(comparison, width) };
  };

  test('one that panicked takes its figures from the rows of its own kernel, which say so', () => {
    const { over, lines } = told([
      on('base', floorAt('floor@base', 230e6, { outcome: panic })),
      on('series', floorAt('floor@series', 231e6)),
      on('base', at('initramfs', 530e6)),
      on('base', at('userspace', 240e6)),
      on('series', at('kernelspace', 232e6)),
    ]);
    expect(over).toEqual([
      ['floor@base', 'floor@base', undefined, false],
      ['floor@series', 'floor@series', 0, true],
      ['initramfs', 'floor@base', undefined, false],
      ['userspace', 'floor@base', undefined, false],
      ['kernelspace', 'floor@series', 1, true],
    ]);
    expect(lines.find(line => line.startsWith('kernelspace '))).toMatch(/ 1\.00 .* ready$/);
    expect(lines).toContain('floor@base: kernel panic: no init');
    expect(lines).toContain(
      'initramfs, userspace: no figure over the floor, since floor@base failed: kernel panic: no init',
    );
    expect(lines.filter(line => line.includes('no figure over'))).toHaveLength(1);
  });

  test.each([
    ['before', 0],
    ['behind', 2],
  ])('one with a word that panics, %s the others, takes nothing from rows without it', (_, place) => {
    const rows = [floorAt('floor@base', 230e6), at('initramfs', 530e6), at('initramfs+quiet', 540e6)];
    rows.splice(place, 0, floorAt('floor@base+bad', 0, { outcome: panic }));
    const { over, lines } = told(rows);
    expect(over.filter(([id]) => String(id).startsWith('initramfs'))).toEqual([
      ['initramfs', 'floor@base', 300, true],
      ['initramfs+quiet', 'floor@base', 310, true],
    ]);
    expect(lines.filter(line => line.includes('no figure over'))).toEqual([]);
  });

  test('a row with a word is told over the floor with that word', () => {
    const { over } = told([
      floorAt('floor@base+slow', 330e6),
      floorAt('floor@base', 230e6),
      at('initramfs', 530e6),
      at('initramfs+slow', 540e6),
    ]);
    expect(over.slice(2).map(([, own, value]) => [own, value])).toEqual([
      ['floor@base', 300],
      ['floor@base+slow', 210],
    ]);
  });

  test('kernels of one name that are two binaries, or machines of two sizes, share none', () => {
    const series = (digest: string, initTsc: number) => on(digest, { ...at('kernelspace', initTsc) });
    const { over } = told([on('one', floorAt('floor@s', 230e6)), series('one', 240e6), series('two', 250e6)]);
    expect(over.slice(1).map(([, own, value]) => [own, value])).toEqual([
      ['floor@s', 10],
      [undefined, undefined],
    ]);
    const small = at('initramfs', 530e6);
    const runs = small.runs.map(boot => ({ ...boot, memoryMiB: 512 }));
    expect(told([floorAt('floor@base', 230e6), { ...small, runs }]).over[1]![1]).toBeUndefined();
  });

  test('of a floor with one good boot that boot counts, for its memory, too', () => {
    const floors = row(
      'floor@base',
      [
        { initTsc: 1, totalKiB: 1, outcome: panic },
        { initTsc: 230e6, totalKiB: 2_000_000 },
      ],
      { flow: 'floor' },
    );
    const { rows } = compareRuns(input([floors, row('initramfs', [{ initTsc: 530e6, freeKiB: 1_900_000 }])]));
    expect(rows[1]).toMatchObject({ overFloor: 300e6, memoryUsedBytes: 100_000 * 1024 });
    expect(rows[0]!.outcome).toEqual(panic);
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

  const warned = (totals: readonly number[], more: Partial<ComparisonInput> = {}) =>
    compareRuns(
      input(
        [
          row('floor@base', [{ initTsc: 250.1e6 }], { flow: 'floor' }),
          layouts('initramfs', [250]),
          ...totals.map((total, i) => layouts(`loop${i}`, [total])),
        ],
        more,
      ),
    ).warnings.map(({ about }) => about);

  test.each([
    [[251.05, 248.95], ['loop0, loop1']],
    [[251.2, 248.8], []],
    // of 220 since the kernel's entry, half a percent is 1.1
    [[251.11, 248.89], []],
    [[251.09, 251.2], ['loop0']],
  ])('one layout: %j against 250 M', (totals, rows) => {
    expect(warned(totals)).toEqual(
      rows.map(names => `${names}: within 0.5% of initramfs, which layout alone can move a boot by`),
    );
  });

  test('several layouts, or the wall clock, are told otherwise', () => {
    expect(warned([250.5], { conditions: conditions(2) })).toEqual([]);
    const wall = (initMs: number) => [{ initMs, usedMs: initMs }];
    const { warnings } = compareRuns(
      input([row('initramfs', wall(700)), row('loop', wall(701))], { clock: 'wall' }),
    );
    expect(warnings.filter(({ remedy }) => remedy.includes('--variants'))).toEqual([]);
    expect(warnings.length).toBeGreaterThan(0);
  });

  test('what is doubtful is looked for in the total, not on the way to /init', () => {
    const boots = (last: number) =>
      [0, 1, 2, 3, 4].map(i => ({ initMs: 100, usedMs: i === 4 ? last : 800 + i }));
    const doubts = (last: number) =>
      compareRuns(
        input([row('initramfs', boots(last))], { clock: 'wall', conditions: conditions(10) }),
      ).warnings.filter(({ about }) => about.startsWith('outliers'));
    expect(doubts(1600).map(({ about }) => about)).toEqual(['outliers: boots of initramfs (5)']);
    expect(doubts(804)).toEqual([]);
  });

  test('the reference and floors are not judged, nor is a row without a boot that got there', () => {
    const compared = compareRuns(
      input(
        [
          { ...layouts('floor@base', [200, 201]), flow: 'floor' },
          layouts('initramfs', [250, 251]),
          layouts('loop', [undefined, undefined]),
        ],
        { conditions: conditions(2) },
      ),
    );
    expect(compared.rows.map(({ against }) => against)).toEqual([undefined, undefined, undefined]);
    const wall = compareRuns(
      input([row('initramfs', [{ initMs: 700 }]), row('loop', [{ outcome: panic }])], { clock: 'wall' }),
    );
    expect(wall.rows[1]).not.toHaveProperty('against');
    expect(compareRuns(input([layouts('loop', [250, 251])], { reference: 'none' })).rows[0]).toMatchObject({
      id: 'loop',
      steps: [{ percent: 10 }],
    });
  });

  test('wall: oversubscribed rows have no rank and no ratio; A/A stands before the others', () => {
    const boots = (base: number) => [0, 1, 2, 3].map(more => ({ initMs: base + more, usedMs: base + more }));
    const noise = noiseOf('initramfs', [700, 701, 702], [701, 702, 703], ['r'])!;
    const wall = (cpus: number) =>
      compareRuns(
        input([row('initramfs', boots(700)), row('kernelspace', boots(500))], {
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
