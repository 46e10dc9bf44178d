// SPDX-License-Identifier: GPL-2.0-only
/** `initbench boot`: what is typed, how a run reads, with which code it ends. */
import { describe, expect, test } from 'vitest';
import type { BootRun } from '../../src/boot/boot.ts';
import { listFlows } from '../../src/boot/registry.ts';
import { boot, rowToBoot } from '../../src/commands/boot.ts';
import type { Outcome } from '../../src/events.ts';
import { UserError } from '../../src/host/errors.ts';
import { runFigures } from '../../src/measure/figures.ts';
import { openWorkspace } from '../../src/workspace.ts';
import { digest } from '../boot/machine.ts';

const workspace = openWorkspace({ INITBENCH_CACHE: '/tmp', INITBENCH_STATE: '/tmp' });
const defaults = Object.fromEntries(
  boot.options.flatMap(option =>
    option.default === undefined ? [] : [[/--([\w-]+)/.exec(option.usage)![1]!, option.default]],
  ),
);
const parse = (options: Record<string, unknown> = {}) =>
  boot.parse({ options: { ...defaults, ...options }, words: ['floor'], rest: [] }, workspace);

test('what is typed becomes numbers and lists', () => {
  expect(
    parse({ pad: '16M', used: '10,1,100,10', mem: '512', append: ['a', 'b=c'], timeout: '5' }),
  ).toMatchObject({
    row: 'floor',
    series: 'initoverlayfs',
    kernel: undefined,
    padBytes: 16 * 2 ** 20,
    used: [1, 10, 100],
    memoryMiB: 512,
    append: ['a', 'b=c'],
    timeoutMs: 5000,
    clock: 'icount',
    dryRun: false,
  });
});

test.each([
  [{ clock: 'cpu' }, /--clock cpu: choose icount or wall/],
  [{ cpus: '2' }, /one CPU/],
  [{ pad: 'x' }, /--pad x: not a size/],
  [{ used: '101' }, /--used 101/],
  [{ used: '1,,10' }, /--used : not a whole number/],
  [{ used: Array.from({ length: 17 }, (_, i) => i).join(',') }, /more than 16 percentages/],
  [{ mem: '0' }, /--mem 0/],
  [{ via: 'bios' }, /--via bios: choose uefi/],
  [{ diskRate: '20' }, /of the disk that a boot loader reads/],
  [{ via: 'uefi', diskRate: '0.5' }, /--disk-rate 0.5: not a whole number/],
])('%o is refused', (options, message) => {
  expect(() => parse(options)).toThrow(UserError);
  expect(() => parse(options)).toThrow(message);
});

describe('the row that is booted', async () => {
  const flows = await listFlows();
  const rowOf = (words: string, options: Record<string, unknown> = {}) => {
    const input = boot.parse({ options: { ...defaults, ...options }, words: [words], rest: [] }, workspace);
    const { flow, kernel, format, append } = rowToBoot(input, flows);
    return [`${flow.id}:${format}@${kernel}`, ...append].join(' ');
  };
  test.each<[string, Record<string, unknown>, string]>([
    ['initramfs', {}, 'initramfs:cpio-lz4@base'],
    ['kernelspace', {}, 'kernelspace:erofs-lz4hc@initoverlayfs'],
    ['kernelspace', { series: 'mine' }, 'kernelspace:erofs-lz4hc@mine'],
    ['initramfs', { series: 'mine' }, 'initramfs:cpio-lz4@base'],
    ['initramfs@mine', {}, 'initramfs:cpio-lz4@mine'],
    ['initramfs:cpio-zstd@mine', {}, 'initramfs:cpio-zstd@mine'],
    ['initramfs:cpio-zstd', { kernel: 'mine' }, 'initramfs:cpio-zstd@mine'],
    ['initramfs@mine', { kernel: 'mine', format: 'cpio' }, 'initramfs:cpio@mine'],
    ['initramfs+a=b:c@d', { append: ['e'] }, 'initramfs:cpio-lz4@base a=b:c@d e'],
  ])('%s %o', (words, options, expected) => {
    expect(rowOf(words, options)).toBe(expected);
  });

  // what is booted as it came is refused only where somebody has named a format
  test.each<[string, Record<string, unknown>, true | undefined]>([
    ['initramfs', {}, undefined],
    ['initramfs@mine', { append: ['a:b'] }, undefined],
    ['initramfs:cpio', {}, true],
    ['initramfs', { format: 'cpio' }, true],
  ])('%s %o: a format that is named is known as one', (words, options, named) => {
    const input = boot.parse({ options: { ...defaults, ...options }, words: [words], rest: [] }, workspace);
    expect(rowToBoot(input, flows).formatNamed).toBe(named);
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['initramfs@mine', { kernel: 'base' }, 'the kernel is named twice: mine in the row, base by --kernel'],
    ['initramfs:cpio', { format: 'cpio-zstd' }, 'the format is named twice'],
    ['kernelspace@base', {}, 'flow kernelspace needs a kernel that carries a series'],
    ['nosuch@base', {}, "no flow is called 'nosuch'"],
    ['initramfs@', {}, "'initramfs@' is not a row"],
  ])('%s %o is refused', (words, options, message) => {
    expect(() => rowOf(words, options)).toThrow(UserError);
    expect(() => rowOf(words, options)).toThrow(message);
  });
});

