// SPDX-License-Identifier: GPL-2.0-only
/** A plain initramfs: one newc archive. */
import { writeNewc } from '../archive/write.ts';
import type { Format } from '../image.ts';

export default {
  id: 'cpio',
  summary: 'newc archive, not compressed',
  family: 'none',
  container: 'cpio',
  tools: [],
  parameters: {},
  spaceBytes: ({ bytes, entries }) => bytes + entries.length * 256,
  write: writeNewc,
} satisfies Format;
