// SPDX-License-Identifier: GPL-2.0-only
/** x86-64: QEMU's pc. */
import { UserError } from '../../host/errors.ts';
import { registerValue } from '../../host/gdb.ts';
import type { CarveOut } from '../machine.ts';
import { canaryArgv, canaryExit, canaryProgram } from '../qemu/canary.ts';
import { qemuMachine } from '../qemu/machine.ts';

/** Of 64-bit registers by their place in the answer to `g`; the lower half. */
const half = (registers: string, at: number) =>
  registerValue(registers.slice(16 * at, 16 * at + 16)) & 0xffffffffn;
const [rax, rdx] = [0, 3];

/** __START_KERNEL_map of arch/x86/include/asm/page_64_types.h: physical address 0, for the kernel's own image. */
const kernelMap = 0xffffffff80000000n;

const mib = 2 ** 20;
/** The kernel, its decompression and its first allocations stay below the carve-out. */
const lowestMiB = 128;
/** What the kernel needs above or below the carve-out: QEMU puts the initrd at the top of low memory. */
const freeMiB = 64;
/** Low memory of the pc machine ends here when there is more than fits below the PCI hole. */
const lowMemoryMiB = 3072;

/** Where an image of that size lies in guest memory: at 1 GiB as long as it fits there, so that sizes compare at
 *  one address, else lower. Multiples of 2 MiB, the granularity of ZONE_DEVICE memory.
 *  @throws UserError naming the smallest memory that holds it */
export function placeImage(imageBytes: number, memoryMiB: number, initrdBytes: number): CarveOut {
  const sizeMiB = Math.ceil(imageBytes / (2 * mib)) * 2;
  const aboveMiB = sizeMiB + freeMiB + Math.ceil(initrdBytes / mib);
  const top = Math.min(memoryMiB, lowMemoryMiB);
  const addressMiB = [1024, 512, 256, lowestMiB].find(address => address + aboveMiB <= top);
  if (addressMiB !== undefined) return { addressMiB, sizeMiB };
  const needed = lowestMiB + aboveMiB;
  const tooLarge = `an image of ${Math.ceil(imageBytes / mib)} MiB does not fit into`;
  if (needed > lowMemoryMiB) {
    throw new UserError(`${tooLarge} the memory below the guest's PCI hole`, {
      hint: `use a smaller payload, or --clock wall, where it is a virtio disk`,
    });
  }
  throw new UserError(`${tooLarge} ${memoryMiB} MiB of guest memory as a memory disk`, {
    hint: `give the guest more: --mem ${Math.ceil(needed / 16) * 16}`,
  });
}

export default qemuMachine({
  id: 'x86_64',
  summary: "QEMU's pc",
  qemu: 'qemu-system-x86_64',
  type: 'pc',
  // `max` reads the host's random numbers
  cpu: 'qemu64',
  console: 'ttyS0',
  // check_timer() of io_apic.c wants several ticks within a few milliseconds of the TSC, which an emulator that does not
  // get its CPU has no time for, and panics without them ("IO-APIC + timer doesn't work!"); no other use of the timer
  // changes, and guests of KVM, Hyper-V and VMware leave the test out by themselves. Under icount ticks are never late.
  wallWords: ['no_timer_check'],
  // without the local APIC nothing waits for its timer to be measured, a tenth of a second
  shortcuts: ['nolapic'],
  counter: {
    name: 'TSC',
    tick: 1,
    // rdtsc
    read: { code: '0f31', ticks: all => Number((half(all, rdx) << 32n) | half(all, rax)) },
  },
  physical: (address: bigint) => Number(address - kernelMap),
  memoryDisk: {
    place: placeImage,
    words: ({ sizeMiB, addressMiB }) => [`memmap=${sizeMiB}M!${addressMiB}M`],
  },
  efi: {
    type: 'q35',
    // as a hypervisor's guest systemd-boot does not trust the counter, and keeps no times
    cpu: 'qemu64,-hypervisor',
    firmware: [
      ['/usr/share/OVMF/OVMF_CODE_4M.fd', '/usr/share/OVMF/OVMF_VARS_4M.fd'],
      ['/usr/share/OVMF/OVMF_CODE.fd', '/usr/share/OVMF/OVMF_VARS.fd'],
      ['/usr/share/edk2/ovmf/OVMF_CODE.fd', '/usr/share/edk2/ovmf/OVMF_VARS.fd'],
    ],
    loader: { file: '/usr/lib/systemd/boot/efi/systemd-bootx64.efi', name: 'EFI/BOOT/BOOTX64.EFI' },
  },
  canary: { argv: canaryArgv, program: canaryProgram, exit: canaryExit },
});
