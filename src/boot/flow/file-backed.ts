// SPDX-License-Identifier: GPL-2.0-only
/** As `loop`, without the loop device: EROFS mounts the file itself. A tmpfs is not a file system for that, a ramfs is. */
import type { Flow } from '../flow.ts';

export default {
  id: 'file-backed',
  summary: 'the payload as an EROFS file in a cpio, mounted by a first stage without a loop device',
  kernel: 'any',
  formats: ['erofs-lz4hc', 'erofs', 'erofs-lz4hc-64k'],
  usesPayload: true,
  initWord: 'INITBENCH_INIT',
  needs: [{ payload: 'storage-init', format: 'cpio' }],
  vm: ({ image, extra }) => ({
    initrd: [extra[0]!, { file: 'payload.erofs', image }],
    disks: [],
    append: ['INITBENCH_BOOT=/payload.erofs', 'INITBENCH_LOOP=0', 'rootfstype=ramfs'],
  }),
} satisfies Flow;
