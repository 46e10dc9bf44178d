// SPDX-License-Identifier: GPL-2.0-only
/** An image as a file in an archive: what a kernel without the series unpacks, for a first stage to mount. */
import path from 'node:path';
import type { Work } from '../events.ts';
import { digestOf, requireSpace } from '../host/files.ts';
import { folders, type Workspace } from '../workspace.ts';
import { writeNewc } from './archive/write.ts';
import { formatBits } from './entry.ts';
import type { Image } from './image.ts';
import { publishImage } from './publish.ts';

/** A newc archive, not compressed (the image is, if need be), with the image under that name and nothing else.
 *  @throws UserError when the disk is too full or the image too large for an archive */
export async function* archiveOf(
  workspace: Workspace,
  file: string,
  image: Image,
  signal: AbortSignal,
): Work<Image> {
  const digest = digestOf({ archived: image.digest, file });
  const job = `image ${image.payload.name} ${image.format}`;
  const what = `put ${image.format} into an archive`;
  const member = {
    ...({ path: file, kind: 'file', mode: formatBits.file | 0o444, uid: 0, gid: 0, mtime: 0 } as const),
    ...{ bytes: image.bytes, content: path.basename(image.path) },
  };
  return yield* publishImage(workspace, { digest, job, what, signal }, async function* (scratch) {
    await requireSpace(folders.images(workspace), image.bytes, what);
    const target = path.join(scratch, 'image');
    const source = { folder: path.dirname(image.path), bytes: image.bytes, entries: [member] };
    yield* writeNewc({ payload: source, target, job, signal });
    return { digest, format: 'cpio', payload: image.payload };
  });
}
