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

  test('a timeline names its boot, its clock and its unit', () => {
    expect(timelineOf({ ...initramfs, id: 'r', row: 'initramfs@base' })).toMatchObject({
      ...{ run: 'r', row: 'initramfs@base', flow: 'initramfs', clock: 'icount', unit: 'instructions' },
    });
    expect(timelineOf(viaUefi)).toMatchObject({ clock: 'wall', unit: 'milliseconds' });
  });

  test('each event has a name for people, and begins a phase', () => {
    expect(timelineOf(viaUefi).events.map(({ label, phase }) => [label, phase])).toEqual([
      ['power on', 'firmware'],
      ['boot loader', 'loader'],
      ['kernel executed', 'kernel'],
      ['start_kernel', 'kernel'],
      ['first stage', 'initrd'],
      ['/init', 'initrd'],
      ['root file system', 'userspace'],
      ['end', 'userspace'],
    ]);
    expect(timelineOf(initramfs).events[1]).toEqual({
      ...{ id: 'initrd', label: 'initrd handled', at: 260_000_000, phase: 'kernel' },
    });
  });

  test('segments go from event to event', () => {
    expect(timelineOf(initramfs).segments.slice(0, 2)).toEqual([
      { phase: 'kernel', from: 'kernel', to: 'initrd', start: 0, end: 260_000_000 },
      { phase: 'kernel', from: 'initrd', to: 'init', start: 260_000_000, end: 268_000_000 },
    ]);
  });

  test.each<[string, Partial<BootRun>]>([
    ['instructions, which do not count before the kernel', { clock: 'icount' }],
    ['no word from the loader', { facts: viaUefi.facts.slice(1) }],
    ['no rate of the counter', { facts: viaUefi.facts.slice(0, 1) }],
    ['no counter at /init', { marks: { ...viaUefi.marks, init: { host: 1, boottime: 1000e6 } } }],
    ['no clock at /init', { marks: { ...viaUefi.marks, init: { host: 1, tsc: 11e9 } } }],
    ['no /init', { marks: { kernel: { host: 0, boottime: 0 } } }],
    [
      'a loader that ends before it starts',
      { facts: [{ name: 'loader', values: { init: '3500000', exec: '3400000' } }, viaUefi.facts[1]!] },
    ],
    [
      'a loader that starts before the power is on',
      { facts: [{ name: 'loader', values: { init: '-5', exec: '5' } }, viaUefi.facts[1]!] },
    ],
    [
      'a loader that starts with the power',
      { facts: [{ name: 'loader', values: { init: '0', exec: '0' } }, viaUefi.facts[1]!] },
    ],
  ])('nothing is told of what was before the kernel: %s', (_, more) => {
    const ids = timelineOf({ ...viaUefi, ...more }).events.map(({ id }) => id);
    expect(ids[0]).toBe('kernel');
    expect(ids).not.toContain('handover');
  });

  test('a loader that takes no time is one', () => {
    const facts = [{ name: 'loader', values: { init: '3500000', exec: '3500000' } }, viaUefi.facts[1]!];
    expect(timelineOf({ ...viaUefi, facts }).phases.slice(0, 3)).toEqual([
      { phase: 'firmware', start: -4500, end: -1000 },
      { phase: 'loader', start: -1000, end: -1000 },
      { phase: 'kernel', start: -1000, end: 900 },
    ]);
  });

  const sync = log('0.315000', 'initbench: sync tsc=315000000 boottime=384000000');
  test('what the kernel frees after the first program has nothing to do with the initrd', () => {
    const facts = [
      log('0.195000', 'Unpacking initramfs...'),
      log('0.290000', 'Freeing initrd memory: 10004K'),
      log('0.299000', 'Freeing initrd memory: 4K'),
      sync,
    ];
    const { events, beside } = timelineOf({ ...initramfs, facts });
    expect(events.find(({ id }) => id === 'initrd')!.at).toBe(260_000_000);
    expect(beside).toMatchObject([{ end: 260_000_000 }]);
    // a first stage comes before /init
    const marks = { ...initramfs.marks, stage1: { host: 1, tsc: 289_000_000 } };
    const staged = timelineOf({ ...initramfs, facts, marks });
    expect(staged.events.map(({ id }) => id)).toEqual(['kernel', 'stage1', 'init', 'used-1', 'used-10']);
    expect(staged.beside).toEqual([]);
  });

  test('a boot without a first program was still unpacking, or had done', () => {
    const { kernel } = initramfs.marks;
    const { events, beside } = timelineOf({ ...initramfs, marks: { kernel: kernel! }, used: [] });
    expect(events.map(({ id }) => id)).toEqual(['kernel', 'initrd']);
    expect(beside).toHaveLength(1);
    const facts = [log('0.195000', 'Unpacking initramfs...'), sync];
    expect(timelineOf({ ...initramfs, facts }).beside).toEqual([]);
    expect(timelineOf({ ...initramfs, facts: [initramfs.facts[2]!, sync] }).beside).toEqual([]);
  });

  test('a floor ends at /init, a boot that goes on to a root with its end', () => {
    const used = [{ percent: 0, host: 1, tsc: 299_000_000 }];
    expect(placesOf({ ...initramfs, used }).map(([id]) => id)).toEqual(['kernel', 'initrd', 'init']);
    const marks = { ...initramfs.marks, rootfs: { host: 3, tsc: 315_000_000 } };
    expect(placesOf({ ...initramfs, marks }).slice(-2)).toEqual([
      ['rootfs', 285_000_000],
      ['end', 290_000_000],
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
    expect(both.events.find(({ id }) => id === 'loader')).toMatchObject({ at: [-1000, null] });
    expect(both.events.map(({ id }) => id).slice(0, 4)).toEqual(['power-on', 'loader', 'handover', 'kernel']);
  });

  test('two clocks have nothing in common', () => {
    const mixed = alignTimelines(timelineOf(initramfs), timelineOf(viaUefi));
    expect(mixed.phases).toEqual([]);
    expect(mixed.events.every(event => event.delta === undefined)).toBe(true);
  });

  const line = (id: string, ...events: readonly (readonly [string, number])[]) => ({
    ...timelineOf(run({})),
    run: id,
    events: events.map(([name, at]) => ({ id: name, label: `${id} ${name}`, at, phase: 'kernel' as const })),
    segments: [],
  });
  const idsOf = (a: readonly string[], b: readonly string[]) =>
    alignTimelines(
      line('a', ...a.map((id, i) => [id, i] as const)),
      line('b', ...b.map((id, i) => [id, i] as const)),
    ).events.map(({ id }) => id);

  test.each([
    [['a', 'b'], ['a', 'b'], 'a b'],
    [['a', 'c'], ['a', 'b', 'c'], 'a b c'],
    [['a', 'b', 'c'], ['a', 'c'], 'a b c'],
    [['a', 'c'], ['x', 'a', 'b', 'c', 'y', 'z'], 'x a b c y z'],
    [['a', 'b'], ['b', 'a'], 'a b'],
    [['a'], ['b'], 'a b'],
    [[], ['a', 'b'], 'a b'],
  ])('the order of %j and %j', (a, b, order) => {
    expect(idsOf(a, b).join(' ')).toBe(order);
  });

  test('names are those of the first boot that has the event', () => {
    const { events, runs } = alignTimelines(line('a', ['x', 1]), line('b', ['x', 3], ['y', 4]));
    expect(runs).toEqual(['a', 'b']);
    expect(events).toEqual([
      { id: 'x', label: 'a x', at: [1, 3], delta: 2 },
      { id: 'y', label: 'b y', at: [null, 4] },
    ]);
  });

  test('phases end with the last event that both passed; the end of the reports is none', () => {
    const withRoot = (rootfs: number, end: number): BootRun => ({
      ...initramfs,
      marks: { ...initramfs.marks, rootfs: { host: 3, tsc: rootfs }, end: { host: 4, tsc: end } },
    });
    const both = alignTimelines(timelineOf(withRoot(330e6, 430e6)), timelineOf(withRoot(350e6, 360e6)));
    expect(both.phases).toEqual([
      { phase: 'kernel', lengths: [268e6, 268e6], delta: 0 },
      { phase: 'initrd', lengths: [32e6, 52e6], delta: 20e6 },
    ]);
    expect(both.total).toBe(20e6);
    const one = alignTimelines(timelineOf(withRoot(330e6, 430e6)), timelineOf(initramfs));
    expect(one.phases.at(-1)).toEqual({ phase: 'initrd', lengths: [12e6, 12e6], delta: 0 });
    expect(one.total).toBe(0);
  });

  test('two boots that share the kernel alone differ in nothing', () => {
    const none = alignTimelines(timelineOf(run({ initTsc: 40e6 })), timelineOf(run({})));
    expect(none).toMatchObject({ phases: [], total: 0, unit: 'instructions' });
  });
});
