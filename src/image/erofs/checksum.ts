// SPDX-License-Identifier: GPL-2.0-only
/** The checksum of an EROFS superblock: crc32c (RFC 3720, B.4, without the final inversion) of its block, the magic
 *  and the checksum itself left out, started as if they had been `magic, 0`; pure. */
import { erofsMagicOffset, erofsSuperblock } from './superblock.ts';

/** What crc32c() of the first eight bytes leaves, as in fs/erofs/super.c. */
const start = 0x5045b54a;
const checksumOffset = erofsMagicOffset + 4;
const featureChecksum = 0x1;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value >>> 0;
});

export function crc32c(seed: number, bytes: Uint8Array): number {
  let value = seed;
  for (const byte of bytes) value = table[(value ^ byte) & 0xff]! ^ (value >>> 8);
  return value >>> 0;
}

/** Undefined when the superblock's block size is none, or its block is not all there. */
export function erofsChecksum(image: Buffer): number | undefined {
  const bits = erofsSuperblock(image)?.blockBits;
  if (bits === undefined || bits < 9 || bits > 16) return undefined;
  const bytes = bits > 10 ? 2 ** bits - erofsMagicOffset : 2 ** bits;
  const end = erofsMagicOffset + bytes;
  return end > image.length ? undefined : crc32c(start, image.subarray(checksumOffset + 4, end));
}

/** Makes the checksum fit what the superblock says now, where it is said to have one and can have one. */
export function sealErofs(image: Buffer): void {
  const checksum = erofsChecksum(image);
  if (checksum === undefined || !(erofsSuperblock(image)!.featureCompat & featureChecksum)) return;
  image.writeUInt32LE(checksum, checksumOffset);
}
