// SPDX-License-Identifier: GPL-2.0-only
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  checkOf,
  crossoverBandwidths,
  type LoaderModel,
  media,
  predict,
  type StoredFlow,
  storageReport,
} from '../../src/measure/storage.ts';
import { formatStorage } from '../../src/measure/storagetable.ts';

const loader: LoaderModel = { base: 4000, rate: 100e6 };
/** Reads all before the kernel; the other reads what it uses, and is slower at it. */
const kernelspace: StoredFlow = {
  row: 'kernelspace',
  loaderBytes: 70e6,
  demandBytes: 0,
  guest: 900,
  reading: 100,
};
const userspace: StoredFlow = {
  ...{ row: 'userspace', loaderBytes: 5e6, demandBytes: 10e6 },
  ...{ guest: 1000, reading: 200 },
};
const at = (bytesPerSecond: number, burstSeconds = 0) => ({ name: 'x', bytesPerSecond, burstSeconds });

describe('predict()', () => {
  test('slow storage: all that is read is read at its rate', () => {
    expect(predict(userspace, loader, at(20e6))).toEqual({
      ...{ base: 4000, loading: 250, guest: 1000, reading: 500, total: 5750 },
    });
  });

  test('fast storage: loader and kernel have rates of their own', () => {
    expect(predict(userspace, loader, at(1e9))).toMatchObject({ loading: 50, reading: 200 });
    expect(predict(kernelspace, loader, at(1e9)).loading).toBe(700);
  });

  test('what a throttled disk gives at once is not waited for', () => {
    expect(predict(userspace, loader, at(20e6, 0.1))).toMatchObject({ loading: 150, reading: 400 });
    expect(predict({ ...userspace, demandBytes: 1e6 }, loader, at(20e6, 0.1)).reading).toBe(200);
  });
});

const flow = (row: string) =>
  fc.record({
    row: fc.constant(row),
    loaderBytes: fc.integer({ min: 1e6, max: 3e8 }),
    demandBytes: fc.integer({ min: 0, max: 3e8 }),
    guest: fc.integer({ min: 1, max: 5000 }),
    reading: fc.integer({ min: 1, max: 5000 }),
  });

describe('crossoverBandwidths()', () => {
  test('below it what reads less wins, above it what runs faster', () => {
    const [crossing, ...none] = crossoverBandwidths(kernelspace, userspace, { ...loader, rate: 1e9 });
    expect(none).toEqual([]);
    expect(crossing).toBeCloseTo(325e6, 0);
    const difference = (rate: number) =>
      predict(kernelspace, { ...loader, rate: 1e9 }, at(rate)).total -
      predict(userspace, { ...loader, rate: 1e9 }, at(rate)).total;
    expect(difference(320e6)).toBeGreaterThan(0);
    expect(difference(330e6)).toBeLessThan(0);
  });

  test('where a slow loader eats what the kernel saves there is none', () => {
    expect(crossoverBandwidths(kernelspace, userspace, { ...loader, rate: 50e6 })).toEqual([]);
  });

  test('at each the two take the same, whatever the flows', () => {
    fc.assert(
      fc.property(flow('a'), flow('b'), fc.integer({ min: 1e6, max: 1e9 }), (a, b, rate) => {
        for (const bandwidth of crossoverBandwidths(a, b, { base: 0, rate })) {
          const [x, y] = [a, b].map(one => predict(one, { base: 0, rate }, at(bandwidth)).total);
          expect(Math.abs(x! - y!)).toBeLessThan(1e-6 * x!);
        }
      }),
    );
  });

  test('finds each change of the winner', () => {
    fc.assert(
      fc.property(flow('a'), flow('b'), fc.integer({ min: 1e6, max: 1e9 }), (a, b, rate) => {
        const sign = (bandwidth: number) => {
          const [x, y] = [a, b].map(one => predict(one, { base: 0, rate }, at(bandwidth)).total);
          return Math.abs(x! - y!) < 1e-6 * x! ? 0 : Math.sign(x! - y!);
        };
        const crossings = crossoverBandwidths(a, b, { base: 0, rate });
        const places = Array.from({ length: 60 }, (_, i) => 1e5 * 1.2 ** i);
        places.slice(1).forEach((high, i) => {
          const low = places[i]!;
          if (sign(low) * sign(high) < 0) {
            expect(crossings.some(crossing => crossing >= low && crossing <= high)).toBe(true);
          }
        });
      }),
    );
  });
});

