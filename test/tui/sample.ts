// SPDX-License-Identifier: GPL-2.0-only
/** A workbench as it is after some messages: fixed answers of the commands, recorded events; no process is started. */
import { readInvocation } from '../../src/cli/parser.ts';
import { commands } from '../../src/commands/index.ts';
import type { WorkEvent } from '../../src/events.ts';
import { UserError } from '../../src/host/errors.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { runFigures } from '../../src/measure/figures.ts';
import type { Series } from '../../src/series/series.ts';
import { type Effect, initialState, type Message, type State } from '../../src/tui/state.ts';
import { update } from '../../src/tui/update.ts';
import type { Workspace } from '../../src/workspace.ts';

export const look = { ascii: false, color: true };

const patch = (number: number, subject: string) => ({
  file: `000${number}-x.patch`,
  path: `/srv/initbench/patches/initoverlayfs/000${number}-x.patch`,
  subject,
  files: [{ path: 'fs/erofs/super.c', added: 12, removed: 3 }],
});

const series: readonly Series[] = [
  {
    name: 'initoverlayfs',
    folder: '/srv/initbench/patches/initoverlayfs',
    cover: {
      subject: 'boot from a file system image in the initrd',
      body: 'An initramfs is unpacked file by file.\n\nThis series mounts an image where the boot loader put it.',
    },
    patches: [
      patch(1, 'erofs: register the file system early when built in'),
      patch(2, 'ovl: register the file system early when built in'),
      patch(3, 'initramfs: boot from file system images in the initrd'),
    ],
    tree: '7.3',
    digest: '5d1a8e7fd3c09d11aa',
  },
  { name: 'initoverlayfs-6.12', folder: '/srv/p', patches: [patch(1, 'fs: x')], tree: '6.12', digest: 'aa' },
];

const kernel = (name: string, text: number): Kernel => ({
  ...{ digest: `${name === 'base' ? '1f' : '2e'}0a9b4be1334c9f`, name, tree: '7.3', version: '7.3.4' },
  ...{ commit: 'f7a042a0b421b6eb66f6', treeId: '60b3973ec133', release: '7.3.4-initbench', arch: 'x86_64' },
  ...{ configDigest: '8c82c7840cfe084f6df0', fragments: ['base', 'memmap'] },
  files: {
    ...{ image: '/c/bzImage', vmlinux: '/c/vmlinux', systemMap: '/c/System.map', config: '/c/config' },
    log: '/c/kernels/1f/build.log',
  },
  ...{ imageBytes: 4273152, makeArgv: ['make'], variables: {}, warnings: [], built: 25528, jobs: 2 },
  toolchain: { compiler: 'gcc 12.2.0', linker: 'ld 2.40', assembler: 'as 2.40' },
  sections: { text, data: 2425304, bss: 530120 },
});

const flow = (id: string, summary: string, formats: readonly string[], needs: 'any' | 'series' = 'any') => ({
  ...{ id, summary, kernel: needs, formats, usesPayload: id !== 'floor' },
});

export const answers = {
  series,
  trees: {
    trees: [
      {
        ...{ name: '7.3', version: '7.3.4', commit: 'aeb71aaa8f1c6e8c81a2', treeId: 'x' },
        source: { kind: 'debian', package: 'linux-source-7.3' },
      },
    ],
    configured: [{ name: '6.12', source: 'debian:linux-source-6.12' }],
  },
  kernels: {
    kernels: [
      { kernel: kernel('initoverlayfs', 6318499), at: 2 },
      { kernel: kernel('base', 6310115), at: 1 },
    ],
    fragments: ['base', 'debug', 'fuzz', 'initoverlayfs', 'memmap'],
    always: ['base', 'memmap'],
  },
  runs: {
    runs: [
      {
        entry: {
          ...{ id: '20261123T090000-00aa', folder: '/srv/state/runs/20261123T090000-00aa' },
          run: {
            ...{
              id: '20261123T090000-00aa',
              row: 'kernelspace@initoverlayfs',
              flow: 'kernelspace',
              clock: 'icount',
            },
            ...{
              outcome: { kind: 'ready' },
              started: '2026-11-23T09:00:00.000Z',
              argv: ['qemu-system-x86_64'],
            },
            ...{ qemuVersion: '7.2.22', accelerator: 'tcg', notes: [], images: [] },
            kernel: {
              digest: '2e0a9b4be1334c9f',
              name: 'initoverlayfs',
              release: '7.3.4-initbench',
              configDigest: 'c',
            },
          },
        },
        figures: runFigures({
          clock: 'icount',
          outcome: { kind: 'ready' },
          marks: {
            kernel: { host: 0, tsc: 35e6 },
            init: { host: 1, tsc: 227e6 },
            used: { host: 2, tsc: 236.5e6 },
          },
          used: [{ percent: 10, host: 2, tsc: 236.5e6 }],
          facts: [],
        }),
        stale: [{ what: 'kernel', reason: 'patches/initoverlayfs changed' }],
      },
    ],
    ...{ total: 1, kept: [], now: new Date(0) },
  },
  flows: {
    flows: [
      flow('floor', 'an initramfs with nothing but the probe', ['cpio']),
      flow('initramfs', 'one cpio that the kernel unpacks', ['cpio-lz4', 'cpio', 'cpio-zstd']),
      flow(
        'kernelspace',
        'an EROFS image that the kernel mounts where it is',
        ['erofs-lz4hc', 'erofs'],
        'series',
      ),
      flow('userspace', 'a first stage that mounts the image from a disk', ['erofs-lz4hc']),
    ],
    payloads: [
      { id: 'busybox', summary: 'static busybox, the probe as /init' },
      { id: 'dir', summary: 'a directory' },
    ],
    formats: [
      { id: 'cpio', summary: 'cpio, not compressed' },
      { id: 'cpio-lz4', summary: 'cpio, lz4' },
      { id: 'cpio-zstd', summary: 'cpio, zstd' },
    ],
  },
} as const;