const runOf = (more: Partial<BootRun> = {}): BootRun => ({
  id: 'r',
  folder: '/state/runs/r',
  flow: 'userspace',
  row: 'userspace@base',
  started: '2026-11-23T14:00:00.000Z',
  clock: 'icount',
  accelerator: 'tcg',
  acceleratorReason: 'icount is TCG alone',
  notes: ['disk: memory, reads cost nothing'],
  kernel: { digest: digest('a'), name: 'base', release: '7.3.4-base', configDigest: digest('c') },
  images: [{ role: 'payload', format: 'erofs-lz4hc', digest: digest('e'), bytes: 12582912 }],
  payload: { name: 'busybox', digest: digest('f') },
  argv: ['qemu-system-x86_64'],
  qemuVersion: '7.2.22',
  memoryMiB: 2048,
  cpus: 1,
  host: { cpu: 'x', cpus: 2, kernel: '6.1', loadBefore: 0, loadAfter: 0 },
  outcome: { kind: 'ready' },
  marks: {
    kernel: { host: 0, tsc: 35922203 },
    init: { host: 6276.284, tsc: 235288346, boottime: 302645230 },
    end: { host: 7000.5, tsc: 244737552, boottime: 312094437 },
  },
  used: [],
  facts: [
    { name: 'memory', values: { at: 'init', MemTotal: '2048000', MemFree: '1024000', pcp: '512000' } },
    { name: 'trouble', values: { message: 'WARNING: x' } },
  ],
  icount: 244751789,
  carvedOutBytes: 12582912,
  ...more,
});
const product = (more: Partial<BootRun> = {}) => ({ kind: 'run', run: runOf(more) }) as const;

test('--via uefi with the limits of its disk', () => {
  expect(parse().via).toBeUndefined();
  expect(parse({ via: 'uefi' }).via).toEqual({});
  expect(parse({ via: 'uefi', diskRate: '20', diskIops: '500' }).via).toEqual({
    bytesPerSecond: 20_000_000,
    requestsPerSecond: 500,
  });
});

test('a run as text: outcome, figures with their unit, where the rest is', () => {
  expect(boot.text(product(), 80).join('\n')).toMatchInlineSnapshot(`
    "boot             userspace@base: ready
    kernel           7.3.4-base (aaaaaaaaaaaa)
    payload          erofs-lz4hc, 12.0 MiB
    accelerator      tcg: icount is TCG alone; QEMU 7.2.22
    /init            199.366 M insn since start_kernel
    end              208.815 M insn since start_kernel
    total            199.366 M insn to /init, nothing was read
    memory           at init: 1500.0 MiB free of 2000.0 MiB
    trouble          WARNING: x
    stack            initbench decode r
    note             disk: memory, reads cost nothing
    saved in         /state/runs/r"
  `);
});

