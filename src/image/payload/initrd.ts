// SPDX-License-Identifier: GPL-2.0-only
/** An initrd that is booted byte for byte as it came, with its own init, whatever is in it. */
import { requireSpace } from '../../host/files.ts';
import type { PayloadKind } from '../image.ts';
import { requireFile } from './cpio.ts';

export default {
  id: 'initrd',
  summary: 'an existing initrd, byte for byte, with its own init',
  argument: 'FILE',
  probe: 'none',
  asIs: true,
  async inputs({ argument }) {
    const { file, size, mtimeMs } = await requireFile(argument);
    return { file, size, mtimeMs };
  },
  async collect({ argument }, draft) {
    const { file, size } = await requireFile(argument);
    await requireSpace(draft.folder, size, `a copy of ${argument}`);
    draft.fileFrom('initrd', file, 'copy', { mode: 0o444 });
  },
} satisfies PayloadKind;
