// SPDX-License-Identifier: GPL-2.0-only
/** From a Vm to QEMU's command line. */
import { describe, expect, test } from 'vitest';
import { requireMemory } from '../../src/boot/commandline.ts';
import { calibrationArgv, instrumentedArgv, qemuArgv } from '../../src/boot/qemu/argv.ts';
import arm64, { placeImage as placeAtEnd } from '../../src/boot/machine/arm64.ts';
import { placeImage } from '../../src/boot/machine/x86_64.ts';
import { UserError } from '../../src/host/errors.ts';
import { shellQuote } from '../../src/host/argv.ts';
import { sampleImage, sampleVm } from './machine.ts';

const mib = 2 ** 20;
const thrown = (action: () => unknown): UserError => {
  try {
    action();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};

describe('qemuArgv()', () => {
  test('icount: one line to paste', () => {
    expect(shellQuote(qemuArgv(sampleVm()))).toMatchInlineSnapshot(
      `"qemu-system-x86_64 -no-user-config -nodefaults -machine pc -accel tcg -icount shift=0,sleep=off -rtc base=2026-01-01T00:00:00,clock=vm -cpu qemu64 -smp 1 -m 2048 -display none -no-reboot -serial stdio -kernel /kernels/base/bzImage -initrd /images/cpio-lz4 -append 'console=ttyS0 panic=-1'"`,
    );
  });

  test('arm64: its own QEMU, machine, CPU; the rest is the same', () => {
    const vm = sampleVm({ machine: arm64, append: ['console=ttyAMA0'], deviceTree: '/cache/machine.dtb' });
    expect(shellQuote(qemuArgv(vm))).toMatchInlineSnapshot(
      `"qemu-system-aarch64 -no-user-config -nodefaults -machine virt,gic-version=2,dtb-randomness=off -accel tcg -icount shift=0,sleep=off -rtc base=2026-01-01T00:00:00,clock=vm -cpu cortex-a57 -smp 1 -m 2048 -display none -no-reboot -serial stdio -kernel /kernels/base/bzImage -dtb /cache/machine.dtb -initrd /images/cpio-lz4 -append console=ttyAMA0"`,
    );
    expect(qemuArgv({ ...vm, clock: 'wall' }).join(' ')).toContain('-accel tcg -cpu cortex-a57 -smp 1');
  });

  test('wall clock: KVM with the CPU of the host, or TCG with a fixed one', () => {
    const kvm = qemuArgv(sampleVm({ clock: 'wall', accelerator: 'kvm', cpus: 4 })).join(' ');
    expect(kvm).toContain('-accel kvm -cpu host -smp 4');
    expect(kvm).not.toContain('icount');
    const tcg = qemuArgv(sampleVm({ clock: 'wall' })).join(' ');
    expect(tcg).toContain('-accel tcg -cpu qemu64 -smp 1');
    expect(tcg).not.toMatch(/icount|-rtc/);
  });

  test('a memory disk is a loader device and a carve-out on the command line', () => {
    const image = sampleImage('erofs', 12 * mib, '/images/a,b');
    const carveOut = { addressMiB: 1024, sizeMiB: 12 };
    const disk = { kind: 'pmem', image, device: '/dev/pmem0', carveOut, standsFor: 'disk' } as const;
    const argv = qemuArgv(sampleVm({ disks: [disk] }));
    expect(argv).toContain('loader,file=/images/a,,b,addr=0x40000000,force-raw=on');
    expect(argv.at(-1)).toBe('console=ttyS0 panic=-1 memmap=12M!1024M');
    expect(shellQuote(argv)).toContain("'console=ttyS0 panic=-1 memmap=12M!1024M'");
  });

  test('firmware: flash, and a disk with its limits that it boots from, before all others', () => {
    const disk = sampleImage('disk', mib, '/images/boot,disk');
    const firmware = { code: '/f/CODE.fd', variables: '/f/VARS.fd', disk };
    const root = { kind: 'block', image: sampleImage('ext4'), device: '/dev/vdb' } as const;
    const own = { kind: 'partition', image: sampleImage('erofs'), device: '/dev/vda2' } as const;
    const limit = { bytesPerSecond: 20e6, requestsPerSecond: 1000 };
    const vm = sampleVm({ clock: 'wall', disks: [own, root], firmware: { ...firmware, limit } });
    const argv = qemuArgv(vm);
    expect(argv.join(' ')).toContain('-machine q35 -accel tcg -cpu qemu64,-hypervisor');
    expect(argv).not.toContain('-kernel');
    expect(argv).not.toContain('-append');
    const drives = argv.filter((_, i) => argv[i - 1] === '-drive');
    expect(drives).toEqual([
      'if=pflash,unit=0,format=raw,readonly=on,file=/f/CODE.fd',
      'if=pflash,unit=1,format=raw,snapshot=on,file=/f/VARS.fd',
      'if=none,id=boot,format=raw,readonly=on,file=/images/boot,,disk,throttling.bps-total=20000000,throttling.iops-total=1000',
      expect.stringContaining('if=none,id=disk1,'),
    ]);
    const free = qemuArgv({ ...vm, firmware: { ...firmware, limit: {} } }).join(' ');
    expect(free).not.toContain('throttling');
  });

  test('virtio disks in order, none of them writable', () => {
    const disk = (device: string) => ({ kind: 'block', image: sampleImage('ext4'), device }) as const;
    const argv = qemuArgv(sampleVm({ disks: [disk('/dev/vda'), disk('/dev/vdb')] })).join(' ');
    expect(argv).toContain(
      '-drive if=none,id=disk0,format=raw,readonly=on,file=/images/ext4 -device virtio-blk-pci,drive=disk0 ' +
        '-drive if=none,id=disk1,format=raw,readonly=on,file=/images/ext4 -device virtio-blk-pci,drive=disk1',
    );
  });
});

describe('instrumentedArgv()', () => {
  test('differs from what is pasted by the console, QMP and -no-shutdown', () => {
    const plain = qemuArgv(sampleVm());
    const argv = instrumentedArgv(sampleVm(), { console: '/runs/1,2/console.log', qmp: '/tmp/x/qmp' });
    expect(plain.filter(word => !argv.includes(word))).toEqual(['stdio']);
    expect(argv.filter(word => !plain.includes(word))).toEqual([
      '-chardev',
      'file,id=console,path=/runs/1,,2/console.log',
      'chardev:console',
      '-qmp',
      'unix:/tmp/x/qmp,server=on,wait=off',
      '-no-shutdown',
    ]);
  });
});

test('a console that is typed into is a socket, its log is the same file', () => {
  const [measured, typed] = [undefined, '/tmp/x/console'].map(socket =>
    instrumentedArgv(sampleVm(), {
      ...{ console: '/runs/1/console.log', qmp: '/tmp/x/qmp' },
      ...(socket !== undefined && { typed: socket }),
    }),
  );
  const at = typed!.indexOf('-chardev') + 1;
  expect(typed![at]).toBe(
    'socket,id=console,path=/tmp/x/console,server=on,wait=off,logfile=/runs/1/console.log',
  );
  expect(typed!.toSpliced(at, 1)).toEqual(measured!.toSpliced(at, 1));
});

describe('calibrationArgv()', () => {
  test('the same machine, images and command line, stopped at its start', () => {
    const plain = qemuArgv(sampleVm());
    const argv = calibrationArgv(sampleVm(), { gdb: '/tmp/x/gdb', qmp: '/tmp/x/qmp' });
    expect(plain.filter(word => !argv.includes(word))).toEqual(['stdio']);
    expect(argv).toContain('-S');
    expect(argv.slice(argv.indexOf('-kernel'))).toEqual(plain.slice(plain.indexOf('-kernel')));
  });
});

describe('placeImage()', () => {
  test('at 1 GiB whatever its size, rounded up to the 2 MiB of a memory section', () => {
    expect(placeImage(1, 2048, mib)).toEqual({ addressMiB: 1024, sizeMiB: 2 });
    expect(placeImage(256 * mib, 2048, mib)).toEqual({ addressMiB: 1024, sizeMiB: 256 });
    expect(placeImage(257 * mib + 1, 2048, mib)).toEqual({ addressMiB: 1024, sizeMiB: 258 });
  });

  test.each([
    [12, 512, 256],
    [12, 205, 128],
    [500, 1200, 512],
    [1500, 4096, 1024],
    [2800, 8192, 128],
  ])('%i MiB in a guest of %i: at %i', (imageMiB, memoryMiB, addressMiB) => {
    expect(placeImage(imageMiB * mib, memoryMiB, mib).addressMiB).toBe(addressMiB);
  });

  test('too large: the least memory that holds it', () => {
    const error = thrown(() => placeImage(300 * mib, 256, mib));
    expect(error.message).toContain('300 MiB');
    const least = Number(/--mem (\d+)/.exec(error.hint!)![1]);
    expect(placeImage(300 * mib, least, mib).addressMiB).toBe(128);
  });

  test('larger than the memory below 3 GiB: no --mem would help', () => {
    expect(thrown(() => placeImage(2900 * mib, 16384, mib)).hint).not.toContain('--mem');
  });
});

describe('placeImage() on arm64', () => {
  test.each([
    [1, 2048, { addressMiB: 1024 + 2046, sizeMiB: 2 }],
    [256, 2049, { addressMiB: 1024 + 1792, sizeMiB: 256 }],
    [12, 160, { addressMiB: 1024 + 148, sizeMiB: 12 }],
  ])(
    '%i MiB in a guest of %i: at the end, and the kernel stops before it',
    (imageMiB, memoryMiB, carveOut) => {
      expect(placeAtEnd(imageMiB * mib, memoryMiB, mib)).toEqual(carveOut);
      expect(arm64.memoryDisk.words(carveOut)).toEqual([`mem=${carveOut.addressMiB - 1024}M`]);
    },
  );

  test('too large: the least memory that holds it', () => {
    const error = thrown(() => placeAtEnd(300 * mib, 256, mib));
    const least = Number(/--mem (\d+)/.exec(error.hint!)![1]);
    expect(placeAtEnd(300 * mib, least, mib).sizeMiB).toBe(300);
  });
});

describe('requireMemory()', () => {
  test('a cpio is there twice while it is unpacked, an EROFS image once', () => {
    const [cpio, erofs] = [sampleImage('cpio', 100 * mib), sampleImage('erofs', 100 * mib)];
    requireMemory(erofs, 100 * mib, 132);
    expect(thrown(() => requireMemory(erofs, 100 * mib, 131)).hint).toContain('--mem 144');
    requireMemory(cpio, 100 * mib, 232);
    expect(thrown(() => requireMemory(cpio, 100 * mib, 231)).hint).toContain('--mem 240');
  });
});
