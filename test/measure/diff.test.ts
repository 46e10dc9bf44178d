// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, test } from 'vitest';
import type { BootRun } from '../../src/boot/boot.ts';
import { diffRuns, sameDigits } from '../../src/measure/diff.ts';
import { alignTimelines, timelineOf } from '../../src/measure/timeline.ts';
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
  test('the timelines of both, aligned', () => {
    const [before, after] = [boot(), boot({ used: [{ percent: 10, host: 2, tsc: 520 }] })];
    const { timeline } = diffRuns(before, after);
    expect(timeline).toEqual(alignTimelines(timelineOf(before), timelineOf(after)));
    expect(timeline!.events.map(({ id, delta }) => [id, delta])).toEqual([
      ['kernel', 0],
      ['init', 0],
      ['used-1', undefined],
      ['used-10', 20],
    ]);
  });

  test('figures of two clocks are not held against each other', () => {
    const found = diffRuns(boot(), boot({ clock: 'wall' }));
    expect(found).not.toHaveProperty('timeline');
    expect(found.changed).toContainEqual({ what: 'clock', before: 'icount', after: 'wall' });
    expect(sameDigits(boot(), boot({ clock: 'wall' }))).toBeUndefined();
  });

  test('nor are those of a boot that was typed into', () => {
    const typed = diffRuns({ ...boot(), interactive: true }, boot());
    expect(typed).not.toHaveProperty('timeline');
    expect(typed.changed).toEqual([{ what: 'typed into', before: 'yes', after: 'no' }]);
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
