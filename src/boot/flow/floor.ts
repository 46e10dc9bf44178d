// SPDX-License-Identifier: GPL-2.0-only
/** What any flow costs at least on a kernel: an initramfs that holds nothing but the probe. */
import type { Flow } from '../flow.ts';

export default {
  id: 'floor',
  summary: 'an initramfs with only the probe: the least that any flow costs',
  kernel: 'any',
  formats: ['cpio'],
  usesPayload: false,
  initWord: 'rdinit',
  needs: [],
  vm: ({ image }) => ({ initrd: image, disks: [], append: [] }),
} satisfies Flow;
