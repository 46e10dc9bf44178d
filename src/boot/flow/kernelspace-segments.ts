// SPDX-License-Identifier: GPL-2.0-only
/** The series under test with what stands around an image in practice: a microcode archive in front of it, as
 *  initramfs tools put it there, and an archive of credentials behind it, as systemd-stub does. */
import type { Flow } from '../flow.ts';

export default {
  id: 'kernelspace-segments',
  summary: 'as kernelspace, with a microcode archive in front of the image and credentials behind it',
  kernel: 'series',
  formats: ['erofs-lz4hc', 'erofs', 'erofs-lz4hc-64k'],
  usesPayload: true,
  initWord: 'rdinit',
  needs: [
    { payload: 'microcode', format: 'cpio' },
    { payload: 'credentials', format: 'cpio' },
  ],
  vm: ({ image, extra: [microcode, credentials] }) => ({
    initrd: [microcode!, 'align', image, credentials!],
    disks: [],
    append: [],
  }),
} satisfies Flow;
