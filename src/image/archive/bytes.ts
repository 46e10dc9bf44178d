// SPDX-License-Identifier: GPL-2.0-only
/** Bytes that may be more than fit into memory: a file, or a part of it, read where it is asked for. */
import { fstatSync, readSync } from 'node:fs';

export interface Bytes {
  readonly length: number;
  /** At most to the end. What is returned belongs to the caller. */
  read(start: number, end: number): Buffer;
}

export function bytesOf(buffer: Buffer): Bytes {
  return { length: buffer.length, read: (start, end) => buffer.subarray(start, end) };
}

/** The content of an open file. */
export function bytesIn(fd: number): Bytes {
  const length = fstatSync(fd).size;
  return { length, read: (start, end) => readAt(fd, start, Math.min(end, length)) };
}

/** What follows from an offset on. */
export function bytesFrom(bytes: Bytes, offset: number, length = bytes.length - offset): Bytes {
  return { length, read: (start, end) => bytes.read(offset + start, offset + Math.min(end, length)) };
}

function readAt(fd: number, start: number, end: number): Buffer {
  const buffer = Buffer.allocUnsafe(Math.max(0, end - start));
  let done = 0;
  while (done < buffer.length) {
    const got = readSync(fd, buffer, done, buffer.length - done, start + done);
    if (got === 0) break;
    done += got;
  }
  return buffer.subarray(0, done);
}