describe('crossoverBandwidths(), by hand', () => {
  const fast: LoaderModel = { base: 0, rate: 1e9 };
  const plain = (row: string, more: Partial<StoredFlow>): StoredFlow => ({
    ...{ row, loaderBytes: 0, demandBytes: 0, guest: 0, reading: 0 },
    ...more,
  });

  test.each<[string, StoredFlow, StoredFlow, readonly number[]]>([
    // 100 MB more to read against 100 ms more to run: 1 GB/s is where the loader's own rate begins to count
    [
      'a line that ends where the loader is slower',
      plain('a', { loaderBytes: 100e6 }),
      plain('b', { guest: 200 }),
      [500e6],
    ],
    [
      'never, when both read as much',
      plain('a', { loaderBytes: 1e6 }),
      plain('b', { loaderBytes: 1e6, guest: 1 }),
      [],
    ],
    ['the same at any bandwidth', plain('a', { loaderBytes: 1e6 }), plain('b', { loaderBytes: 1e6 }), []],
    [
      'two, as one reads more and the other reads it later',
      plain('a', { loaderBytes: 60e6 }),
      plain('b', { demandBytes: 100e6, reading: 90, guest: 0 }),
      [],
    ],
  ])('%s', (_, a, b, expected) => {
    expect(crossoverBandwidths(a, b, fast).map(Math.round)).toEqual(expected);
  });

  test('it goes on below the slowest rate of both: the last line has no end', () => {
    const [at] = crossoverBandwidths(
      plain('a', { loaderBytes: 2e6, guest: 0 }),
      plain('b', { loaderBytes: 1e6, guest: 1000 }),
      fast,
    );
    expect(at).toBeCloseTo(1e6, -1);
  });

  test('of several the slowest first', () => {
    let several = 0;
    fc.assert(
      fc.property(flow('a'), flow('b'), fc.integer({ min: 1e6, max: 1e9 }), (a, b, rate) => {
        const found = crossoverBandwidths(a, b, { base: 0, rate });
        expect(found).toEqual([...found].sort((x, y) => x - y));
        if (found.length > 1) several++;
      }),
      { numRuns: 1000 },
    );
    expect(several).toBeGreaterThan(0);
  });
});

