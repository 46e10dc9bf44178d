// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, test } from 'vitest';
import type { BootRun } from '../../src/boot/boot.ts';
import { kernelLogOf } from '../../src/measure/kernellog.ts';
import { alignTimelines, timelineOf } from '../../src/measure/timeline.ts';
import { run } from './runs.ts';

const log = (at: string, text: string) => ({ name: 'log', values: { at, text } });

/** Figures of a real boot: the kernel's clock is 69 ms behind the counter's start. */
const initramfs: BootRun = {
  ...run({ kernelTsc: 30_000_000 }),
  marks: {
    kernel: { host: 0, tsc: 30_000_000 },
    init: { host: 1, tsc: 298_000_000 },
    used: { host: 2, tsc: 310_000_000 },
    end: { host: 3, tsc: 320_000_000 },
  },
  used: [
    { percent: 1, host: 2, tsc: 300_000_000 },
    { percent: 10, host: 2, tsc: 310_000_000 },
  ],
  facts: [
    log('0.000000', 'tsc: Detected 999.984 MHz processor'),
    log('0.195000', 'Unpacking initramfs...'),
    log('0.290000', 'Freeing initrd memory: 10004K'),
    log('0.294000', 'Run /init as init process'),
    log('0.315000', 'initbench: sync tsc=315000000 boottime=384000000'),
  ],
};

const kernelspace: BootRun = {
  ...initramfs,
  id: 'other',
  flow: 'kernelspace',
  row: 'kernelspace',
  marks: {
    kernel: { host: 0, tsc: 30_000_000 },
    init: { host: 1, tsc: 226_000_000 },
    used: { host: 2, tsc: 250_000_000 },
  },
  used: [
    { percent: 1, host: 2, tsc: 232_000_000 },
    { percent: 10, host: 2, tsc: 250_000_000 },
  ],
  facts: [
    log('0.195000', 'Unpacking initramfs...'),
    log('0.195500', 'initramfs: root is an overlay on the erofs image at offset 0x0, 11412 KiB, in place'),
    log('0.255000', 'initbench: sync tsc=255000000 boottime=1'),
  ],
};

const viaUefi: BootRun = {
  ...run({}),
  clock: 'wall',
  marks: {
    kernel: { host: 0, boottime: 0 },
    stage1: { host: 1, boottime: 900e6, tsc: 10.8e9 },
    init: { host: 1, boottime: 1000e6, tsc: 11e9 },
    rootfs: { host: 1, boottime: 1400e6 },
    end: { host: 1, boottime: 1500e6 },
  },
  facts: [
    { name: 'loader', values: { init: '3500000', exec: '4250000' } },
    log('0.000000', 'tsc: Detected 2000.000 MHz processor'),
  ],
};

const placesOf = (boot: BootRun) => timelineOf(boot).events.map(({ id, at }) => [id, at]);

