// SPDX-License-Identifier: GPL-2.0-only
/** Several images as one initrd buffer: cpio archives, EROFS images and other bytes, zeros between them. */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { Work } from '../events.ts';
import { Interrupted, UserError } from '../host/errors.ts';
import { digestOf, requireSpace } from '../host/files.ts';
import { folders, type Workspace } from '../workspace.ts';
import type { Image } from './image.ts';
import { publishImage } from './publish.ts';

/** 'align': zeros up to the next multiple of 4096, which an EROFS image must start at; `zeros`: just so many, and what
 *  follows starts right behind them, wherever that is. */
export type Part = Image | 'align' | { readonly zeros: number };
type Sized = Pick<Image, 'format' | 'bytes'> | 'align' | { readonly zeros: number };
type Segment = { readonly what: string; readonly offset: number; readonly bytes: number };

const alignment = 4096;
const chunkBytes = 1 << 20;

const isZeros = (part: Sized | undefined): part is { readonly zeros: number } =>
  typeof part === 'object' && 'zeros' in part;
const isImage = (part: Part): part is Image => part !== 'align' && !isZeros(part);

/** Where each part lies; pure. A segment starts at a multiple of four, as the kernel wants it of a cpio. */
export function layOut(parts: readonly Sized[]): Segment[] {
  let offset = 0;
  return parts.map((part, index) => {
    const exact = part === 'align' || isZeros(part) || isZeros(parts[index - 1]);
    const start = exact ? offset : Math.ceil(offset / 4) * 4;
    const bytes = part === 'align' ? -start & (alignment - 1) : isZeros(part) ? part.zeros : part.bytes;
    offset = start + bytes;
    return { what: part === 'align' || isZeros(part) ? 'zeros' : part.format, offset: start, bytes };
  });
}

/** The parts one behind the other. @throws UserError when an EROFS image would not start at a multiple of 4096, and
 *  no number of zeros in front of it says that this is meant */
export async function* concatenate(
  workspace: Workspace,
  parts: readonly Part[],
  signal: AbortSignal,
): Work<Image> {
  const images = parts.filter(isImage);
  const segments = layOut(parts);
  const astray = segments.find(
    ({ what, offset }, index) =>
      what.startsWith('erofs') && offset % alignment !== 0 && !isZeros(parts[index - 1]),
  );
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
  const digest = digestOf({ parts: parts.map(part => (isImage(part) ? part.digest : part)) });
  const format = images.map(image => image.format).join('+');
  const what = `concatenate ${format}`;
  return yield* publishImage(workspace, { digest, job: what, what, signal }, async function* (scratch) {
    const bytes = segments.at(-1)!.offset + segments.at(-1)!.bytes;
    await requireSpace(folders.images(workspace), bytes, what);
    const target = openSync(path.join(scratch, 'image'), 'wx');
    try {
      for (const [index, part] of parts.entries()) {
        const { offset, bytes: size } = segments[index]!;
        if (!isImage(part)) writeSync(target, Buffer.alloc(size), 0, size, offset);
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
