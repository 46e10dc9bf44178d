// SPDX-License-Identifier: GPL-2.0-only
/** Bytes of our own as a segment of an initrd: an image that was damaged on purpose, a bootconfig, junk. */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Work } from '../events.ts';
import { digestOf } from '../host/files.ts';
import type { Workspace } from '../workspace.ts';
import type { Image } from './image.ts';
import { publishImage } from './publish.ts';

/** `format` is what the bytes claim to be: 'erofs' for a damaged image, else a word of the caller's. */
export async function* blobImage(
  workspace: Workspace,
  { bytes, format, name }: { bytes: Buffer; format: string; name: string },
  signal: AbortSignal,
): Work<Image> {
  const content = createHash('sha256').update(bytes).digest('hex');
  const digest = digestOf({ blob: content, format });
  const job = `image ${name}`;
  return yield* publishImage(workspace, { digest, job, what: job, signal }, async function* (scratch) {
    await writeFile(path.join(scratch, 'image'), bytes);
    return { digest, format, payload: { name, digest: content } };
  });
}
