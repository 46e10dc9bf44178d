// SPDX-License-Identifier: GPL-2.0-only
/** From boots through firmware to the storage model's figures; a boot that failed is no sample. */
import { describe, expect, test } from 'vitest';
import type { BootRun } from '../../src/boot/boot.ts';
import { loaderModelOf, storedFlowOf, wholeOf } from '../../src/measure/stored.ts';
import { run } from './runs.ts';

interface Path {
  readonly loading?: number;
  readonly guest?: number;
  readonly reading?: number;
  readonly bytes?: number;
  readonly outcome?: BootRun['outcome'];
}

/** Power on at 0, a loader from 1000 ms on, a counter of 2 GHz. */
function boot({ loading = 500, guest = 800, reading = 200, bytes = 50e6, outcome }: Path): BootRun {
  const start = 1000 + loading;
  const init = { host: start + guest, tsc: (start + guest) * 2e6, boottime: guest * 1e6 };
  return {
    ...run({}),
    clock: 'wall',
    outcome: outcome ?? { kind: 'ready' },
    marks: { kernel: { host: 0, boottime: 0 }, init },
    used: reading > 0 ? [{ percent: 10, host: 0, boottime: (guest + reading) * 1e6 }] : [],
    facts: [
      { name: 'loader', values: { init: '1000000', exec: String(start * 1000) } },
      { name: 'log', values: { at: '0.000000', text: 'tsc: Detected 2000.000 MHz processor' } },
    ],
    loader: { kernelBytes: 5e6, imageBytes: bytes - 5e6 },
  };
}
const panic = { kind: 'panic', message: 'behind /init' } as const;

describe('wholeOf()', () => {
  test('from power-on to the files used; to /init where nothing was to be read', () => {
    expect(wholeOf(boot({}))).toBeCloseTo(1000 + 500 + 800 + 200, 6);
    expect(wholeOf(boot({ reading: 0 }))).toBeCloseTo(1000 + 500 + 800, 6);
  });

  test.each<[string, BootRun]>([
    ['a boot that panicked behind /init', boot({ outcome: panic })],
    ['one whose loader told nothing', { ...boot({}), facts: boot({}).facts.slice(1) }],
    ['one of before loaders were recorded', (({ loader: _, ...rest }) => rest)(boot({}))],
    ['one that did not reach /init', { ...boot({}), marks: { kernel: { host: 0, boottime: 0 } } }],
  ])('%s has none', (_, one) => {
    expect(wholeOf(one)).toBeUndefined();
    expect(loaderModelOf([one])).toBeUndefined();
    expect(storedFlowOf('x', [one], 1)).toBeUndefined();
  });
});

describe('storedFlowOf()', () => {
  test('medians of the boots that reached their end', () => {
    const runs = [
      boot({ guest: 1, reading: 1, outcome: panic }),
      boot({ guest: 800, reading: 200 }),
      boot({ guest: 900, reading: 100 }),
      boot({ guest: 1500, reading: 110 }),
    ];
    const flow = storedFlowOf('userspace', runs, 7e6)!;
    expect(flow).toMatchObject({ row: 'userspace', loaderBytes: 50e6, demandBytes: 7e6 });
    expect([flow.guest, flow.reading].map(Math.round)).toEqual([900, 110]);
  });
});

describe('loaderModelOf()', () => {
  test('the rate is the slope between the least and the most it read; the rest is before it', () => {
    const runs = [
      boot({ bytes: 10e6, loading: 300 }),
      boot({ bytes: 10e6, loading: 320 }),
      boot({ bytes: 10e6, loading: 900 }),
      boot({ bytes: 110e6, loading: 1320 }),
      boot({ bytes: 110e6, loading: 1, outcome: panic }),
    ];
    const { base, rate } = loaderModelOf(runs)!;
    expect(rate / 1e6).toBeCloseTo(100, 6);
    expect(base).toBeCloseTo(1000 + 320 - 100, 6);
  });

  test('of one size alone all of its time is reading', () => {
    const { base, rate } = loaderModelOf([boot({ bytes: 50e6, loading: 500 })])!;
    expect([base, rate / 1e6].map(Math.round)).toEqual([1000, 100]);
  });

  test('on a host so busy that reading more took less time, too', () => {
    const { base, rate } = loaderModelOf([
      boot({ bytes: 10e6, loading: 900 }),
      boot({ bytes: 110e6, loading: 550 }),
    ])!;
    expect([base, rate / 1e6].map(Math.round)).toEqual([1000, 200]);
  });
});
