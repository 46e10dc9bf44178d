// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, test } from 'vitest';
import type { BootRun } from '../../src/boot/boot.ts';
import { aligned, diffRuns, eventsOf, sameDigits } from '../../src/measure/diff.ts';
import { run } from './runs.ts';

const boot = (more: Partial<BootRun> = {}): BootRun => ({
  ...run({}),
  marks: {
    kernel: { host: 0, tsc: 100 },
    init: { host: 1, tsc: 300 },
    used: { host: 2, tsc: 500 },
    end: { host: 3, tsc: 600 },
  },
  used: [
    { percent: 1, host: 2, tsc: 400 },
    { percent: 10, host: 2, tsc: 500 },
  ],
  ...more,
});

describe('timelines', () => {
  test('every event of a boot, in its clock, since start_kernel', () => {
    expect(eventsOf(boot())).toEqual([
      { event: 'init', at: 200 },
      { event: 'used 1%', at: 300 },
      { event: 'used 10%', at: 400 },
      { event: 'end', at: 500 },
    ]);
    const wall = boot({ clock: 'wall', marks: { init: { host: 1, boottime: 2e6 } }, used: [] });
    expect(eventsOf(wall)).toEqual([{ event: 'init', at: 2 }]);
  });

  test('aligned by event, each difference charged to the way from the last event both passed', () => {
    const before = [
      { event: 'init', at: 200 },
      { event: 'used 10%', at: 300 },
      { event: 'end', at: 400 },
    ];
    const after = [
      { event: 'stage1', at: 150 },
      { event: 'init', at: 260 },
      { event: 'used 10%', at: 350 },
      { event: 'end', at: 450 },
    ];
    expect(aligned(before, after)).toEqual([
      { event: 'stage1', after: 150 },
      { event: 'init', before: 200, after: 260, delta: 60 },
      { event: 'used 10%', before: 300, after: 350, delta: -10 },
      { event: 'end', before: 400, after: 450, delta: 0 },
    ]);
  });

  test('figures of two clocks are not held against each other', () => {
    const found = diffRuns(boot(), boot({ clock: 'wall' }));
    expect(found).not.toHaveProperty('timeline');
    expect(found.changed).toContainEqual({ what: 'clock', before: 'icount', after: 'wall' });
    expect(sameDigits(boot(), boot({ clock: 'wall' }))).toBeUndefined();
  });
});

test('only what differs is told: properties, words of the command, lines of the configuration', () => {
  const after = boot({ argv: ['qemu', '-m', '512'], memoryMiB: 512 });
  const before = boot({ argv: ['qemu', '-m', '2048'] });
  const config = { before: 'CONFIG_A=y\nCONFIG_B=y\n', after: 'CONFIG_A=y\nCONFIG_B=m\nCONFIG_C=y\n' };
  const found = diffRuns(before, after, config);
  expect(found.changed).toEqual([{ what: 'memory', before: '2048 MiB', after: '512 MiB' }]);
  expect(found.argv.map(({ sign, word }) => sign + word)).toEqual([' qemu', ' -m', '-2048', '+512']);
  expect(found.config).toEqual(['-CONFIG_B=y', '+CONFIG_B=m', '+CONFIG_C=y']);
});

test('the same digits, or not', () => {
  expect(sameDigits(boot(), boot())).toBe(true);
  expect(sameDigits(boot(), boot({ marks: { ...boot().marks, end: { host: 9, tsc: 601 } } }))).toBe(false);
});
