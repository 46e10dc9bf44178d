// SPDX-License-Identifier: GPL-2.0-only
/** Content that is copied piece by piece: of any size, blocks of zeros left as holes, its digest worked out on the way. */
import { createHash } from 'node:crypto';
import { closeSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import type { Digest } from '../events.ts';

const pieceBytes = 1 << 20;
const blockBytes = 1 << 16;
const zeros = Buffer.alloc(blockBytes);

export function isZero(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at += blockBytes) {
    const block = bytes.subarray(at, at + blockBytes);
    if (!block.equals(zeros.subarray(0, block.length))) return false;
  }
  return true;
}

/** The bytes of an open file from its beginning to its end, a mebibyte at a time; each piece is gone with the next. */
export function* piecesOf(fd: number, size = pieceBytes): Generator<Buffer> {
  const buffer = Buffer.allocUnsafe(size);
  for (let at = 0; ;) {
    const got = readSync(fd, buffer, 0, size, at);
    if (got === 0) return;
    yield buffer.subarray(0, got);
    at += got;
  }
}

/** The same in pieces of these sizes, one after the other. */
export function* piecesOfSizes(fd: number, sizes: readonly number[]): Generator<Buffer> {
  for (const size of sizes) {
    const buffer = Buffer.allocUnsafe(size);
    yield buffer.subarray(0, readSync(fd, buffer));
  }
}

/** Size and digest of what was copied to a new file. */
export function copySparse(source: string | Buffer, target: string): { bytes: number; sha256: Digest } {
  const from = openSync(source, 'r');
  try {
    const to = openSync(target, 'wx');
    try {
      const hash = createHash('sha256');
      let bytes = 0;
      for (const piece of piecesOf(from)) {
        hash.update(piece);
        if (!isZero(piece)) {
          for (let done = 0; done < piece.length;) {
            done += writeSync(to, piece, done, piece.length - done, bytes + done);
          }
        }
        bytes += piece.length;
      }
      ftruncateSync(to, bytes);
      return { bytes, sha256: hash.digest('hex') };
    } finally {
      closeSync(to);
    }
  } finally {
    closeSync(from);
  }
}

export function measureFile(file: string): { bytes: number; sha256: Digest } {
  const fd = openSync(file, 'r');
  try {
    const hash = createHash('sha256');
    let bytes = 0;
    for (const piece of piecesOf(fd)) {
      hash.update(piece);
      bytes += piece.length;
    }
    return { bytes, sha256: hash.digest('hex') };
  } finally {
    closeSync(fd);
  }
}
