// SPDX-License-Identifier: GPL-2.0-only
/** Compressed segments of an initramfs, as lib/decompress*.c read them: which one it is, what it unpacks to in the pieces
 *  that the kernel gets it in, and where it ends. Programs that are made for it do the work; what is here is what a
 *  kernel does otherwise: it reads one stream, leaves out checks, and knows fewer options. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32, createInflateRaw } from 'node:zlib';
import { Interrupted, ToolError } from '../../host/errors.ts';
import { capture, missingTool } from '../../host/exec.ts';
import { decodeLz4Block } from '../lz4.ts';
import { piecesOf, piecesOfSizes } from '../sparse.ts';
import { type Bytes, bytesFrom } from './bytes.ts';

/** The kernel looks at two bytes; the order is its own. */
const magics = [
  ['gzip', [0x1f, 0x8b]],
  ['gzip', [0x1f, 0x9e]],
  ['bzip2', [0x42, 0x5a]],
  ['lzma', [0x5d, 0x00]],
  ['xz', [0xfd, 0x37]],
  ['lzo', [0x89, 0x4c]],
  ['lz4', [0x02, 0x21]],
  ['zstd', [0x28, 0xb5]],
] as const;
export type Compression = (typeof magics)[number][0];
export const compressions: readonly Compression[] = [...new Set(magics.map(([name]) => name))];

/** By the bytes at `offset`; undefined when they are no compression the kernel knows. */
export function compressionAt(bytes: Bytes, offset: number): Compression | undefined {
  const start = bytes.read(offset, offset + 2);
  return magics.find(([, magic]) => magic.every((byte, index) => start[index] === byte))?.[0];
}

