// SPDX-License-Identifier: GPL-2.0-only
/** initoverlayfs without kernel changes: a mini-initramfs mounts the payload's EROFS image from a boot partition. */
import type { Flow, FlowInput } from '../flow.ts';
import { type Disk, memoryDiskOf } from '../machine.ts';

/** Under icount the boot partition is memory: any real disk lets the host's latency into the guest's time. */
function bootPartition({ image, extra, clock, memoryMiB, machine, bootsFromDisk }: FlowInput): Disk {
  if (bootsFromDisk) return { kind: 'partition', image, device: '/dev/vda2' };
  if (clock === 'wall') return machine.disk(image, 0);
  const carveOut = memoryDiskOf(machine).place(image.bytes, memoryMiB, extra[0]!.bytes);
  return { kind: 'pmem', image, device: '/dev/pmem0', carveOut, standsFor: 'disk' };
}

export default {
  id: 'userspace',
  summary: 'a mini-initramfs that mounts the payload as EROFS from a boot partition',
  kernel: 'any',
  formats: ['erofs-lz4hc', 'erofs', 'erofs-lz4hc-64k'],
  usesPayload: true,
  initWord: 'INITBENCH_INIT',
  needs: [{ payload: 'storage-init', format: 'cpio' }],
  vm(input) {
    const disk = bootPartition(input);
    return { initrd: input.extra[0]!, disks: [disk], append: [`INITBENCH_BOOT=${disk.device}`] };
  },
} satisfies Flow;