describe('storageReport()', () => {
  const flows = [kernelspace, userspace];
  const checks = [
    checkOf(userspace, loader, { name: '20 MB/s', bytesPerSecond: 20e6 }, 10, [6000, 6100, 6200]),
  ];
  const report = storageReport(loader, [{ imageBytes: 65e6, usedPercent: 10, flows }], { checks });

  test('a winner only where it is clear', () => {
    expect(report.cases[0]!.cells.map(({ medium, fastest }) => [medium, fastest])).toEqual([
      ['SD 20', 'userspace'],
      ['SD 40', 'userspace'],
      ['eMMC', 'userspace'],
      ['SATA', 'userspace'],
      ['NVMe', 'userspace'],
    ]);
    const alike = storageReport(loader, [
      { imageBytes: 1, usedPercent: 1, flows: [userspace, { ...userspace, row: 'b' }] },
    ]);
    expect(alike.cases[0]!.cells.every(cell => cell.fastest === undefined)).toBe(true);
    expect(media.map(({ bytesPerSecond }) => bytesPerSecond / 1e6)).toEqual([20, 40, 150, 500, 3000]);
  });

  test('a check: distance of the median from the prediction, and what the same thing differs by', () => {
    expect(checks[0]).toMatchObject({ predicted: 5750 });
    expect(checks[0]!.off).toBeCloseTo(350 / 5750);
    expect(checks[0]!.same).toBeCloseTo(200 / 6100);
  });

  test.each([1049, 1050, 1051])('closer than the model is right there is none: 1000 against %d', other => {
    const still = (row: string, guest: number): StoredFlow => ({
      ...{ row, loaderBytes: 0, demandBytes: 0, guest, reading: 0 },
    });
    const { cases } = storageReport(
      { base: 0, rate: 1e9 },
      [{ imageBytes: 1, usedPercent: 1, flows: [still('b', other), still('a', 1000)] }],
      { media: [at(1e9)] },
    );
    expect(cases[0]!.cells).toEqual([
      { medium: 'x', totals: { a: 1000, b: other }, ...(other > 1050 && { fastest: 'a' }) },
    ]);
  });

  test('a flow alone is the fastest; without one there is none', () => {
    const of = (...some: StoredFlow[]) =>
      storageReport(loader, [{ imageBytes: 1, usedPercent: 1, flows: some }], { media: [at(1e9)] });
    expect(of(userspace).cases[0]!.cells[0]!.fastest).toBe('userspace');
    expect(of().cases[0]!.cells).toEqual([{ medium: 'x', totals: {} }]);
    expect(of(userspace).cases[0]!.crossovers).toEqual([]);
  });

  test('the record has all of it: schema, model, each pair once, notes, checks', () => {
    const third = { ...userspace, row: 'third', guest: 2000 };
    const made = storageReport(
      loader,
      [{ imageBytes: 5, usedPercent: 7, flows: [kernelspace, userspace, third] }],
      { notes: ['a note'], checks },
    );
    expect(made).toMatchObject({ schema: 'initbench.storage/1', loader, notes: ['a note'], checks });
    expect(made.cases[0]).toMatchObject({ imageBytes: 5, usedPercent: 7 });
    expect(made.cases[0]!.crossovers.map(({ rows }) => rows.join())).toEqual([
      ...['kernelspace,userspace', 'kernelspace,third', 'userspace,third'],
    ]);
    expect(made.cases[0]!.cells.map(({ medium }) => medium)).toEqual(media.map(({ name }) => name));
    expect(storageReport(loader, [])).toMatchObject({ cases: [], checks: [], notes: [] });
  });

  test.each([
    [[6100], 6100, 0],
    [[6200, 6000], 6100, 200],
    [[6000, 9000, 6100, 6050], 6075, 3000],
  ])('a check of the boots %j', (measured, middle, range) => {
    const check = checkOf(userspace, loader, { name: 'd', bytesPerSecond: 20e6 }, 10, measured);
    expect(check).toMatchObject({
      row: 'userspace',
      medium: 'd',
      usedPercent: 10,
      predicted: 5750,
      measured,
    });
    expect(check.off).toBeCloseTo((middle - 5750) / 5750, 12);
    expect(check.same).toBeCloseTo(range / middle, 12);
  });

  test('as text, for mail', () => {
    const text = formatStorage(report);
    expect(Math.max(...text.map(line => line.length))).toBeLessThanOrEqual(72);
    expect(text.join('\n')).toMatchInlineSnapshot(`
      "seconds from power-on to the files used:
        base + loader bytes / min(loader rate, bandwidth)
        + guest to /init + max(reading, bytes on demand / bandwidth)
      base 4.00 s, loader rate 100.0 MB/s: of the machine measured

      image 65.0 MB, 10% used
      MB           loader  demand guest s reading
      kernelspace    70.0     0.0    0.90    0.10
      userspace       5.0    10.0    1.00    0.20
      seconds       SD 20   SD 40    eMMC    SATA    NVMe
      kernelspace   8.50    6.75    5.70    5.70    5.70
      userspace     5.75*   5.38*   5.25*   5.25*   5.25*
      kernelspace, userspace: one is faster at any bandwidth

      model against boots from a throttled disk (seconds)
      row            disk      used predicted  measured       off       A/A
      userspace   20 MB/s       10%      5.75      6.10      6.1%      3.3%"
    `);
  });
});
