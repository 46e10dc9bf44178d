// SPDX-License-Identifier: GPL-2.0-only
/** The fold of one boot's record into its figures, field by field; how figures are written; whose floor is whose. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BootRun } from '../../src/boot/boot.ts';
import type { Outcome } from '../../src/events.ts';
import { type Measurable, runFigures } from '../../src/measure/figures.ts';
import { floorOf, type Kin } from '../../src/measure/floor.ts';
import { differenceText, figureText, figureWithUnit, unitOf } from '../../src/measure/unit.ts';

const counted: Measurable = {
  clock: 'icount',
  outcome: { kind: 'ready' },
  icount: 440e6,
  marks: {
    kernel: { host: 0, tsc: 30e6 },
    stage1: { host: 5, tsc: 130e6 },
    init: { host: 6, tsc: 230e6 },
    used: { host: 8, tsc: 330e6 },
    rootfs: { host: 9, tsc: 430e6 },
    end: { host: 10, tsc: 530e6 },
  },
  used: [
    { percent: 1, host: 7, tsc: 240e6 },
    { percent: 10, host: 8, tsc: 330e6 },
  ],
  facts: [
    { name: 'reached', values: { what: 'initrd.target', tsc: '340000000', boottime: '1' } },
    { name: 'used', values: { percent: '1', sum: 'aa' } },
    { name: 'used', values: { percent: '10', sum: 'bb' } },
    { name: 'memory', values: { at: 'init', MemTotal: '1000', MemFree: '900' } },
  ],
};

describe('runFigures()', () => {
  test('icount: instructions since start_kernel, every field', () => {
    expect(runFigures(counted)).toEqual({
      clock: 'icount',
      unit: 'instructions',
      points: [
        { id: 'kernel', mark: 'kernel', label: 'start_kernel', at: 0 },
        { id: 'stage1', mark: 'stage1', label: 'first stage', at: 100e6, host: 5 },
        { id: 'init', mark: 'init', label: '/init', at: 200e6, host: 6 },
        { id: 'used-1', mark: 'used', label: '1% read', at: 210e6, host: 7 },
        { id: 'used-10', mark: 'used', label: '10% read', at: 300e6, host: 8 },
        { id: 'initrd.target', label: 'initrd.target', at: 310e6 },
        { id: 'rootfs', mark: 'rootfs', label: 'root file system', at: 400e6, host: 9 },
        { id: 'end', mark: 'end', label: 'end', at: 500e6, host: 10 },
      ],
      init: 200e6,
      steps: [
        { percent: 1, total: 210e6 },
        { percent: 10, total: 300e6 },
      ],
      total: 300e6,
      reading: 100e6,
      idle: 90e6,
      memory: [
        {
          ...{ at: 'init', total: 1000 * 1024, free: 900 * 1024 },
          ...{ perCpuLists: 0, shmem: 0, cached: 0, carvedOut: 0 },
        },
      ],
      sum: 'bb',
    });
  });

  test("wall: milliseconds of CLOCK_BOOTTIME, whatever the counter was at the kernel's entry", () => {
    const { unit, init, total, idle, points } = runFigures({
      clock: 'wall',
      marks: {
        kernel: { host: 0, boottime: 0 },
        init: { host: 900, tsc: 9e9, boottime: 812.5e6 },
        used: { host: 950, tsc: 9.1e9, boottime: 850e6 },
      },
      used: [{ percent: 10, host: 950, tsc: 9.1e9, boottime: 850e6 }],
      facts: [],
    });
    expect({ unit, init, total, idle }).toEqual({
      ...{ unit: 'milliseconds', init: 812.5, total: 850, idle: undefined },
    });
    expect(points.map(({ at }) => at)).toEqual([0, 812.5, 850]);
  });

  const ends: readonly (readonly [string, Measurable['used'], number | undefined, number | undefined])[] = [
    ['nothing was to be read', [], 200e6, undefined],
    ['the probe says 0%, as in a floor', [{ percent: 0, host: 1, tsc: 231e6 }], 200e6, undefined],
    ['a share was read', [{ percent: 1, host: 1, tsc: 231e6 }], 201e6, 1e6],
    [
      '--used 0,50',
      [
        { percent: 0, host: 1, tsc: 231e6 },
        { percent: 50, host: 1, tsc: 240e6 },
      ],
      210e6,
      10e6,
    ],
  ];
  test.each(ends)('where it ends: %s', (_, used, total, reading) => {
    const found = runFigures({ ...counted, used });
    expect([found.total, found.reading]).toEqual([total, reading]);
    expect(found.steps.every(({ percent }) => percent > 0)).toBe(true);
    expect(found.points.filter(({ id }) => id === 'used-0')).toEqual([]);
  });

  const failed: readonly Outcome[] = [
    { kind: 'panic', message: 'x' },
    { kind: 'hang', deadline: 1, lastLine: '' },
    { kind: 'no-output', deadline: 1 },
    { kind: 'incomplete', message: 'x' },
    { kind: 'qemu-failed', exitCode: 1, message: 'x' },
    { kind: 'interrupted' },
  ];
  test.each(failed)('$kind: it has the points it passed, and no cost', outcome => {
    const { points, init, steps, total, reading } = runFigures({ ...counted, outcome });
    expect({ init, steps, total, reading }).toEqual({
      ...{ init: undefined, steps: [], total: undefined, reading: undefined },
    });
    expect(points).toEqual(runFigures(counted).points);
  });

  test('while it runs, it has cost what it has come to', () => {
    const { total } = runFigures({ ...counted, outcome: undefined });
    expect(total).toBe(300e6);
  });

  test('without the entry of the kernel nothing is counted; other marks, and guests that lie, do no harm', () => {
    const { kernel: _, ...marks } = counted.marks;
    expect(runFigures({ ...counted, marks })).toMatchObject({ points: [{ id: 'kernel' }], steps: [] });
    expect(runFigures({ ...counted, marks }).total).toBeUndefined();
    const lies = [
      { name: 'reached', values: { what: 'constructor', tsc: 'x' } },
      { name: 'reached', values: { tsc: '1' } },
      { name: 'reached', values: { what: 'early' } },
      { name: 'reached', values: { what: 'twice', tsc: '40000000' } },
      { name: 'reached', values: { what: 'twice', tsc: '50000000' } },
    ];
    const reached = runFigures({ ...counted, facts: lies }).points.filter(({ mark }) => mark === undefined);
    expect(reached).toEqual([{ id: 'twice', label: 'twice', at: 10e6 }]);
  });

  test('idle is never below zero, and none without both counts', () => {
    expect(runFigures({ ...counted, icount: 531e6 }).idle).toBe(0);
    expect(runFigures({ ...counted, icount: undefined }).idle).toBeUndefined();
    const { end: _, ...marks } = counted.marks;
    expect(runFigures({ ...counted, marks }).idle).toBeUndefined();
  });

  test('points are in the order of time, and what is counted adds up, whatever a guest reports', () => {
    const tsc = fc.integer({ min: 30e6, max: 1e9 });
    const reached = fc.option(fc.record({ host: fc.nat(), tsc }), { nil: undefined });
    const marks = fc.record({
      ...{ kernel: fc.constant({ host: 0, tsc: 30e6 }), init: reached, stage1: reached, end: reached },
    }) as fc.Arbitrary<BootRun['marks']>;
    const used = fc.array(fc.record({ percent: fc.integer({ min: 0, max: 100 }), host: fc.nat(), tsc }));
    let seen = 0;
    fc.assert(
      fc.property(marks, used, (given, steps) => {
        const figures = runFigures({ ...counted, marks: given, used: steps, facts: [] });
        const at = figures.points.map(point => point.at);
        expect(at).toEqual([...at].sort((a, b) => a - b));
        expect(figures.steps).toHaveLength(steps.filter(({ percent }) => percent > 0).length);
        expect(figures.total).toBe(figures.steps.at(-1)?.total ?? figures.init);
        if (figures.reading !== undefined) {
          expect(figures.init! + figures.reading).toBe(figures.total);
          seen++;
        }
      }),
    );
    expect(seen).toBeGreaterThan(10);
  });
});

describe('as written', () => {
  test('millions of instructions, milliseconds, or nothing', () => {
    expect(unitOf('icount')).toEqual({
      name: 'instructions',
      short: 'M insn',
      long: 'M instructions',
      per: 1e6,
    });
    expect(unitOf('wall')).toEqual({ name: 'milliseconds', short: 'ms', long: 'ms', per: 1 });
    expect([figureText(191_682_091, 'icount'), figureText(191_682_091, 'icount', 'detail')]).toEqual([
      ...['191.68', '191.682'],
    ]);
    expect([figureText(812.3456, 'wall'), figureText(812.3456, 'wall', 'detail')]).toEqual([
      ...['812.35', '812.346'],
    ]);
    expect([figureWithUnit(191_682_091, 'icount'), figureWithUnit(812.3, 'wall', 'detail')]).toEqual([
      ...['191.68 M insn', '812.300 ms'],
    ]);
    expect([figureText(undefined, 'wall'), figureWithUnit(undefined, 'icount')]).toEqual(['-', '-']);
    expect(figureText(0, 'wall')).toBe('0.00');
  });

  test('a difference has its sign', () => {
    expect([620_000, -1_150_000, 0].map(value => differenceText(value, 'icount'))).toEqual([
      ...['+0.62', '-1.15', '0.00'],
    ]);
    expect(differenceText(-0.0456, 'wall', 'detail')).toBe('-0.046');
  });
});

describe('floorOf()', () => {
  const row = (flow: string, kernel: string, ...words: string[]): Kin => ({ flow, kernel, words });
  const rows = [
    row('initramfs', 'a'),
    row('floor', 'a', 'quiet', 'x=1'),
    row('floor', 'b'),
    row('floor', 'a'),
    row('floor', 'a', 'quiet'),
  ];
  const of = (one: Kin) => floorOf(one, rows, kin => kin);

  test.each([
    [row('kernelspace', 'a'), 3],
    [row('kernelspace', 'a', 'quiet'), 4],
    [row('kernelspace', 'a', 'quiet', 'x=1'), 1],
    [row('kernelspace', 'a', 'x=1', 'quiet'), 3],
    [row('kernelspace', 'a', 'other'), 3],
    [row('kernelspace', 'b', 'quiet'), 2],
    [row('kernelspace', 'c'), -1],
  ])('of %j', (one, place) => {
    expect(of(one)).toBe(rows[place]);
  });

  test('a floor is its own', () => {
    const floors = rows.filter(({ flow }) => flow === 'floor');
    expect(floors.map(of)).toEqual(floors);
    expect(floors).toHaveLength(4);
  });
});
