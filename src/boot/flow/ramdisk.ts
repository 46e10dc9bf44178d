// SPDX-License-Identifier: GPL-2.0-only
/** The way before initramfs, announced for removal: the kernel keeps the initrd as a file, copies that to /dev/ram0, and
 *  mounts the file system there as the root. What is read then is copied once more, into the page cache. */
import type { Flow } from '../flow.ts';

export default {
  id: 'ramdisk',
  summary: 'the payload as a file system that the kernel copies to /dev/ram0',
  kernel: 'any',
  requires: { option: 'BLK_DEV_RAM', fragment: 'ramdisk' },
  formats: ['ext2'],
  usesPayload: true,
  initWord: 'init',
  needs: [],
  vm: ({ image }) => ({
    initrd: image,
    disks: [],
    append: ['root=/dev/ram0', 'rootfstype=ext2', 'rw', `ramdisk_size=${Math.ceil(image.bytes / 1024)}`],
  }),
} satisfies Flow;
