// SPDX-License-Identifier: GPL-2.0-only
/** Several images as one initrd buffer: cpio archives and an EROFS image, zeros between them. */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { Work } from '../events.ts';
import { Interrupted, UserError } from '../host/errors.ts';
import { digestOf, requireSpace } from '../host/files.ts';
import { folders, type Workspace } from '../workspace.ts';
import type { Image } from './image.ts';
import { publishImage } from './pack.ts';

/** 'align': zeros up to the next multiple of 4096, which an EROFS image must start at. */
export type Part = Image | 'align';
type Segment = { readonly what: string; readonly offset: number; readonly bytes: number };

const alignment = 4096;
const chunkBytes = 1 << 20;

/** Where each part lies; pure. A cpio segment starts at a multiple of four, as the kernel wants it. */
export function layOut(parts: readonly (Pick<Image, 'format' | 'bytes'> | 'align')[]): Segment[] {
  let offset = 0;
  return parts.map(part => {
    const start = part === 'align' ? offset : Math.ceil(offset / 4) * 4;
    const bytes = part === 'align' ? -start & (alignment - 1) : part.bytes;
    offset = start + bytes;
    return { what: part === 'align' ? 'zeros' : part.format, offset: start, bytes };
  });
}

/** The parts one behind the other. @throws UserError when an EROFS image would not start at a multiple of 4096 */
export async function* concatenate(
  workspace: Workspace,
  parts: readonly Part[],
  signal: AbortSignal,
): Work<Image> {
  const images = parts.filter(part => part !== 'align');
  const segments = layOut(parts);
  const astray = segments.find(({ what, offset }) => what.startsWith('erofs') && offset % alignment !== 0);
  if (astray) {
    throw new UserError(
      `the ${astray.what} image would start at ${astray.offset}, no multiple of ${alignment}`,
      {
        hint: "put 'align' in front of it",
      },
    );
  }
  const main = images.find(image => image.format.startsWith('erofs')) ?? images[0];
  if (!main) throw new UserError('there is nothing to concatenate', { hint: 'name at least one image' });
  const digest = digestOf({ parts: parts.map(part => (part === 'align' ? part : part.digest)) });
  const format = images.map(image => image.format).join('+');
  const what = `concatenate ${format}`;
  return yield* publishImage(workspace, { digest, job: what, what, signal }, async function* (scratch) {
    const bytes = segments.at(-1)!.offset + segments.at(-1)!.bytes;
    await requireSpace(folders.images(workspace), bytes, what);
    const target = openSync(path.join(scratch, 'image'), 'wx');
    try {
      for (const [index, part] of parts.entries()) {
        const { offset, bytes: size } = segments[index]!;
        if (part === 'align') writeSync(target, Buffer.alloc(size), 0, size, offset);
        else yield* copyTo(target, part, offset, what, signal);
      }
    } finally {
      closeSync(target);
    }
    return { digest, format, payload: main.payload, segments };
  });
}

async function* copyTo(
  target: number,
  image: Image,
  offset: number,
  job: string,
  signal: AbortSignal,
): Work<void> {
  const source = openSync(image.path, 'r');
  const buffer = Buffer.allocUnsafe(chunkBytes);
  try {
    for (let done = 0; done < image.bytes;) {
      const got = readSync(source, buffer, 0, chunkBytes, done);
      if (got === 0) throw new Error(`${image.path} is shorter than its record says`);
      for (let at = 0; at < got;) at += writeSync(target, buffer, at, got - at, offset + done + at);
      done += got;
      yield { job, type: 'progress', done, total: image.bytes, label: image.format };
      await new Promise(setImmediate);
      if (signal.aborted) throw new Interrupted();
    }
  } finally {
    closeSync(source);
  }
}
