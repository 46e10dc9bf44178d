// SPDX-License-Identifier: GPL-2.0-only
/** Descriptions of compressed data that no tool here writes, made up: full indexes and extent records, which
 *  fs/erofs/zmap.c reads by other code than compact ones; mostly plausible. */
import { layouts } from '../../image/erofs/inodes.ts';
import type { Dice } from './dice.ts';
import type { MappedInode } from './map.ts';

const advise = { extents: 0x1, bigPclusters: 0x6, inline: 0x8, interlaced: 0x10, fragment: 0x20 } as const;

/** Turns the inode into one with full indexes or extents, over whatever follows it. */
export function forgeIndexes(
  dice: Dice,
  image: Buffer,
  { inode, head }: MappedInode,
  blocks: number,
): string {
  const format = image.readUInt16LE(head.offset);
  image.writeUInt16LE((format & ~0xe) | (layouts.compressedFull << 1), head.offset);
  const start = Math.ceil(inode.bodyOffset / 8) * 8;
  const extents = dice.oneIn(2);
  const flags =
    (extents ? advise.extents : 0) |
    (dice.oneIn(2) ? advise.bigPclusters : 0) |
    (dice.oneIn(4) ? advise.interlaced : 0) |
    (dice.oneIn(6) ? advise.inline : 0) |
    (dice.oneIn(6) ? advise.fragment : 0);
  const algorithm = dice.oneIn(3) ? dice.below(256) : 0;
  put(image, start, Buffer.from([...dice.bytes(4), flags, 0, algorithm, dice.oneIn(3) ? dice.below(16) : 0]));
  const records = extents
    ? extentRecords(dice, image, start, flags, blocks)
    : indexRecords(dice, image, start + 16, inode.bytes, blocks);
  return `${extents ? 'extents' : 'full indexes'}, advise 0x${flags.toString(16)}, ${records} records`;
}

function indexRecords(dice: Dice, image: Buffer, start: number, bytes: number, blocks: number): number {
  const count = Math.min(64, Math.max(1, Math.ceil(bytes / 4096)));
  let distance = 0;
  for (let index = 0; index < count; index++) {
    const record = Buffer.alloc(8);
    const nonHead = distance > 0 || (index > 0 && dice.oneIn(2));
    if (nonHead && !dice.oneIn(8)) {
      distance = dice.oneIn(3) ? 0 : distance + 1;
      record.writeUInt16LE(2, 0);
      record.writeUInt16LE(dice.oneIn(4) ? 0x800 | dice.below(40) : dice.between(0, index + 1), 4);
      record.writeUInt16LE(dice.below(4), 6);
    } else {
      distance = 0;
      record.writeUInt16LE(
        dice.of([0, 1, 1, 1, 3]) | (dice.oneIn(6) ? 0x8000 : 0) | (dice.oneIn(8) ? 0x4000 : 0),
      );
      record.writeUInt16LE(dice.oneIn(4) ? dice.below(65536) : dice.below(4096), 2);
      record.writeUInt32LE(dice.oneIn(6) ? dice.below(2 ** 32) : dice.below(blocks + 2), 4);
    }
    put(image, start + index * 8, record);
  }
  return count;
}

/** Of 4, 8, 16 or 32 bytes, as bits 1 and 2 of the flags say. */
function extentRecords(dice: Dice, image: Buffer, start: number, flags: number, blocks: number): number {
  const bytes = 4 << ((flags >> 1) & 3);
  const count = dice.between(1, 12);
  const limit = blocks * 4096;
  // the number of extents is where the other layout has other things
  put(image, start, Buffer.from(Uint32Array.of(dice.oneIn(8) ? dice.below(2 ** 32) : count).buffer));
  put(image, start + 6, Buffer.from([0, 0]));
  let at = Math.ceil((start + 8) / bytes) * bytes;
  if (bytes === 4) {
    const first = Buffer.alloc(8);
    first.writeBigUInt64LE(BigInt(dice.below(limit)));
    put(image, at, first);
    at += 8;
  }
  let logical = 0;
  for (let index = 0; index < count; index++) {
    const record = Buffer.alloc(32);
    const plen = dice.oneIn(6) ? dice.below(2 ** 32) : dice.between(1, 16) * dice.of([1, 512, 4096]);
    record.writeUInt32LE((plen | (dice.oneIn(3) ? dice.below(6) * 2 ** 28 : 0)) >>> 0, 0);
    record.writeUInt32LE(dice.oneIn(2) ? dice.below(blocks) * 4096 : dice.below(limit), 4);
    record.writeUInt32LE(dice.oneIn(8) ? dice.below(2 ** 32) : 0, 8);
    record.writeUInt32LE(logical, 12);
    logical += dice.oneIn(8) ? 0 : dice.between(1, 20000);
    put(image, at + index * bytes, record.subarray(0, bytes));
  }
  return count;
}

function put(image: Buffer, at: number, bytes: Buffer): void {
  if (at + bytes.length <= image.length) bytes.copy(image, at);
}
