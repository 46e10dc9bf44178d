// SPDX-License-Identifier: GPL-2.0-only
/** An archive that the kernel looks into before it has an allocator: CPU microcode, here of the size that one family of
 *  processors has, with random bytes in it. */
import type { PayloadKind } from '../image.ts';
import { randomFrom } from '../random.ts';

const vendors = ['AuthenticAMD', 'GenuineIntel'];
const words = 24 << 10;

export default {
  id: 'microcode',
  summary: 'a microcode archive to stand in front of an image (packed as cpio)',
  probe: 'none',
  inputs: async () => null,
  async collect(_request, draft) {
    for (const path of ['kernel', 'kernel/x86', 'kernel/x86/microcode']) draft.directory(path);
    for (const [stream, vendor] of vendors.entries()) {
      const bytes = Buffer.from(Uint32Array.from({ length: words }, randomFrom(0, stream)).buffer);
      draft.file(`kernel/x86/microcode/${vendor}.bin`, bytes);
    }
  },
} satisfies PayloadKind;
