// SPDX-License-Identifier: GPL-2.0-only
/** An existing initramfs, unpacked as a kernel unpacks it: what a kernel takes is taken, what it leaves out is left out
 *  and named, and where it stops the payload is refused in its words. */
import { constants } from 'node:fs';
import { access, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../../host/errors.ts';
import { requireSpace } from '../../host/files.ts';
import type { Dropped } from '../archive/members.ts';
import { copyRoot } from '../archive/payload.ts';
import { type Refusal, type Unpacked, unpackInitramfs } from '../archive/unpack.ts';
import { type Draft, shownName } from '../draft.ts';
import type { PayloadKind } from '../image.ts';

export default {
  id: 'cpio',
  summary: 'an existing initramfs, compressed or not, with its own /init',
  argument: 'FILE',
  probe: 'before-init',
  async inputs({ argument }) {
    const { file, size, mtimeMs } = await requireFile(argument);
    return { version, file, size, mtimeMs };
  },
  async *collect({ argument, job, signal }, draft) {
    const { file, size } = await requireFile(argument);
    await requireSpace(draft.folder, 3 * size, `unpacking ${argument}`);
    const notice = (level: 'info' | 'warning', text: string) =>
      ({ job, type: 'notice', level, message: `${argument}: ${text}` }) as const;
    const unpacked = await unpackInitramfs(file, { folder: path.join(draft.folder, 'unpacked'), signal });
    yield notice('info', segmentsText(unpacked));
    if (unpacked.refused) throw refusal(argument, unpacked.refused);
    for (const text of remarksOn(unpacked)) yield notice('warning', text);
    for (const text of bringIn(unpacked, draft)) yield notice('warning', text);
  },
} satisfies PayloadKind;

/** Raise it when the same file gives other entries. */
const version = 2;

const segmentsText = ({ segments }: Unpacked): string =>
  segments
    .map(({ offset, compression, members }) => `${compression} at ${offset} (${members} members)`)
    .join(', ');

export function refusal(argument: string, { message, offset, segment, detail }: Refusal): UserError {
  const where = segment
    ? `at offset ${offset} of what the ${segment.compression} segment at offset ${segment.offset} unpacks to`
    : `at offset ${offset}`;
  const why = detail === '' ? '' : ` (${detail})`;
  return new UserError(`${argument}: a kernel stops ${where}: ${message}${why}`, {
    hint: 'make it again; --payload initrd:FILE boots it as it is, with what the kernel got until then',
  });
}

/** What a kernel does without a word. */
function remarksOn({ dropped, cutIn }: Unpacked): string[] {
  const texts: string[] = [];
  if (dropped.length > 0) {
    const names = dropped
      .slice(0, 3)
      .map(({ name, why }) => `${JSON.stringify(shownName(name))} (${reasons[why]})`);
    const more = dropped.length > 3 ? `, and ${dropped.length - 3} more` : '';
    texts.push(`a kernel leaves out ${names.join(', ')}${more}`);
  }
  if (cutIn !== undefined) {
    const where = cutIn === '' ? 'in a header' : `in /${shownName(cutIn)}, whose rest is zeros`;
    texts.push(`the file ends ${where}; a kernel goes on with what it has`);
  }
  return texts;
}

const reasons: Readonly<Record<Dropped, string>> = {
  EEXIST: 'something that cannot be removed is in its place',
  EINVAL: 'its name cannot be made',
  EISDIR: 'a directory is in its place',
  ELOOP: 'too many symlinks',
  ENAMETOOLONG: 'a name of more than 255 bytes, or a target of more than 4095',
  ENOENT: 'its directory, or what it is a link to, is not there',
  ENOTDIR: 'what should be its directory is none',
  ENOTEMPTY: 'a directory that is not empty is in its place',
  ENXIO: 'a device is in its place',
  EPERM: 'a link to a directory',
  'name size': 'a name of no bytes, or of more than 4096',
  'target size': 'a target of more than 4096 bytes',
  data: 'only files and symlinks have data',
  type: 'its type is none that a file can have',
};

/** Moves everything into the draft; returns what had to be left out of it, or will look otherwise. */
function bringIn({ rootfs }: Unpacked, draft: Draft): string[] {
  const left = copyRoot(rootfs, draft);
  const { mode, uid, gid, builtIn } = rootfs.root;
  const texts: string[] = [];
  if (left.length > 0) {
    texts.push(`symlinks to nothing at all are left out: ${left.map(at => `/${shownName(at)}`).join(', ')}`);
  }
  if (!builtIn && ((mode & 0o7777) !== 0o755 || uid !== 0 || gid !== 0)) {
    const own = `${(mode & 0o7777).toString(8)} ${uid}:${gid}`;
    texts.push(`its root directory is ${own}; a payload's is 755 0:0`);
  }
  return texts;
}

export async function requireFile(
  argument: string,
): Promise<{ file: string; size: number; mtimeMs: number }> {
  try {
    const file = await realpath(argument);
    await access(file, constants.R_OK);
    const status = await stat(file);
    if (!status.isFile())
      throw new UserError(`${argument} is not a regular file`, { hint: 'name an initramfs' });
    return { file, size: status.size, mtimeMs: status.mtimeMs };
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`cannot read ${argument}: ${(error as Error).message}`, {
      hint: 'name an initramfs',
    });
  }
}
