// SPDX-License-Identifier: GPL-2.0-only
/** The way of today: the kernel unpacks a cpio into a tmpfs and runs its /init. */
import type { Flow } from '../flow.ts';

export default {
  id: 'initramfs',
  summary: 'the payload as a cpio that the kernel unpacks',
  kernel: 'any',
  formats: ['cpio-lz4', 'cpio', 'cpio-gzip', 'cpio-zstd'],
  usesPayload: true,
  initWord: 'rdinit',
  needs: [],
  vm: ({ image }) => ({ initrd: image, disks: [], append: [] }),
} satisfies Flow;