/** Where the segment begins and what it lies in: `file` has just these bytes. */
export interface Segment {
  readonly bytes: Bytes;
  readonly file: string;
  readonly start: number;
  /** For what is made on the way. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** What the kernel says of a segment, and what that leaves open. */
export interface Refused {
  readonly message: string;
  readonly detail: string;
}

/** How a segment ended: behind its last byte, or where the kernel gives up. */
export type End = { readonly end: number } | Refused;

/** What a segment unpacks to, in pieces of the size that the kernel is handed. */
export type Pieces = AsyncGenerator<Buffer, End, void>;

/** All that an initramfs may unpack to; a bomb stops here. */
export const largestUnpackedBytes = 2 ** 34;

export function decompress(compression: Compression, segment: Segment): Pieces {
  return readers[compression](segment);
}

const readers: Readonly<Record<Compression, (segment: Segment) => Pieces>> = {
  gzip: gunzip,
  bzip2: segment => byDecoder('bzip2', segment),
  lzma: segment => byDecoder('lzma', segment),
  xz: unxz,
  lzo: unlzo,
  lz4: unlz4,
  zstd: unzstd,
};

const failed = (message: string, detail: string): Refused => ({ message, detail });

/** Only the name is skipped in front of the data, and neither length nor CRC behind it are compared. */
async function* gunzip({ bytes, start, signal, folder }: Segment): Pieces {
  const header = bytes.read(start, start + 10);
  if (header.length < 10 || header[1] !== 0x8b || header[2] !== 8) {
    return failed('Not a gzip file', 'no gzip header');
  }
  let at = start + 10;
  const flags = header[3]!;
  if (flags & 8) {
    while (at < bytes.length && bytes.read(at, at + 1)[0] !== 0) at++;
    if (at++ >= bytes.length) return failed('header error', 'the name in its header does not end');
  }
  const target = path.join(folder, 'unpacked');
  const inflated = await inflateTo(target, bytes, at, signal);
  yield* readBack(target, 32_768);
  if ('end' in inflated) return inflated;
  const unread = flags & ~8 ? ' (of what its header may have, a kernel knows the name alone)' : '';
  return failed(inflated.message, inflated.detail + unread);
}

async function inflateTo(target: string, bytes: Bytes, start: number, signal: AbortSignal): Promise<End> {
  const output = openSync(target, 'w');
  const inflate = createInflateRaw({ chunkSize: 1 << 16 });
  let written = 0;
  let problem: Error | undefined;
  inflate.on('data', (chunk: Buffer) => {
    written += chunk.length;
    if (written > largestUnpackedBytes) return;
    for (let done = 0; done < chunk.length;) done += writeSync(output, chunk, done);
  });
  const ended = new Promise<void>(resolve => {
    inflate.once('end', resolve);
    inflate.once('error', error => {
      problem = error;
      resolve();
    });
  });
  const step = (act: (done: () => void) => void) =>
    Promise.race([ended, new Promise<void>(resolve => act(resolve))]);
  try {
    let at = start;
    for (; !inflate.readableEnded && !problem; at += 1 << 16) {
      if (signal.aborted) throw new Interrupted();
      if (written > largestUnpackedBytes) return tooLarge();
      const piece = bytes.read(at, at + (1 << 16));
      if (piece.length === 0) break;
      await step(done => inflate.write(piece, done));
    }
    if (!problem && !inflate.readableEnded) {
      inflate.end();
      await ended;
    }
    if (problem) {
      const short = at >= bytes.length && /unexpected end/.test(problem.message);
      return failed(short ? 'read error' : 'uncompression error', problem.message);
    }
    // CRC and length follow, unread
    const end = start + inflate.bytesWritten + 8;
    if (end <= bytes.length) return { end };
    return failed('read error', 'it is cut short in its last eight bytes, and a kernel reads on behind it');
  } finally {
    inflate.destroy();
    closeSync(output);
  }
}

const tooLarge = () =>
  failed('write error', `it unpacks to more than ${largestUnpackedBytes} bytes, which is initbench's limit`);

const script = fileURLToPath(new URL('../../../src/image/archive/decompress.py', import.meta.url));
/** In pieces of a page; the dictionary is what unlzma() hands over. */
const pieceOf = { bzip2: 4096, xz: 4096 } as const;

async function* byDecoder(
  method: 'bzip2' | 'lzma' | 'xz',
  { bytes, file, start, folder, signal }: Segment,
): Pieces {
  const target = path.join(folder, 'unpacked');
  const argv = ['/usr/bin/python3', '-I', script, method, file, String(start), target];
  const printed = await capture([...limited, ...argv], { signal }).catch(toolFailure);
  const size = method === 'lzma' ? lzmaPiece(bytes.read(start, start + 13)) : pieceOf[method];
  yield* readBack(target, size);
  if (typeof printed !== 'string') return printed;
  if (printed !== marked) return { end: Number(printed) };
  const detail = 'an end marker follows what is as long as the header of the lzma stream says';
  return failed('invalid magic at start of compressed archive', detail);
}

/** Of an lzma stream with its length in the header the kernel reads no more than that. */
const marked = 'marked';

/** unlzma()'s buffer: the dictionary, or all of it when that is less. */
function lzmaPiece(header: Buffer): number {
  if (header.length < 13) return 4096;
  const size = header.readBigUInt64LE(5);
  const dictionary = BigInt(Math.max(1, header.readUInt32LE(1)));
  const piece = size < dictionary ? size : dictionary;
  return Number(piece) || 4096;
}

/** Programs may write no more than all that may be unpacked. */
const limited = ['prlimit', `--fsize=${largestUnpackedBytes}`, '--core=0'];

/** prlimit(1) exits with it when there is no such program. */
const notFound = 127;

/** Without the names of files that nobody but us has seen. @throws UserError when the program is not installed */
function toolFailure(error: unknown): Refused {
  if (!(error instanceof ToolError)) throw error;
  const { argv, exitCode, lastLines, message } = error;
  if (exitCode === notFound)
    throw missingTool(path.basename(argv[limited.length]!), 'an initramfs packed that way');
  const printed = lastLines.join(' ').replace(/\S*\/segment\.\w+\s*: /g, '');
  return failed('decompressor failed', printed.trim() || message);
}

/** A kernel knows CRC32 and no check at all, and LZMA2 with at most one filter for machine code in front of it. */
async function* unxz(segment: Segment): Pieces {
  const { bytes, start } = segment;
  const header = bytes.read(start, start + 12 + 1024);
  if (header.length < 12) return failed('XZ-compressed data is corrupt', 'its header is cut short');
  if (header.toString('latin1', 0, 6) !== '\xfd7zXZ\0') {
    return failed('Input is not in the XZ format (wrong magic bytes)', 'no xz header');
  }
  const unsupported = (what: string) =>
    failed('Input was encoded with settings that are not supported by this XZ decoder', what);
  const check = header[7]! & 15;
  if (check > 1) return unsupported('a kernel has no check but CRC32: xz --check=crc32');
  const filters = xzFilters(header.subarray(12));
  if (filters && (filters.length > 2 || (filters.length === 2 && !isBcj(filters[0]!)))) {
    return unsupported('a kernel has LZMA2 alone, or one filter for machine code in front of it');
  }
  return yield* byDecoder('xz', segment);
}

const isBcj = (filter: number) => filter >= 4 && filter <= 11;

/** The filters of the first block (xz-file-format 3.1); undefined when there is none, or its header is damaged. */
function xzFilters(block: Buffer): number[] | undefined {
  if (block.length < 2 || block[0] === 0) return undefined;
  let at = 2;
  const number = () => {
    let value = 0;
    for (let shift = 1; at < block.length; shift *= 128) {
      const byte = block[at++]!;
      value += (byte & 127) * shift;
      if (byte < 128) break;
    }
    return value;
  };
  for (const present of [0x40, 0x80]) if (block[1]! & present) number();
  return Array.from({ length: (block[1]! & 3) + 1 }, () => {
    const filter = number();
    at += number();
    return filter;
  });
}

const lz4Magic = 0x184c2102;
const lz4BlockBytes = 8 << 20;
/** What the compressor makes of a block that it cannot compress. */
const lz4Bound = lz4BlockBytes + Math.floor(lz4BlockBytes / 255) + 16;

/** Blocks of the legacy frame, and of frames that follow at once: a word of zeros ends them. */
async function* unlz4({ bytes, start, signal }: Segment): Pieces {
  const wordAt = (at: number) => bytes.read(at, at + 4).readUInt32LE(0);
  if (start + 4 > bytes.length || wordAt(start) !== lz4Magic) {
    return failed('invalid header', 'no legacy frame: lz4 -l');
  }
  let at = start + 4;
  const block = Buffer.allocUnsafe(lz4BlockBytes);
  while (at + 4 <= bytes.length) {
    if (signal.aborted) throw new Interrupted();
    const size = wordAt(at);
    if (size === 0) break;
    at += 4;
    if (size === lz4Magic) continue;
    const where = `a block of ${size} bytes at offset ${at - 4}`;
    if (at + size > bytes.length) {
      const more = `${where} runs past the end; four zeros have to stand between lz4 and what follows`;
      // a kernel decodes what lies there before it looks at the size
      return failed('Decoding failed', more);
    }
    const packed = size > lz4Bound ? Buffer.alloc(0) : bytes.read(at, at + size);
    const length = decodeLz4Block(packed, 0, packed.length, block, 0, lz4BlockBytes);
    if (length < 0 || size > lz4Bound) return failed('Decoding failed', `${where} is damaged`);
    yield block.subarray(0, length);
    at += size;
  }
  return { end: at };
}

const zstdMagic = Buffer.from('28b52ffd', 'hex');

/** One frame. */
async function* unzstd(segment: Segment): Pieces {
  const { bytes, start, folder, signal } = segment;
  const end = zstdEnd(bytes, start);
  if (typeof end !== 'number') return end;
  const source = path.join(folder, 'segment.zst');
  const target = path.join(folder, 'unpacked');
  copyTo(source, bytesFrom(bytes, start, end - start));
  const argv = [...limited, 'zstd', '-d', '-q', '-f', '--long=31', source, '-o', target];
  const failure = await capture(argv, { signal }).catch(toolFailure);
  await rm(source, { force: true });
  if (typeof failure !== 'string') return failure;
  yield* readBack(target, 128 << 10);
  return { end };
}

/** Behind the frame that starts there (RFC 8878), or why there is none. */
export function zstdEnd(bytes: Bytes, start: number): number | Refused {
  const header = bytes.read(start, start + 5);
  if (!zstdMagic.subarray(0, header.length).equals(header.subarray(0, 4))) {
    return failed('Input is not in the ZSTD format (wrong magic bytes)', 'no frame of zstd');
  }
  const incomplete = failed('ZSTD-compressed data has an incomplete frame header', 'it is cut short');
  const truncated = failed('ZSTD-compressed data is truncated', 'the frame is cut short');
  if (header.length < 5) return incomplete;
  const descriptor = header[4]!;
  const single = (descriptor & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]!;
  const sizeBytes = [single ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  let at = start + 5 + (single ? 0 : 1) + dictionaryBytes + sizeBytes;
  if (at > bytes.length) return incomplete;
  for (let last = false; !last;) {
    if (at + 3 > bytes.length) return truncated;
    const block = bytes.read(at, at + 3).readUIntLE(0, 3);
    last = (block & 1) === 1;
    // a block of type 1 is one byte, repeated
    at += 3 + (((block >> 1) & 3) === 1 ? 1 : block >> 3);
  }
  if (descriptor & 4) at += 4;
  return at <= bytes.length ? at : truncated;
}

const lzopMagic = Buffer.from('894c5a4f000d0a1a0a', 'hex');
const lzoBlockBytes = 256 << 10;

/** lzop's blocks, each with one checksum that nobody looks at. What is read that way goes to lzop without checksums. */
async function* unlzo(segment: Segment): Pieces {
  const { bytes, start, folder, signal } = segment;
  const dataAt = lzopDataAt(bytes.read(start, start + 320));
  if (dataAt === undefined) return failed('invalid header', 'no lzop header');
  const source = path.join(folder, 'segment.lzo');
  const output = openSync(source, 'w');
  const sizes: number[] = [];
  let at = start + dataAt;
  let problem: string | undefined;
  try {
    writeSync(output, lzopHeader);
    for (;;) {
      const head = bytes.read(at, at + 12);
      const size = head.length < 4 ? undefined : head.readUInt32BE(0);
      if (size === 0) break;
      if (size === undefined || head.length < 12) problem = 'it is cut short';
      else if (size > lzoBlockBytes) problem = `a block of ${size} bytes; a kernel takes ${lzoBlockBytes}`;
      else {
        const packed = head.readUInt32BE(4);
        const content = bytes.read(at + 12, at + 12 + packed);
        if (packed === 0 || packed > size || content.length < packed) {
          problem =
            'a block is damaged; a kernel expects one checksum with each, as lzop writes it by itself';
        } else {
          writeSync(output, Buffer.concat([head.subarray(0, 8), content]));
          sizes.push(size);
          at += 12 + packed;
        }
      }
      if (problem !== undefined) break;
      if (signal.aborted) throw new Interrupted();
    }
    writeSync(output, Buffer.alloc(4));
  } finally {
    closeSync(output);
  }
  const target = path.join(folder, 'unpacked');
  const failure = await capture([...limited, 'lzop', '-d', '-q', '-f', '-o', target, source], {
    signal,
  }).catch(toolFailure);
  await rm(source, { force: true });
  if (typeof failure !== 'string') return failed('Compressed data violation', failure.detail);
  yield* readBack(target, sizes);
  return problem === undefined ? { end: at + 4 } : failed('file corrupted', problem);
}

/** Behind lzop's header; undefined when there is none. */
function lzopDataAt(header: Buffer): number | undefined {
  if (header.length < 34 || !header.subarray(0, 9).equals(lzopMagic)) return undefined;
  const modern = header.readUInt16BE(9) >= 0x0940;
  let at = 16 + (modern ? 1 : 0);
  at += header.readUInt32BE(at) & 0x800 ? 8 : 4;
  at += 8 + (modern ? 4 : 0);
  if (at >= header.length) return undefined;
  at += 1 + header[at]! + 4;
  return at <= header.length ? at : undefined;
}

/** Of a file of lzop 1.04 without name, time and checksums of blocks; its own checksum is a CRC32. */
const lzopHeader = (() => {
  const version = [0x10, 0x40, 0x20, 0xa0, 0x09, 0x40];
  const [method, level] = [1, 5];
  const flags = [0x03, 0x00, 0x10, 0x00];
  const modeTimeAndName = new Array<number>(13).fill(0);
  const header = Buffer.from([...version, method, level, ...flags, ...modeTimeAndName]);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(header));
  return Buffer.concat([lzopMagic, header, check]);
})();

function copyTo(file: string, bytes: Bytes): void {
  const output = openSync(file, 'w');
  try {
    for (let at = 0; at < bytes.length; at += 1 << 20) {
      const piece = bytes.read(at, at + (1 << 20));
      for (let done = 0; done < piece.length;) done += writeSync(output, piece, done);
    }
  } finally {
    closeSync(output);
  }
}

/** The content of a file in pieces of a size, or of sizes one after the other. The file goes. */
async function* readBack(file: string, size: number | readonly number[]): AsyncGenerator<Buffer, void, void> {
  const fd = openSync(file, 'r');
  try {
    if (typeof size === 'number') yield* piecesOf(fd, size);
    else yield* piecesOfSizes(fd, size);
  } finally {
    closeSync(fd);
    await rm(file, { force: true });
  }
}
