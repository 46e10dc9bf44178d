// SPDX-License-Identifier: GPL-2.0-only
/** The series under test: an EROFS image is the initrd, and the kernel mounts it where it lies in memory. */
import type { Flow } from '../flow.ts';

export default {
  id: 'kernelspace',
  summary: 'the payload as an EROFS initrd that the patched kernel mounts in place',
  kernel: 'series',
  formats: ['erofs-lz4hc', 'erofs', 'erofs-lz4hc-64k'],
  usesPayload: true,
  initWord: 'rdinit',
  needs: [],
  vm: ({ image }) => ({ initrd: image, disks: [], append: [] }),
} satisfies Flow;
