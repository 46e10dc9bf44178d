// SPDX-License-Identifier: GPL-2.0-only
/** What the payload initrd:FILE is booted as: its one file, byte for byte. */
import { copyFile, link } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../../host/errors.ts';
import type { Work } from '../../events.ts';
import type { Format, PackRequest } from '../image.ts';

export default {
  id: 'as-is',
  summary: 'an existing initrd byte for byte, for initrd:FILE only',
  family: 'unknown',
  container: 'cpio',
  tools: [],
  parameters: {},
  spaceBytes: ({ bytes }) => bytes,
  async *write({ payload, target }: PackRequest): Work<void> {
    const content = payload.asIs && payload.entries[0]?.content;
    if (!content) {
      throw new UserError(`the payload ${payload.name} is not an initrd: it has to be packed`, {
        hint: 'choose a format that packs, or boot an initrd with --payload initrd:FILE',
      });
    }
    const source = path.join(payload.folder, content);
    await link(source, target).catch(() => copyFile(source, target));
  },
} satisfies Format;