const status = (number: number, subject: string, fail: number) => ({
  ...{ number, subject, branch: number === 2 ? 'changed' : 'same', built: true },
  check: { pass: 12 - fail, fail, open: 0 },
});
export const seriesStatus = {
  ...{ series: 'initoverlayfs', tree: '7.3', versions: ['patches', 'branch'], patchesChanged: false },
  patches: [status(1, 'erofs', 0), status(2, 'ovl', 0), status(3, 'initramfs', 1)],
};

export interface Played {
  readonly state: State;
  readonly effects: readonly Effect[];
}

/** The state after these messages, and all that they asked for. */
export function play(from: State, ...messages: readonly Message[]): Played {
  let state = from;
  const effects: Effect[] = [];
  for (const message of messages) {
    const [next, more] = update(state, message);
    state = next;
    effects.push(...more);
  }
  return { state, effects };
}

/** 'b', 'escape', 'C-d'; words of several letters in quotes are typed. */
export const keys = (...names: readonly string[]): Message[] =>
  names.map(name => ({ type: 'key', key: { name, ...(name.length === 1 && { text: name }) } }));

export const typed = (text: string): Message[] =>
  [...text].map(letter => ({ type: 'key', key: { name: letter === ' ' ? 'space' : letter, text: letter } }));

const settings = { fragments: ['base', 'memmap'], seriesTrees: {} };

/** As the workbench asks the commands. */
export function refusal(argv: readonly string[]): string | undefined {
  try {
    const parsed = readInvocation(argv, commands, '0');
    if ('command' in parsed)
      parsed.command.parse(parsed.typed, { settings, environment: {} } as unknown as Workspace);
    return undefined;
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}

export function opened(width: number, height: number): State {
  return play(
    initialState({ width, height, look, keys: {} }),
    {
      type: 'ready',
      ...{ commands, places: { root: '/srv/initbench', runs: '/srv/state/runs' }, series: 'initoverlayfs' },
      ...{ keys: {}, ascii: false, refusal },
    },
    { type: 'loaded', name: 'series', product: answers.series, asked: 0 },
    { type: 'loaded', name: 'trees', product: answers.trees, asked: 0 },
    { type: 'loaded', name: 'kernels', product: answers.kernels, asked: 0 },
    { type: 'loaded', name: 'flows', product: answers.flows, asked: 0 },
    { type: 'loaded', name: 'runs', product: answers.runs, asked: 0 },
    { type: 'loaded', name: 'status', product: seriesStatus, asked: 0 },
  ).state;
}

/** The events of a boot as far as `until`: its start, its console, its end. */
export function bootEvents(
  row: string,
  { init, used, until = 'end' }: { init: number; used: number; until?: 'console' | 'end' },
): WorkEvent[] {
  const job = row;
  const run = `20261124T2211-${row.slice(0, 4)}`;
  const argv = ['qemu-system-x86_64', '-accel', 'tcg', '-kernel', '/c/bzImage'];
  const tsc = (millions: number) => ({ clock: 'tsc', value: 35e6 + millions * 1e6 }) as const;
  const start: WorkEvent[] = [
    { job, type: 'boot-started', run, flow: row.split('@')[0]!, argv },
    { job, type: 'mark', run, mark: 'kernel', host: 0, guest: tsc(0) },
    { job, type: 'console', run, at: 900, line: `initbench: init tsc=${35e6 + init * 1e6} boottime=1` },
    { job, type: 'mark', run, mark: 'init', host: 900, guest: tsc(init) },
    {
      job,
      type: 'console',
      run,
      at: 901,
      line: 'initbench: root fstype=rootfs source={rootfs} \\x1b[31mred\\x1b[0m',
    },
  ];
  if (until === 'console') return start;
  return [
    ...start,
    { job, type: 'mark', run, mark: 'used', host: 950, guest: tsc(used) },
    {
      ...{ job, type: 'fact', run },
      fact: { name: 'used', values: { percent: '10', tsc: String(35e6 + used * 1e6) } },
    },
    { job, type: 'console', run, at: 950, line: 'initbench: used percent=10 files=49' },
    { job, type: 'boot-ended', run, outcome: { kind: 'ready' }, host: 2100, icount: 308821393 },
  ];
}
