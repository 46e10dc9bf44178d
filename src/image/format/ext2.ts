// SPDX-License-Identifier: GPL-2.0-only
/** What the kernel's ramdisk loader (init/do_mounts_rd.c) knows and copies block by block, so as small as it can be: no
 *  journal, no room to grow, a MiB and the block map's 1/256 beside the content. */
import { extFormat } from '../extfs.ts';

export default extFormat({
  id: 'ext2',
  summary: 'ext2 with little free space, for a ramdisk',
  options: ['-O', '^resize_inode'],
  spare: content => 256 + Math.ceil(content / 256),
});
