// SPDX-License-Identifier: GPL-2.0-only
/** An initramfs in lz4's legacy frame, the only one the kernel reads (lib/decompress_unlz4.c). */
import { compressedCpio } from '../archive/compress.ts';

export default compressedCpio({
  id: 'cpio-lz4',
  summary: 'newc archive, lz4 -9 (legacy frame)',
  family: 'lz4',
  argv: (source, target) => ['lz4', '-l', '-9', '-q', source, target],
});
