// SPDX-License-Identifier: GPL-2.0-only
/** An initramfs compressed with zstd. Level 9: unpacking costs what it costs at 19, packing a tenth. */
import { compressedCpio } from '../archive/compress.ts';

export default compressedCpio({
  id: 'cpio-zstd',
  summary: 'newc archive, zstd -9',
  family: 'zstd',
  // One worker: the output of several depends on their number.
  argv: (source, target) => ['zstd', '-9', '-T1', '-q', source, '-o', target],
});
