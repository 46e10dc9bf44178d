// SPDX-License-Identifier: GPL-2.0-only
/** An EROFS image that lies in memory, without kernel changes: the boot loader puts it at an agreed address, `memmap=`
 *  (or `mem=`) keeps the kernel away from there and makes a pmem disk of it, and a first stage mounts it with DAX. */
import type { Flow } from '../flow.ts';
import { memoryDiskOf } from '../machine.ts';

export default {
  id: 'memmap',
  summary: 'the payload as EROFS in memory reserved from the kernel: a pmem disk, mounted with DAX',
  kernel: 'any',
  uses: 'memory disk',
  // uncompressed files are mapped where they are, the others still go through the page cache
  formats: ['erofs', 'erofs-lz4hc', 'erofs-lz4hc-64k'],
  usesPayload: true,
  initWord: 'INITBENCH_INIT',
  needs: [{ payload: 'storage-init', format: 'cpio' }],
  vm({ image, extra, memoryMiB, machine }) {
    const first = extra[0]!;
    const carveOut = memoryDiskOf(machine).place(image.bytes, memoryMiB, first.bytes);
    return {
      initrd: first,
      disks: [{ kind: 'pmem', image, device: '/dev/pmem0', carveOut, standsFor: 'memory' }],
      append: ['INITBENCH_BOOT=/dev/pmem0', 'INITBENCH_BOOTFLAGS=dax=always'],
    };
  },
} satisfies Flow;
