// SPDX-License-Identifier: GPL-2.0-only
/** A payload as one newc archive, written piece by piece: sorted, times 0, inode numbers in order, the content of a
 *  hard-linked file with its last name. It ends four-byte aligned behind the trailer, which is all a kernel needs. */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { Work } from '../../events.ts';
import { Interrupted, UserError } from '../../host/errors.ts';
import { shownName } from '../draft.ts';
import type { Entry } from '../entry.ts';
import type { PackRequest, Payload } from '../image.ts';
import { formatNewcHeader, formatTrailer, largestNewcFile, paddingAfter } from './newc.ts';

const chunkBytes = 1 << 20;
const zeros = Buffer.alloc(4);

type ArchiveRequest = Pick<PackRequest, 'target' | 'job' | 'signal'> & {
  readonly payload: Pick<Payload, 'entries' | 'folder' | 'bytes'>;
};

interface Member {
  readonly entry: Entry;
  readonly ino: number;
  readonly nlink: number;
  readonly hasData: boolean;
}

/** Inode numbers and link counts of the entries; pure.
 *  @throws UserError when a file is too large for the format */
export function membersOf(entries: readonly Entry[]): Member[] {
  const counts = new Map<number, number>();
  for (const { link } of entries) if (link) counts.set(link, (counts.get(link) ?? 0) + 1);
  const numbers = new Map<number, { ino: number; left: number }>();
  let last = 0;
  return entries.map(entry => {
    if (entry.bytes > largestNewcFile) {
      throw new UserError(
        `${shownName(entry.path)} has ${entry.bytes} bytes; a cpio member has at most ${largestNewcFile}`,
        {
          hint: 'leave the file out of the payload',
        },
      );
    }
    if (!entry.link) return { entry, ino: ++last, nlink: entry.kind === 'dir' ? 2 : 1, hasData: true };
    const nlink = counts.get(entry.link)!;
    const known = numbers.get(entry.link) ?? { ino: ++last, left: nlink };
    numbers.set(entry.link, known);
    return { entry, ino: known.ino, nlink, hasData: --known.left === 0 };
  });
}

/** The bytes of the archive, in pieces of about a mebibyte. */
export function* newcChunks(payload: Pick<Payload, 'entries' | 'folder'>): Generator<Buffer> {
  let pieces: Buffer[] = [];
  let size = 0;
  for (const { entry, ino, nlink, hasData } of membersOf(payload.entries)) {
    const filesize =
      entry.kind === 'symlink' ? entry.bytes : entry.kind === 'file' && hasData ? entry.bytes : 0;
    const device = entry.device ?? { major: 0, minor: 0 };
    const { mode, uid, gid } = entry;
    const numbers = { ino, mode, uid, gid, nlink, filesize };
    const rdev = { rmajor: device.major, rminor: device.minor };
    pieces.push(formatNewcHeader(entry.path, { ...numbers, mtime: 0, major: 0, minor: 0, ...rdev }));
    size += pieces.at(-1)!.length;
    if (filesize > 0) {
      const source =
        entry.kind === 'symlink'
          ? [Buffer.from(entry.target!, 'latin1')]
          : contentChunks(payload.folder, entry);
      for (const piece of source) {
        pieces.push(piece);
        size += piece.length;
        if (size < chunkBytes) continue;
        yield Buffer.concat(pieces);
        [pieces, size] = [[], 0];
      }
      pieces.push(zeros.subarray(0, paddingAfter(filesize)));
    }
  }
  yield Buffer.concat([...pieces, formatTrailer()]);
}

/** The content of a regular file of a payload, in pieces of at most a mebibyte. */
export function* contentChunks(folder: string, entry: Entry): Generator<Buffer> {
  const fd = openSync(path.join(folder, entry.content!), 'r');
  try {
    for (let left = entry.bytes; left > 0;) {
      const chunk = Buffer.allocUnsafe(Math.min(left, chunkBytes));
      const got = readSync(fd, chunk);
      if (got === 0) throw new Error(`${entry.content} of ${folder} is shorter than its record says`);
      yield chunk.subarray(0, got);
      left -= got;
    }
  } finally {
    closeSync(fd);
  }
}

/** Writes the archive of a payload to a new file. @throws UserError when a file is too large for it */
export async function* writeNewc({ payload, target, job, signal }: ArchiveRequest): Work<void> {
  const fd = openSync(target, 'wx');
  let done = 0;
  try {
    for (const chunk of newcChunks(payload)) {
      for (let at = 0; at < chunk.length;) at += writeSync(fd, chunk, at);
      done += chunk.length;
      yield { job, type: 'progress', done, total: Math.max(done, payload.bytes), label: 'cpio' };
      await new Promise(setImmediate);
      if (signal.aborted) throw new Interrupted();
    }
  } finally {
    closeSync(fd);
  }
}
