// SPDX-License-Identifier: GPL-2.0-only
/** The kernel command line of a machine, and whether its memory can hold what it boots. Pure. */
import { UserError } from '../host/errors.ts';
import type { Image } from '../image/image.ts';
import type { Vm } from './machine.ts';

/** One word each, the carve-outs of pmem disks and the nonce included. */
export function commandLine(vm: Pick<Vm, 'append' | 'disks' | 'machine' | 'nonce'>): string[] {
  const { memoryDisk } = vm.machine;
  return [
    ...vm.append,
    ...vm.disks.flatMap(disk => (disk.kind === 'pmem' && memoryDisk ? memoryDisk.words(disk.carveOut) : [])),
    // Last: of two words for one variable the later counts.
    ...(vm.nonce === undefined ? [] : [`INITBENCH_NONCE=${vm.nonce}`]),
  ];
}

const mib = 2 ** 20;
/** What a kernel needs beside the initrd at the very least; the smallest guests that booted had more. */
const kernelMiB = 32;

/** An initramfs is in memory twice while it is unpacked, a ramdisk while it is copied; an EROFS image only once.
 *  @throws UserError naming the smallest memory that could work */
export function requireMemory(initrd: Image, payloadBytes: number, memoryMiB: number): void {
  const unpacked = initrd.format.startsWith('cpio') ? payloadBytes : 0;
  const copied = initrd.format === 'ext2' ? initrd.bytes : 0;
  const needed = Math.ceil((initrd.bytes + unpacked + copied) / mib) + kernelMiB;
  if (needed <= memoryMiB) return;
  const what = `an initrd of ${Math.ceil(initrd.bytes / mib)} MiB`;
  throw new UserError(
    unpacked > 0
      ? `${what}, ${Math.ceil(unpacked / mib)} MiB unpacked, is too large for ${memoryMiB} MiB of guest memory`
      : `${what} is too large for ${memoryMiB} MiB of guest memory`,
    { hint: `the least that could do is --mem ${Math.ceil(needed / 16) * 16}` },
  );
}
