// SPDX-License-Identifier: GPL-2.0-only
/** An existing initramfs, unpacked as the kernel would unpack it. */
import { constants } from 'node:fs';
import { access, readFile, realpath, stat } from 'node:fs/promises';
import { UserError } from '../../host/errors.ts';
import { requireSpace } from '../../host/files.ts';
import { largestSegmentBytes } from '../cpio/compression.ts';
import { unpackInitramfs } from '../cpio/unpack.ts';
import type { PayloadKind } from '../image.ts';

export default {
  id: 'cpio',
  summary: 'an existing initramfs, compressed or not, with its own /init',
  argument: 'FILE',
  probe: 'before-init',
  async inputs({ argument }) {
    const { file, size, mtimeMs } = await requireFile(argument);
    return { file, size, mtimeMs };
  },
  async *collect({ argument, job, signal }, draft) {
    const { file, size } = await requireFile(argument);
    await requireSpace(draft.folder, 3 * size, `unpacking ${argument}`);
    const { rootfs, segments, dropped } = await unpackInitramfs(await readFile(file), argument, signal);
    const list = segments.map(
      ({ offset, compression, members }) => `${compression} at ${offset} (${members} members)`,
    );
    yield { job, type: 'notice', level: 'info', message: `${argument}: ${list.join(', ')}` };
    if (dropped.length > 0) {
      const names = dropped.slice(0, 3).map(name => JSON.stringify(name));
      const message = `${argument}: ${dropped.length} members have no directory to be in, as in a kernel: ${names.join(', ')}`;
      yield { job, type: 'notice', level: 'warning', message };
    }
    rootfs.copyTo(draft, argument);
  },
} satisfies PayloadKind;

async function requireFile(argument: string): Promise<{ file: string; size: number; mtimeMs: number }> {
  try {
    const file = await realpath(argument);
    await access(file, constants.R_OK);
    const status = await stat(file);
    if (!status.isFile())
      throw new UserError(`${argument} is no regular file`, { hint: 'name an initramfs' });
    if (status.size > largestSegmentBytes) {
      throw new UserError(`${argument} has ${status.size} bytes, more than an initramfs can have here`, {
        hint: `the limit is ${largestSegmentBytes} bytes`,
      });
    }
    return { file, size: status.size, mtimeMs: status.mtimeMs };
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`cannot read ${argument}: ${(error as Error).message}`, {
      hint: 'name an initramfs',
    });
  }
}
