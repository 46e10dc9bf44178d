// SPDX-License-Identifier: GPL-2.0-only
/** Compressed segments of an initramfs: which one it is (the magic numbers of lib/decompress.c), where it ends, and
 *  its content. What ends where is read from the frames (RFC 1952, RFC 8878, lz4_Frame_format.md "Legacy frame"). */
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { UserError } from '../../host/errors.ts';
import { captureBuffer } from '../../host/exec.ts';
import { scratchFolder } from '../../host/files.ts';
import { decodeLz4Block } from '../lz4.ts';
import { damaged } from './newc.ts';

/** A segment unpacks to at most this; a bomb stops here. */
export const largestSegmentBytes = 0x7fff_0000;

const magics = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['lz4', [0x02, 0x21, 0x4c, 0x18]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['lzma', [0x5d, 0x00, 0x00]],
  ['lzo', [0x89, 0x4c, 0x5a]],
] as const;
export type Compression = (typeof magics)[number][0];

/** By the bytes at `offset`; undefined when they are no compression the kernel knows. */
export function compressionAt(bytes: Buffer, offset: number): Compression | undefined {
  return magics.find(([, magic]) => magic.every((byte, index) => bytes[offset + index] === byte))?.[0];
}

export interface Decompressed {
  readonly data: Buffer;
  /** Of the first byte behind the segment. */
  readonly end: number;
}

/** Unpacks the segment at `start`. @throws UserError with the offset when it is damaged, too large or unknown */
export async function decompress(
  bytes: Buffer,
  start: number,
  compression: Compression,
  what: string,
  signal: AbortSignal,
): Promise<Decompressed> {
  if (compression === 'gzip') return gunzip(bytes, start, what);
  if (compression === 'lz4') return unlz4(bytes, start, what);
  if (compression === 'zstd') {
    const end = zstdEnd(bytes, start, what);
    return {
      data: await byTool(['zstd', '-d', '-q'], 'zst', bytes.subarray(start, end), start, what, signal),
      end,
    };
  }
  if (compression === 'xz') {
    const end = lastNonZero(bytes);
    return {
      data: await byTool(['xz', '-d', '-q'], 'xz', bytes.subarray(start, end), start, what, signal),
      end,
    };
  }
  throw new UserError(
    `${what}: the segment at offset ${start} is ${compression}-compressed, which is not supported`,
    {
      hint: 'unpack it and compress it again with gzip, lz4 -l, zstd or xz',
    },
  );
}

/** xz keeps its index at the end: nothing but zeros may follow such a segment. */
function lastNonZero(bytes: Buffer): number {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return (end + 3) & ~3;
}

function gunzip(bytes: Buffer, start: number, what: string): Decompressed {
  let at = start + 10;
  const flags = bytes[start + 3] ?? 0;
  if (flags & 4) at += 2 + bytes.readUInt16LE(Math.min(at, bytes.length - 2));
  for (const flag of [8, 16]) if (flags & flag) at = bytes.indexOf(0, at) + 1 || bytes.length;
  if (flags & 2) at += 2;
  try {
    const { buffer, engine } = inflateRawSync(bytes.subarray(at), {
      info: true,
      maxOutputLength: largestSegmentBytes,
    }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
    const end = at + engine.bytesWritten + 8;
    if (end > bytes.length) throw damaged(what, start, 'a gzip segment is cut short');
    if (bytes.readUInt32LE(end - 4) !== buffer.length)
      throw damaged(what, start, 'a gzip segment of the wrong length');
    return { data: buffer, end };
  } catch (error) {
    if (error instanceof UserError) throw error;
    const { code, message } = error as { code?: string; message: string };
    if (code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(what, start);
    throw damaged(what, start, `a gzip segment that does not unpack (${message})`);
  }
}

const lz4Magic = 0x184c2102;
const lz4BlockBytes = 8 << 20;
const lz4Bound = lz4BlockBytes + Math.floor(lz4BlockBytes / 255) + 16;

function unlz4(bytes: Buffer, start: number, what: string): Decompressed {
  const blocks: Buffer[] = [];
  let total = 0;
  let at = start + 4;
  while (at + 4 <= bytes.length) {
    const size = bytes.readUInt32LE(at);
    if (size === 0) break;
    at += 4;
    if (size === lz4Magic) continue;
    if (size > lz4Bound || at + size > bytes.length) throw damaged(what, at - 4, 'an lz4 block is cut short');
    const block = Buffer.allocUnsafe(lz4BlockBytes);
    const length = decodeLz4Block(bytes, at, at + size, block, 0, lz4BlockBytes);
    if (length < 0) throw damaged(what, at - 4, 'an lz4 block that does not unpack');
    blocks.push(length === lz4BlockBytes ? block : Buffer.from(block.subarray(0, length)));
    total += length;
    if (total > largestSegmentBytes) throw tooLarge(what, start);
    at += size;
  }
  return { data: Buffer.concat(blocks), end: Math.min(at, bytes.length) };
}

const zstdMagic = 0xfd2fb528;
const isSkippable = (magic: number) => magic >>> 4 === 0x184d2a5;

/** The end of the zstd frames that follow each other from `start`. */
export function zstdEnd(bytes: Buffer, start: number, what: string): number {
  let at = start;
  const need = (count: number) => {
    if (at + count > bytes.length) throw damaged(what, start, 'a zstd segment is cut short');
  };
  while (at + 8 <= bytes.length) {
    const magic = bytes.readUInt32LE(at);
    if (isSkippable(magic)) {
      at += 8 + bytes.readUInt32LE(at + 4);
      need(0);
      continue;
    }
    if (magic !== zstdMagic) break;
    const descriptor = bytes[at + 4]!;
    const single = (descriptor & 0x20) !== 0;
    at += 5 + (single ? 0 : 1) + [0, 1, 2, 4][descriptor & 3]! + [single ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
    for (let last = false; !last;) {
      need(3);
      const block = bytes.readUIntLE(at, 3);
      last = (block & 1) === 1;
      // A block of type 1 is one byte, repeated.
      at += 3 + (((block >> 1) & 3) === 1 ? 1 : block >> 3);
      need(0);
    }
    if (descriptor & 4) at += 4;
    need(0);
  }
  return at;
}

/** Through a file that may not grow past the limit. */
async function byTool(
  argv: readonly string[],
  suffix: string,
  segment: Buffer,
  start: number,
  what: string,
  signal: AbortSignal,
): Promise<Buffer> {
  const folder = await scratchFolder('segment');
  try {
    await writeFile(path.join(folder, `segment.${suffix}`), segment);
    const limit = ['prlimit', `--fsize=${largestSegmentBytes}`, '--core=0'];
    await captureBuffer([...limit, ...argv, `segment.${suffix}`], { cwd: folder, signal });
    return await readFile(path.join(folder, 'segment'));
  } catch (error) {
    if ((error as Error).name !== 'ToolError') throw error;
    const lines = (error as { lastLines?: readonly string[] }).lastLines ?? [];
    const why = lines.join(' ') || (error as Error).message;
    throw damaged(what, start, `a segment that ${argv[0]} does not unpack (${why})`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function tooLarge(what: string, start: number): UserError {
  return new UserError(
    `${what}: the segment at offset ${start} unpacks to more than ${largestSegmentBytes} bytes`,
    {
      hint: 'the file is damaged, or no initramfs',
    },
  );
}
