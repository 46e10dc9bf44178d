// SPDX-License-Identifier: GPL-2.0-only
/** Filler for payloads: files whose number, sizes and compressibility are like a distribution's, the same bytes on
 *  every machine. A quarter of the bytes is random. The rest is written as an LZ77 compressor would read it back,
 *  literals and copies from before, and compresses about like Debian 12's binaries (133 MB of /usr/bin, /usr/sbin
 *  and /usr/lib: lz4 -9 0.38, zstd -9 0.29, gzip -9 0.32; EROFS lz4hc with 4 KiB pclusters 0.47, 64 KiB 0.40). */
import { type Random, randomFrom } from './random.ts';

/** Goes into the digest of what was made with it: raise it when the bytes change. */
export const fillerVersion = 1;

export interface FillerFile {
  /** Relative to the filler's own folder. */
  readonly path: string;
  readonly bytes: number;
  readonly random: boolean;
  /** The stream its bytes come from. */
  readonly stream: number;
}

const seed = 0x696e6974;
const bytesPerFile = (1 << 20) / 25;
const largestFile = 4 << 20;
const randomShare = 4;

/** File sizes in bytes at 32 equal steps of probability: log-normal, median 9 KiB, then stretched by
 *  `sizeScale`/256 so that the mean is `bytesPerFile`. */
const sizeSteps = [
  240, 560, 870, 1190, 1540, 1930, 2360, 2840, 3370, 3970, 4640, 5400, 6260, 7240, 8370, 9216, 10150, 11740,
  13570, 15720, 18310, 21400, 25200, 29930, 36000, 43900, 54600, 70000, 93500, 134000, 222000, 610000,
];
const sizeScale = Math.floor((bytesPerFile * 256 * sizeSteps.length) / sizeSteps.reduce((a, b) => a + b, 0));

function sizeOf(random: Random): number {
  const draw = random();
  const step = sizeSteps[draw >>> 27]!;
  const below = draw >>> 27 === 0 ? 0 : sizeSteps[(draw >>> 27) - 1]!;
  const size = below + Math.floor(((step - below) * 2 * ((draw >>> 11) & 0xffff)) / 0x10000);
  return Math.min(largestFile, Math.max(1, (size * sizeScale) >> 8));
}

/** The files that `total` bytes of filler consist of, nested up to three directories deep. */
export function planFiller(total: number): FillerFile[] {
  const random = randomFrom(seed);
  const files: FillerFile[] = [];
  let planned = 0;
  let randomBytes = 0;
  while (planned < total) {
    const bytes = Math.min(sizeOf(random), total - planned);
    const isRandom = randomBytes * randomShare < planned;
    planned += bytes;
    if (isRandom) randomBytes += bytes;
    const stream = files.length + 1;
    files.push({ path: fillerPath(random(), stream), bytes, random: isRandom, stream });
  }
  return files;
}

function fillerPath(draw: number, stream: number): string {
  const group = Math.floor((stream - 1) / 400);
  const parts = [`${group.toString(36).padStart(2, '0')}`];
  if (draw % 4 > 0) parts.push(`d${(draw >>> 2) % 12}`);
  if (draw % 4 > 2) parts.push(`e${(draw >>> 6) % 4}`);
  return `${parts.join('/')}/f${stream.toString(36).padStart(4, '0')}`;
}

/** Writes the bytes of a filler file to the front of `target` and returns that part. */
export function fillerBytes(file: FillerFile, target: Buffer = Buffer.allocUnsafe(file.bytes)): Buffer {
  const random = randomFrom(seed, file.stream);
  const bytes = target.subarray(0, file.bytes);
  if (file.random) writeRandom(bytes, random);
  else writeLikeBinary(bytes, random);
  return bytes;
}

function writeRandom(bytes: Buffer, random: Random): void {
  for (let at = 0; at < bytes.length; at += 4) {
    const word = random();
    bytes[at] = word;
    bytes[at + 1] = word >>> 8;
    bytes[at + 2] = word >>> 16;
    bytes[at + 3] = word >>> 24;
  }
}

/** What a literal may be: bytes that x86-64 code and tables are full of, then ASCII, then anything. */
const literals = Uint8Array.from({ length: 256 }, (_, index) => {
  const frequent = [
    0x00, 0x48, 0xff, 0x8b, 0x89, 0x0f, 0x24, 0xe8, 0x4c, 0x83, 0x41, 0x8d, 0x01, 0x44, 0xc0, 0x74,
  ];
  if (index < 96) return frequent[((index * index) % 97) % frequent.length]!;
  if (index < 144) return 0x61 + ((index * 7) % 26);
  return (index * 151) & 0xff;
});
/** Literals before a copy, bytes of a copy, and the reach of a copy as a power of two. */
const runs = [0, 1, 2, 2, 3, 3, 4, 5, 6, 7, 9, 11, 14, 19, 27, 44];
const lengths = [
  4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 20, 22, 24, 28, 32, 36, 40, 48, 56, 64, 80,
  96, 128,
];
const reaches = [4, 6, 7, 8, 9, 10, 12, 15];

function writeLikeBinary(bytes: Buffer, random: Random): void {
  const end = bytes.length;
  let at = 0;
  while (at < end) {
    const draw = random();
    const runEnd = Math.min(end, at + runs[draw & 15]!);
    for (let word = 0, left = 0; at < runEnd; at++, left--, word >>>= 8) {
      if (left === 0) [word, left] = [random(), 4];
      bytes[at] = literals[word & 0xff]!;
    }
    const distance = 1 + ((draw >>> 12) & ((1 << reaches[(draw >>> 9) & 7]!) - 1));
    if (distance > at) continue;
    const stop = Math.min(end, at + lengths[(draw >>> 4) & 31]!);
    for (; at < stop; at++) bytes[at] = bytes[at - distance]!;
  }
}