test('what the own init of the payload has reached stands in front of the end', () => {
  const facts = [
    { name: 'reached', values: { what: 'initrd.target', tsc: '240000000', boottime: '307000000' } },
  ];
  const told = (more: Partial<BootRun>) =>
    boot.text(product({ facts, ...more }), 80).filter(line => /^(\/init|initrd.target|end) /.test(line));
  expect(told({})).toEqual([
    '/init            199.366 M insn since start_kernel',
    'initrd.target    204.078 M insn since start_kernel',
    'end              208.815 M insn since start_kernel',
  ]);
  expect(told({ clock: 'wall' })[1]).toBe('initrd.target    307.000 ms since start_kernel');
});

test('virtual time in which nothing ran is told', () => {
  const idle = (icount: number) =>
    boot.text(product({ icount }), 80).filter(line => line.startsWith('idle '));
  expect(idle(244_751_789)).toEqual([]);
  expect(idle(200_000_000)).toEqual([
    'idle             44.738 M insn in which nothing ran, part of the above',
  ]);
});

test('reading in steps is told step by step', () => {
  const text = boot.text(
    product({
      marks: { kernel: { host: 0, tsc: 1e6 }, used: { host: 2, tsc: 9e6 } },
      used: [
        { percent: 1, host: 1, tsc: 4e6 },
        { percent: 100, host: 2, tsc: 9e6 },
      ],
    }),
    80,
  );
  expect(text.filter(line => /^\d+% read|^total/.test(line))).toEqual([
    '1% read          3.000 M insn since start_kernel',
    '100% read        8.000 M insn since start_kernel',
    'total            8.000 M insn to the end of the reading',
  ]);
});

test('wall-clock figures are times, on both clocks', () => {
  const text = boot.text(
    product({ clock: 'wall', marks: { init: { host: 2030.687, boottime: 701544541 } } }),
    80,
  );
  expect(text).toContain("/init            701.545 ms since start_kernel, 2030.7 ms since QEMU's start");
  expect(text).toContain('total            701.545 ms to /init, nothing was read');
});

test('a boot that failed has what it passed, and no total', () => {
  const panic = { kind: 'panic', message: 'p' } as const;
  const text = boot.text(product({ outcome: panic }), 80);
  expect(text).toContain('/init            199.366 M insn since start_kernel');
  expect(text).toContain('total            -: the boot did not reach its end');
});

test.each<[Outcome, number]>([
  [{ kind: 'ready' }, 0],
  [{ kind: 'panic', message: 'p' }, 7],
  [{ kind: 'hang', deadline: 1, lastLine: 'x' }, 6],
  [{ kind: 'no-output', deadline: 1 }, 6],
  [{ kind: 'incomplete', message: 'x' }, 1],
  [{ kind: 'qemu-failed', exitCode: 1, message: 'x' }, 1],
  [{ kind: 'interrupted' }, 130],
])('%o: exit code %i', (outcome, code) => {
  expect(boot.exitCode!(product({ outcome }))).toBe(code);
});

test('a dry run is a command to paste and nothing else', () => {
  const commands = ["qemu-system-x86_64 -append 'a b'"];
  const steps = [{ job: 'image x', step: 'pack', state: 'cached' }] as const;
  const dry = { kind: 'command', commands, steps } as const;
  expect(boot.text(dry, 80)).toEqual(["qemu-system-x86_64 -append 'a b'"]);
  expect(boot.json(dry)).toEqual({
    schema: 'initbench.commands/1',
    ...{ commands, steps },
  });
  const planned = [{ ...steps[0], state: 'planned' }] as const;
  expect(boot.text({ ...dry, steps: planned }, 80)).toEqual([
    ...['# made before that:', '#   image x: pack'],
    ...commands,
  ]);
  expect(boot.exitCode!(dry)).toBe(0);
});

test('JSON is the run with a schema, and what it cost', () => {
  expect(boot.json(product())).toEqual({
    ...{ schema: 'initbench.run/1', ...runOf() },
    figures: runFigures(runOf()),
  });
});
