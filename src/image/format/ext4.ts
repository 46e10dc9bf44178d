// SPDX-License-Identifier: GPL-2.0-only
/** A root file system's disk: a journal, and a quarter more than the content to write to. */
import { extFormat } from '../extfs.ts';

export default extFormat({
  id: 'ext4',
  summary: 'ext4 disk, for a root file system',
  options: [],
  spare: content => 4096 + Math.ceil(content / 4),
});