describe('timelineOf()', () => {
  test('icount: events from start_kernel, those of the kernel log between the marks', () => {
    expect(placesOf(initramfs)).toEqual([
      ['kernel', 0],
      ['initrd', 260_000_000],
      ['init', 268_000_000],
      ['used-1', 270_000_000],
      ['used-10', 280_000_000],
    ]);
    expect(timelineOf(initramfs).phases).toEqual([
      { phase: 'kernel', start: 0, end: 268_000_000 },
      { phase: 'initrd', start: 268_000_000, end: 280_000_000 },
    ]);
  });

  test('unpacking is a bar of its own: the kernel does it beside its initcalls', () => {
    expect(timelineOf(initramfs).beside).toEqual([
      { id: 'unpacking', label: 'initrd unpacked or mounted', start: 165_000_000, end: 260_000_000 },
    ]);
    expect(timelineOf(kernelspace).beside).toMatchObject([{ start: 165_000_000, end: 165_500_000 }]);
  });

  test('via firmware: five phases in one line, what was before the kernel below zero', () => {
    const { phases, unit } = timelineOf(viaUefi);
    expect(unit).toBe('milliseconds');
    expect(phases).toEqual([
      { phase: 'firmware', start: -4500, end: -1000 },
      { phase: 'loader', start: -1000, end: -250 },
      { phase: 'kernel', start: -250, end: 900 },
      { phase: 'initrd', start: 900, end: 1400 },
      { phase: 'userspace', start: 1400, end: 1500 },
    ]);
  });

  test('what runs behind the probe says where it is, on the way to the root file system', () => {
    const reached = (what: string, ms: number) => ({
      name: 'reached',
      values: { what, tsc: '1', boottime: String(ms * 1e6) },
    });
    const facts = [
      reached('initrd.target', 1200),
      reached('switch-root', 1300),
      reached('switch-root', 1350),
    ];
    const { events, phases } = timelineOf({ ...viaUefi, facts });
    expect(events.map(({ label, at, phase }) => [label, at, phase]).slice(1)).toEqual([
      ['first stage', 900, 'initrd'],
      ['/init', 1000, 'initrd'],
      ['initrd.target', 1200, 'initrd'],
      ['switch-root', 1300, 'initrd'],
      ['root file system', 1400, 'userspace'],
      ['end', 1500, 'userspace'],
    ]);
    expect(phases.at(-2)).toEqual({ phase: 'initrd', start: 900, end: 1400 });
  });

  test('a loader whose clock is wrong is put right by where the host saw it start', () => {
    const facts = [{ name: 'loader', values: { init: '350000', exec: '425000' } }, viaUefi.facts[1]!];
    const seen = {
      ...viaUefi,
      facts,
      marks: { ...viaUefi.marks, init: { ...viaUefi.marks.init!, host: 5600 } },
    };
    const fixed = timelineOf({ ...seen, marks: { ...seen.marks, loader: { host: 3600 } } });
    expect(fixed.phases.slice(0, 2)).toEqual([
      { phase: 'firmware', start: -4500, end: -1000 },
      { phase: 'loader', start: -1000, end: -250 },
    ]);
  });

  test('segments have no gap, and what was not reached is not there', () => {
    for (const boot of [initramfs, kernelspace, viaUefi, run({})]) {
      const { segments, events } = timelineOf(boot);
      segments.slice(1).forEach((segment, i) => {
        expect(segment.start).toBe(segments[i]!.end);
      });
      expect(segments).toHaveLength(events.length - 1);
    }
    expect(placesOf(run({ initTsc: 40e6 }))).toEqual([
      ['kernel', 0],
      ['init', 10e6],
    ]);
  });

  test('an older record, without the kernel log, has its marks', () => {
    const old = { ...initramfs, facts: [] };
    expect(kernelLogOf(old)).toEqual([]);
    expect(placesOf(old).map(([id]) => id)).toEqual(['kernel', 'init', 'used-1', 'used-10']);
  });
});

describe('alignTimelines()', () => {
  const aligned = alignTimelines(timelineOf(initramfs), timelineOf(kernelspace));

  test('by event, in the order of both', () => {
    expect(aligned.events.map(({ id, delta }) => [id, delta])).toEqual([
      ['kernel', 0],
      ['initrd', -94_500_000],
      ['init', -72_000_000],
      ['used-1', -68_000_000],
      ['used-10', -60_000_000],
    ]);
  });

  test('the difference at the last common event, by phase, adds up', () => {
    expect(aligned.phases).toEqual([
      { phase: 'kernel', lengths: [268_000_000, 196_000_000], delta: -72_000_000 },
      { phase: 'initrd', lengths: [12_000_000, 24_000_000], delta: 12_000_000 },
    ]);
    expect(aligned.total).toBe(-60_000_000);
  });

  test('events of one boot alone are told, without a difference', () => {
    const both = alignTimelines(timelineOf(viaUefi), timelineOf({ ...viaUefi, facts: [], id: 'b' }));
    expect(both.events.find(({ id }) => id === 'loader')).toMatchObject({ at: [-1000, undefined] });
    expect(both.events.map(({ id }) => id).slice(0, 4)).toEqual(['power-on', 'loader', 'handover', 'kernel']);
  });

  test('two clocks have nothing in common', () => {
    const mixed = alignTimelines(timelineOf(initramfs), timelineOf(viaUefi));
    expect(mixed.phases).toEqual([]);
    expect(mixed.events.every(event => event.delta === undefined)).toBe(true);
  });
});
