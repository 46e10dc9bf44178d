// SPDX-License-Identifier: GPL-2.0-only
/** What dracut-squash does: the payload's image is a file in the initramfs, which a first stage mounts through a loop
 *  device. The kernel unpacks one large file in place of many small ones. */
import type { Flow } from '../flow.ts';

export default {
  id: 'loop',
  summary: 'the payload as an EROFS file in a cpio, loop-mounted by a first stage',
  kernel: 'any',
  formats: ['erofs-lz4hc', 'erofs', 'erofs-lz4hc-64k'],
  usesPayload: true,
  initWord: 'INITBENCH_INIT',
  needs: [{ payload: 'storage-init', format: 'cpio' }],
  vm: ({ image, extra }) => ({
    initrd: [extra[0]!, { file: 'payload.erofs', image }],
    disks: [],
    append: ['INITBENCH_BOOT=/payload.erofs'],
  }),
} satisfies Flow;
