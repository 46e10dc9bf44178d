// SPDX-License-Identifier: GPL-2.0-only
/** From a request to a machine, with real images of a small payload; and the contract of every flow. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Clock } from '../../src/boot/boot.ts';
import type { BootPlan } from '../../src/boot/machine.ts';
import { planBoot } from '../../src/boot/plan.ts';
import { findFlow, findMachine, listFlows } from '../../src/boot/registry.ts';
import type { BootRequest } from '../../src/boot/request.ts';
import { successorOf } from '../../src/boot/successor.ts';
import { UserError } from '../../src/host/errors.ts';
import { collectPayload } from '../../src/image/collect.ts';
import type { Payload } from '../../src/image/image.ts';
import { packImage } from '../../src/image/pack.ts';
import { listFormats } from '../../src/image/registry.ts';
import { membersIn } from '../image/fixture.ts';
import { collect, never, type Sample, sampleImage, sampleKernel, sampleMachine } from './machine.ts';

let sample: Sample;
let payload: Payload;
beforeAll(async () => {
  sample = await sampleMachine();
  const files = path.join(sample.folder, 'files');
  await mkdir(files);
  await writeFile(path.join(files, 'init'), '#!/bin/sh\n', { mode: 0o755 });
  ({ product: payload } = await collect(
    collectPayload(sample.workspace, `dir:${files}`, { padBytes: 0 }, never),
  ));
}, 240_000);
afterAll(() => sample.remove());

async function plan(flow: string, more: Partial<BootRequest> = {}): Promise<BootPlan> {
  const request: BootRequest = {
    flow: await findFlow(flow),
    kernel: sample.kernel,
    payload,
    append: [],
    memoryMiB: 2048,
    cpus: 1,
    clock: 'icount',
    used: [10],
    ...more,
  };
  return (await collect(planBoot(sample.workspace, request, never))).product;
}

const series = () => ({ ...sample.kernel, name: 'initoverlayfs' });

describe('planBoot()', () => {
  test('initramfs: the command line, the probe in front of the init of the payload', async () => {
    const planned = await plan('initramfs', { format: 'cpio', used: [1, 10, 100], append: ['quiet'] });
    expect(planned).toMatchObject({ flow: 'initramfs', row: 'initramfs:cpio@base', notes: [] });
    expect(planned.vm.append).toEqual([
      'console=ttyS0',
      'panic=-1',
      'loglevel=5',
      'nokaslr',
      'rdinit=/.initbench/probe',
      'INITBENCH_USED=1,10,100',
      'quiet',
    ]);
    expect(planned.images).toMatchObject([{ role: 'payload', format: 'cpio' }]);
    expect(planned.hold).toBeUndefined();
  });

  test('by the wall clock, no test of the timer that a busy host would fail', async () => {
    const words = async (clock: Clock) => (await plan('initramfs', { format: 'cpio', clock })).vm.append;
    expect(await words('wall')).toContain('no_timer_check');
    expect(await words('icount')).not.toContain('no_timer_check');
  });

  test('no nokaslr for a kernel without KASLR', async () => {
    const config = path.join(sample.folder, 'plain.config');
    await writeFile(config, '# CONFIG_RANDOMIZE_BASE is not set\n');
    const kernel = { ...sample.kernel, files: { ...sample.kernel.files, config } };
    expect((await plan('initramfs', { format: 'cpio', kernel })).vm.append).not.toContain('nokaslr');
  });

  test('userspace under icount: memory as a disk, the first stage told where and what', async () => {
    const { vm, notes, images } = await plan('userspace', { format: 'erofs' });
    expect(vm.disks).toMatchObject([
      { kind: 'pmem', device: '/dev/pmem0', carveOut: { addressMiB: 1024, sizeMiB: 2 } },
    ]);
    expect(vm.append).toContain('INITBENCH_BOOT=/dev/pmem0');
    expect(vm.append).toContain('INITBENCH_INIT=/.initbench/probe');
    expect(vm.append.join(' ')).not.toContain('rdinit=');
    expect(vm.machine.argv(vm).at(-1)).toMatch(/ memmap=2M!1024M$/);
    expect(notes).toEqual(['disk: memory, reads cost nothing']);
    expect(images.map(({ role }) => role)).toEqual(['payload', 'storage-init']);
  });

  test.each<Clock>(['icount', 'wall'])('memmap, %s: the image in memory whatever the clock', async clock => {
    const { vm, notes } = await plan('memmap', { clock });
    expect(vm.disks).toMatchObject([{ kind: 'pmem', standsFor: 'memory', image: { format: 'erofs' } }]);
    expect(vm.machine.argv(vm).at(-1)).toMatch(/ INITBENCH_BOOTFLAGS=dax=always .* memmap=2M!1024M$/);
    expect(notes).toEqual(['image: in memory that the kernel never gets back']);
  });

  test.each([
    ['loop', []],
    ['file-backed', ['INITBENCH_LOOP=0', 'rootfstype=ramfs']],
  ])('%s: an archive with the first stage, and one with the image as a file', async (flow, more) => {
    const { vm, images } = await plan(flow, { format: 'erofs' });
    expect(vm.append).toEqual(expect.arrayContaining(['INITBENCH_BOOT=/payload.erofs', ...more]));
    expect(images.map(({ role, format }) => [role, format])).toEqual([
      ['payload', 'erofs'],
      ['storage-init', 'cpio'],
    ]);
    const { product: packed } = await collect(packImage(sample.workspace, payload, 'erofs', never));
    const bytes = await readFile(vm.initrd!.path);
    const first = membersIn(bytes);
    expect(first.map(member => member.name)).toContain('init');
    const second = membersIn(bytes, vm.initrd!.segments![1]!.offset);
    expect(second.map(member => member.name)).toEqual(['payload.erofs']);
    expect(second[0]!.data.equals(await readFile(packed.path))).toBe(true);
  });

  test('ramdisk: a file system of the size that the kernel is told, and the root on it', async () => {
    const config = path.join(sample.folder, 'ramdisk.config');
    await writeFile(config, 'CONFIG_BLK_DEV_RAM=y\n');
    const kernel = { ...sample.kernel, files: { ...sample.kernel.files, config } };
    const { vm, images } = await plan('ramdisk', { kernel });
    const words = ['root=/dev/ram0', 'rootfstype=ext2', 'rw', `ramdisk_size=${vm.initrd!.bytes / 1024}`];
    expect(vm.append).toEqual(expect.arrayContaining([...words, 'init=/.initbench/probe']));
    expect(images.map(({ role, format }) => [role, format])).toEqual([['payload', 'ext2']]);
    const error = await plan('ramdisk', {}).catch((thrown: unknown) => thrown);
    expect((error as UserError).message).toBe('the flow ramdisk needs a kernel with CONFIG_BLK_DEV_RAM');
    expect((error as UserError).hint).toMatch(/--config ramdisk$/);
  });

  test('kernelspace-segments: archives around the image, which starts at a page', async () => {
    const { vm } = await plan('kernelspace-segments', { kernel: series() });
    const [microcode, , image, credentials] = vm.initrd!.segments!;
    expect(image!.offset % 4096).toBe(0);
    const bytes = await readFile(vm.initrd!.path);
    const names = (at: number) => membersIn(bytes, at).map(({ name }) => name);
    expect(names(microcode!.offset)).toContain('kernel/x86/microcode/GenuineIntel.bin');
    expect(names(credentials!.offset)).toContain('.extra/credentials/initbench.token.cred');
  });

  test('an image that is unpacked as a file needs its memory twice', async () => {
    const twice = await plan('loop', { format: 'erofs', memoryMiB: 32 }).catch((thrown: unknown) => thrown);
    expect((twice as UserError).message).toMatch(
      /an initrd of 1 MiB, 1 MiB unpacked, is too large for 32 MiB/,
    );
  });

  test('userspace by the wall clock: a virtio disk, and the root file system behind it', async () => {
    const { vm, notes, images } = await plan('userspace', { format: 'erofs', clock: 'wall', rootfs: true });
    expect(vm.disks).toMatchObject([
      { kind: 'block', device: '/dev/vda' },
      { kind: 'block', device: '/dev/vdb' },
    ]);
    expect(vm.append).toContain('INITBENCH_ROOTFS=/dev/vdb');
    expect(notes).toEqual([]);
    expect(images.at(-1)).toMatchObject({ role: 'rootfs', format: 'ext4' });
  });

  test('a real disk under icount is said beside the figures', async () => {
    const { vm, notes } = await plan('initramfs', { format: 'cpio', rootfs: true });
    expect(vm.append).toContain('INITBENCH_ROOTFS=/dev/vda');
    expect(notes).toEqual([expect.stringContaining('do not repeat')]);
  });

  test("the payload's own init goes on when asked, not on the way to a root file system", async () => {
    const planned = await plan('initramfs', { format: 'cpio', holdMs: 5000 });
    expect(planned.hold).toBe(5000);
    expect(planned.vm.append).toContain('INITBENCH_NEXT=/init');
    expect((await plan('initramfs', { format: 'cpio', holdMs: 5000, rootfs: true })).hold).toBeUndefined();
  });

  test('an init that says its end goes to the root file system itself, and to its own end without one', async () => {
    const own = { withoutRoot: ['rd.systemd.unit=some.target'] };
    const knows = { payload: { ...payload, init: { ...payload.init, own } }, format: 'cpio', holdMs: 5000 };
    const alone = await plan('initramfs', knows);
    expect(alone.hold).toBeUndefined();
    expect(alone.timeout).toBeGreaterThan(180_000);
    expect(alone.vm.append.slice(-3)).toEqual([
      ...['INITBENCH_NEXT=/init', 'INITBENCH_NEXT_ENDS=1', 'rd.systemd.unit=some.target'],
    ]);
    const onward = await plan('initramfs', { ...knows, rootfs: true });
    expect(onward.hold).toBeUndefined();
    expect(onward.vm.append.slice(-5)).toEqual([
      ...['INITBENCH_NEXT=/init', 'INITBENCH_NEXT_ENDS=1', 'root=/dev/vda', 'rootfstype=ext4', 'ro'],
    ]);
    const { holdMs: _, ...probeAlone } = knows;
    expect((await plan('initramfs', { ...probeAlone, rootfs: true })).vm.append.at(-1)).toBe(
      'INITBENCH_ROOTFS=/dev/vda',
    );
  });

  test('it is in no initrd where the kernel has mounted a root: then it is one as any other', async () => {
    const init = { next: '/init', own: { withoutRoot: [] } };
    const asked = { flow: await findFlow('ramdisk'), holdMs: 5000 } as BootRequest;
    expect(successorOf(asked, { init })).toEqual({ path: '/init', hold: 5000 });
    expect(successorOf({ ...asked, rootfs: true }, { init })).toEqual({});
  });

  test('a console that is typed into ends in a shell of the payload, or in its init', async () => {
    const planned = await plan('initramfs', { format: 'cpio', interactive: true });
    expect(planned).toMatchObject({ interactive: true });
    expect(planned.vm.append.filter(word => word.startsWith('INITBENCH_NEXT='))).toHaveLength(1);
    expect(planned.notes.at(-1)).toContain('compares with no other boot');
    expect(planned.timeout).toBeGreaterThan(planned.hold!);
    await expect(plan('floor', { interactive: true })).rejects.toThrow('has no shell to type into');
    await expect(plan('initramfs', { format: 'cpio', interactive: true, rootfs: true })).rejects.toThrow(
      'has no shell',
    );
  });

  describe('an initrd as it came', () => {
    const bytes = Buffer.from('an initrd');
    let untouched: Payload;
    beforeAll(async () => {
      const file = path.join(sample.folder, 'initrd.img');
      await writeFile(file, bytes);
      const spec = `initrd:${file}`;
      ({ product: untouched } = await collect(
        collectPayload(sample.workspace, spec, { padBytes: 0 }, never),
      ));
    });

    test('is booted byte for byte, and watched through what the kernel prints', async () => {
      const planned = await plan('initramfs', { payload: untouched, holdMs: 5000 });
      expect(await readFile(planned.vm.initrd!.path)).toEqual(bytes);
      expect(planned).toMatchObject({ row: 'initramfs:as-is@base', untouched: true, hold: 5000 });
      expect(planned.vm.append).toEqual(['console=ttyS0', 'panic=-1', 'loglevel=7', 'nokaslr']);
      expect(planned.notes.join()).toMatch(/without the probe: instructions to \/init, .* are unknown/);
      expect((await plan('initramfs', { payload: untouched })).hold).toBe(0);
    });

    test('goes to a root file system as its own init does, and says so there', async () => {
      const planned = await plan('initramfs', { payload: untouched, rootfs: true });
      expect(planned.vm.append).toEqual([
        ...['console=ttyS0', 'panic=-1', 'loglevel=5', 'nokaslr'],
        ...['root=/dev/vda', 'rootfstype=ext4', 'ro'],
      ]);
      expect(planned.hold).toBeUndefined();
    });

    test('is typed into until somebody leaves it', async () => {
      const planned = await plan('initramfs', { payload: untouched, interactive: true });
      expect(planned).toMatchObject({ interactive: true, untouched: true });
      expect(planned.vm.append.join(' ')).not.toContain('INITBENCH_NEXT');
    });

    test('is packed in no format, and booted by no flow that takes no archive', async () => {
      await expect(plan('initramfs', { payload: untouched, format: 'cpio' })).rejects.toThrow(
        /booted as it came, and not packed as cpio/,
      );
      const kernelspace = plan('kernelspace', { payload: untouched, kernel: series() });
      await expect(kernelspace).rejects.toThrow(/the flow kernelspace boots no archive/);
    });
  });

  test('what a format cannot carry of a payload is said beside its figures', async () => {
    const [first, ...others] = payload.entries;
    const xattrs = [{ name: 'security.capability', value: '00' }];
    const marked = { ...payload, entries: [{ ...first!, xattrs }, ...others] };
    const { notes } = await plan('initramfs', { payload: marked, format: 'cpio' });
    expect(notes).toEqual(['cpio carries no extended attributes: security.capability are lost']);
    expect((await plan('initramfs', { format: 'cpio' })).notes).toEqual([]);
  });

  test('floor: the probe alone, whatever the payload, and nothing to read', async () => {
    const planned = await plan('floor', { holdMs: 5000 });
    expect(planned).toMatchObject({ row: 'floor@base', payload: { name: 'probe' } });
    expect(planned.vm.append).toEqual(['console=ttyS0', 'panic=-1', 'loglevel=5', 'nokaslr']);
    expect(planned.hold).toBeUndefined();
  });

  test('the deadline grows with the payload and for debug kernels', async () => {
    const usual = await plan('floor');
    expect(usual.timeout).toBeGreaterThanOrEqual(60_000);
    const debug = { ...sample.kernel, fragments: ['base', 'debug'] };
    expect((await plan('floor', { kernel: debug })).timeout).toBe(5 * usual.timeout);
    expect((await plan('floor', { timeoutMs: 1234 })).timeout).toBe(1234);
  });

  test('kernelspace boots a kernel with a series, and only that', async () => {
    const planned = await plan('kernelspace', { kernel: series(), format: 'erofs' });
    expect(planned.row).toBe('kernelspace:erofs@initoverlayfs');
    expect(planned.vm).toMatchObject({ disks: [], initrd: { format: 'erofs' } });
    await expect(plan('kernelspace')).rejects.toThrow(/needs a kernel that carries a series/);
  });

  test.each<[string, Partial<BootRequest>, RegExp, RegExp]>([
    [
      'a format the flow does not boot',
      { format: 'erofs' },
      /'erofs'/,
      /cpio, cpio-gzip, cpio-lz4, cpio-zstd/,
    ],
    ['two CPUs under icount', { cpus: 2 }, /one CPU/, /--clock wall/],
    [
      'an image larger than the memory',
      { format: 'cpio', memoryMiB: 32 },
      /too large for 32 MiB/,
      /--mem 48/,
    ],
    [
      'an architecture without a machine',
      { kernel: sampleKernel('/x', { arch: 'riscv' }), format: 'cpio' },
      /boots no riscv kernels/,
      /arm64, um, x86_64/,
    ],
    [
      'programs of another architecture',
      { kernel: sampleKernel('/x', { arch: 'arm64' }), format: 'cpio' },
      /has \w+ programs, the kernel is arm64/,
      /architecture of the kernel/,
    ],
  ])('%s: one sentence and what to do', async (_name, more, message, hint) => {
    const error = await plan('initramfs', more).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).message).toMatch(message);
    expect((error as UserError).hint).toMatch(hint);
  });
});

describe('flow/', () => {
  test('the folder is the registry, sorted', async () => {
    expect((await listFlows()).map(flow => flow.id)).toEqual([
      'file-backed',
      'floor',
      'initramfs',
      'kernelspace',
      'kernelspace-segments',
      'loop',
      'memmap',
      'ramdisk',
      'userspace',
    ]);
  });

  test('an unknown flow: the list of what there is', async () => {
    const error = (await findFlow('initrd').catch((thrown: unknown) => thrown)) as UserError;
    expect(error.message).toContain("'initrd'");
    expect(error.hint).toMatch(/^there is: file-backed, floor, initramfs, kernelspace, .*, userspace$/);
  });

  test('the contract: formats that exist, a machine for either clock, disks the guest can find', async () => {
    const known = (await listFormats()).map(format => format.id);
    for (const flow of await listFlows()) {
      expect(known).toEqual(
        expect.arrayContaining([...flow.formats, ...flow.needs.map(need => need.format)]),
      );
      expect(flow.summary).not.toBe('');
      for (const clock of ['icount', 'wall'] satisfies Clock[]) {
        const image = sampleImage(flow.formats[0]!);
        const extra = flow.needs.map(need => sampleImage(need.format));
        for (const machine of [findMachine('x86_64'), findMachine('arm64')]) {
          const vm = flow.vm({ image, extra, clock, memoryMiB: 2048, machine });
          expect(vm.initrd ?? vm.disks[0]).toBeDefined();
          for (const disk of vm.disks) {
            const isMemory = clock === 'icount' || (disk.kind === 'pmem' && disk.standsFor === 'memory');
            expect(disk.kind).toBe(isMemory ? 'pmem' : 'block');
            expect(vm.append.join(' ')).toContain(disk.device);
          }
        }
      }
    }
  });
});
