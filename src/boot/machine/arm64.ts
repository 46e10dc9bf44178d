// SPDX-License-Identifier: GPL-2.0-only
/** arm64: QEMU's virt, whose device tree would hold random seeds if it were let. */
import { UserError } from '../../host/errors.ts';
import { registerValue } from '../../host/gdb.ts';
import type { CarveOut } from '../machine.ts';
import { qemuMachine } from '../qemu/machine.ts';

const mib = 2 ** 20;
/** Memory starts there. */
const baseMiB = 1024;
/** QEMU puts the initrd here, counted from the start of memory, or in the middle of less than twice as much. */
const initrdMiB = 128;
/** The device tree behind the initrd, and what the kernel needs at least. */
const freeMiB = 32;

/** At the end of memory, so that the kernel can be told to stop before it. Multiples of 2 MiB, the granularity of
 *  ZONE_DEVICE memory. @throws UserError naming the smallest memory that holds it */
export function placeImage(imageBytes: number, memoryMiB: number, initrdBytes: number): CarveOut {
  const sizeMiB = Math.ceil(imageBytes / (2 * mib)) * 2;
  const otherMiB = (total: number) => Math.min(initrdMiB, total / 2) + Math.ceil(initrdBytes / mib) + freeMiB;
  const kernelMiB = Math.floor((memoryMiB - sizeMiB) / 2) * 2;
  if (kernelMiB >= otherMiB(memoryMiB)) return { addressMiB: baseMiB + kernelMiB, sizeMiB };
  const least = sizeMiB + otherMiB(Infinity);
  throw new UserError(
    `an image of ${Math.ceil(imageBytes / mib)} MiB does not fit into ${memoryMiB} MiB of guest memory as a memory disk`,
    { hint: `give the guest more: --mem ${Math.ceil(least / 16) * 16}` },
  );
}

/** Two cells for the upper and lower half of each number, as the root of virt's tree has them. */
const cells = (...numbers: readonly number[]) => {
  const buffer = Buffer.alloc(8 * numbers.length);
  for (const [index, number] of numbers.entries()) buffer.writeBigUInt64BE(BigInt(number), 8 * index);
  return buffer;
};

export default qemuMachine({
  id: 'arm64',
  summary: "QEMU's virt",
  qemu: 'qemu-system-aarch64',
  type: 'virt,gic-version=2,dtb-randomness=off',
  cpu: 'cortex-a57',
  console: 'ttyAMA0',
  wallWords: [],
  shortcuts: [],
  counter: {
    name: 'CNTVCT_EL0',
    // 62.5 MHz
    tick: 16,
    // mrs x0, cntvct_el0
    read: { code: '40e03bd5', ticks: all => Number(registerValue(all.slice(0, 16))) },
  },
  memoryDisk: {
    place: placeImage,
    words: ({ addressMiB }) => [`mem=${addressMiB - baseMiB}M`],
    node: ({ addressMiB, sizeMiB }) => ({
      name: `pmem@${(addressMiB * mib).toString(16)}`,
      properties: { compatible: Buffer.from('pmem-region\0'), reg: cells(addressMiB * mib, sizeMiB * mib) },
    }),
  },
});
