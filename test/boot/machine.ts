// SPDX-License-Identifier: GPL-2.0-only
/** A workspace, a kernel and plans around the stand-in QEMU of test/bin/boot. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { BootPlan, Vm } from '../../src/boot/machine.ts';
import x86 from '../../src/boot/machine/x86_64.ts';
import type { QemuVm } from '../../src/boot/qemu/spec.ts';
import type { Digest, Work, WorkEvent } from '../../src/events.ts';
import type { Image } from '../../src/image/image.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { openWorkspace, type Workspace } from '../../src/workspace.ts';

export const recorded = (name: string) => path.resolve('test/fixtures/console', `${name}.log`);
export const digest = (character: string): Digest => character.repeat(64);
export const never = new AbortController().signal;

/** Runs work to its end and keeps its events. */
export async function collect<Product>(
  work: Work<Product>,
): Promise<{ product: Product; events: WorkEvent[] }> {
  const events: WorkEvent[] = [];
  for (;;) {
    const next = await work.next();
    if (next.done) return { product: next.value, events };
    events.push(next.value);
  }
}

export const sampleImage = (format: string, bytes = 2 ** 20, file = `/images/${format}`): Image => ({
  digest: digest('e'),
  format,
  payload: { name: 'busybox', digest: digest('f') },
  path: file,
  bytes,
});

export function sampleKernel(folder = '/kernels/base', more: Partial<Kernel> = {}): Kernel {
  const file = (name: string) => path.join(folder, name);
  return {
    digest: digest('a'),
    name: 'base',
    tree: '7.3',
    version: '7.3.4',
    commit: '0'.repeat(40),
    treeId: '1'.repeat(40),
    release: '7.3.4-base',
    arch: 'x86_64',
    configDigest: digest('c'),
    fragments: ['base'],
    files: {
      image: file('bzImage'),
      vmlinux: file('vmlinux'),
      systemMap: file('System.map'),
      config: file('config'),
      log: file('log'),
    },
    imageBytes: 5_000_000,
    makeArgv: ['make'],
    variables: {},
    toolchain: { compiler: 'gcc', linker: 'ld', assembler: 'as' },
    warnings: [],
    sections: { text: 1, data: 1, bss: 1 },
    built: 1000,
    jobs: 2,
    ...more,
  };
}

export const sampleVm = (more: Partial<QemuVm> = {}): QemuVm => ({
  machine: x86,
  kernel: sampleKernel(),
  initrd: sampleImage('cpio-lz4'),
  disks: [],
  append: ['console=ttyS0', 'panic=-1'],
  memoryMiB: 2048,
  cpus: 1,
  clock: 'icount',
  accelerator: 'tcg',
  ...more,
});

export interface Sample {
  readonly folder: string;
  readonly workspace: Workspace;
  readonly kernel: Kernel;
  plan(more?: Partial<BootPlan>, vm?: Partial<Vm>): BootPlan;
  /** What QEMU was called with, --version apart. */
  calls(): Promise<string[]>;
  /** Undoes the changes to the environment too. */
  remove(): Promise<void>;
}

/** The stand-in first on PATH, told by INITBENCH_TEST_*: see qemu.cjs. */
export async function sampleMachine(settings: Readonly<Record<string, string>> = {}): Promise<Sample> {
  const folder = await mkdtemp(path.join(tmpdir(), 'initbench-test-'));
  const kernel = sampleKernel(path.join(folder, 'kernel'));
  await mkdir(path.join(folder, 'kernel'));
  await writeFile(kernel.files.systemMap, 'ffffffff81000000 T _text\nffffffff81a93790 T start_kernel\n');
  await writeFile(kernel.files.config, 'CONFIG_64BIT=y\nCONFIG_RANDOMIZE_BASE=y\n');
  const calls = path.join(folder, 'calls');
  await writeFile(calls, '');
  const environment = {
    PATH: `${path.resolve('test/bin/boot')}:${process.env.PATH}`,
    INITBENCH_TEST_CALLS: calls,
    ...settings,
  };
  const before = Object.fromEntries(Object.keys(environment).map(name => [name, process.env[name]]));
  Object.assign(process.env, environment);
  const workspace = openWorkspace({
    INITBENCH_CACHE: path.join(folder, 'cache'),
    INITBENCH_STATE: path.join(folder, 'state'),
  });
  return {
    folder,
    workspace,
    kernel,
    plan: (more = {}, vm = {}) => ({
      flow: 'initramfs',
      row: 'initramfs@base',
      vm: { ...sampleVm({ kernel }), ...vm },
      kernel: {
        digest: kernel.digest,
        name: 'base',
        release: kernel.release,
        configDigest: kernel.configDigest,
      },
      images: [{ role: 'payload', format: 'cpio-lz4', digest: digest('e'), bytes: 2 ** 20 }],
      payload: { name: 'busybox', digest: digest('f') },
      timeout: 15_000,
      acceleratorReason: 'icount is TCG alone',
      notes: [],
      ...more,
    }),
    calls: async () => (await readFile(calls, 'utf8')).split('\n').filter(line => line !== ''),
    async remove() {
      for (const [name, value] of Object.entries(before)) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}
