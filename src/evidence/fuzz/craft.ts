// SPDX-License-Identifier: GPL-2.0-only
/** Ways to describe content that mkfs.erofs 1.5 does not write and the kernel reads by code of their own: full indexes,
 *  extent records, fragments of a packed inode. Some files of a compressed image are described anew, with the blocks
 *  they have; the content stays what it was. */
import { extentsOf } from '../../image/erofs/compressed.ts';
import { layouts, openErofs } from '../../image/erofs/inodes.ts';
import { erofsIncompat } from '../../image/erofs/superblock.ts';
import { type Appending, appendTo } from './append.ts';
import type { MappedInode } from './map.ts';
import { treeFolder } from './tree.ts';

/** Goes into the digest of the images: raise it when other bytes come out. */
export const craftVersion = 1;

const at = (path: string) => `${treeFolder}/${path}`;
const withFullIndexes = ['program/200000', 'program/65536', 'zeros/131072', 'words/20000'].map(at);
const withExtents = ['program/131072', 'words/65536', 'zeros/200000', 'program/20000'].map(at);
const asFragments = ['words/900', 'noise/31', 'program/4097', 'zeros/12288', 'words/4095', 'noise/8192'].map(
  at,
);

/** `contentOf` has what a path of the tree holds. @throws Error when the image has not what is described here */
export function craft(image: Buffer, contentOf: (path: string) => Buffer): Buffer {
  const appending = appendTo(image);
  for (const path of withFullIndexes) describe(appending, image, appending.find(path), fullIndexes);
  for (const path of withExtents) describe(appending, image, appending.find(path), extentRecords);
  const packed = addFragments(appending, image, contentOf);
  return appending.finish(superblock => {
    superblock.writeUInt32LE(superblock.readUInt32LE(80) | erofsIncompat.fragments, 80);
    superblock.writeBigUInt64LE(BigInt(packed), 96);
  });
}

/** The inode alone, of another layout. */
function headOf(image: Buffer, { head, inode }: MappedInode, layout: number): Buffer {
  const bytes = Buffer.from(image.subarray(head.offset, head.offset + head.bytes));
  bytes.writeUInt16LE((bytes.readUInt16LE(0) & ~0xe) | (layout << 1), 0);
  // attributes would have to move along
  bytes.writeUInt16LE(0, 2);
  if (inode.bodyOffset !== head.offset + head.bytes) throw new Error(`inode ${inode.nid} has attributes`);
  return bytes;
}

type Describe = (image: Buffer, mapped: MappedInode, blockBits: number) => Buffer;

function describe(appending: Appending, image: Buffer, mapped: MappedInode, how: Describe): void {
  const body = how(image, mapped, appending.map.superblock.blockBits);
  const record = Buffer.concat([headOf(image, mapped, layouts.compressedFull), body]);
  appending.move(mapped, appending.addInode(record));
}

const headerOf = (image: Buffer, { body }: MappedInode): Buffer =>
  Buffer.from(image.subarray(body.offset, body.offset + 8));

const extentsIn = (image: Buffer, { inode }: MappedInode) =>
  extentsOf(
    openErofs((offset, length) => image.subarray(offset, offset + length)),
    inode,
  );

/** Map header, eight bytes that mean nothing, and eight for each logical cluster. */
function fullIndexes(image: Buffer, mapped: MappedInode, blockBits: number): Buffer {
  const header = headerOf(image, mapped);
  const bits = blockBits + (header[7]! & 7);
  const big = (header.readUInt16LE(4) & 2) !== 0;
  header.writeUInt16LE(header.readUInt16LE(4) & ~1, 4);
  const extents = extentsIn(image, mapped);
  const count = Math.ceil(mapped.inode.bytes / 2 ** bits);
  const clusterOf = (start: number) => Math.floor(start / 2 ** bits);
  const records = Array.from({ length: count }, (_, number) => {
    const record = Buffer.alloc(8);
    const head = extents.find(({ start }) => clusterOf(start) === number);
    if (head) {
      record.writeUInt16LE(head.compressed ? 1 : 0, 0);
      record.writeUInt16LE(head.start % 2 ** bits, 2);
      record.writeUInt32LE(head.block, 4);
      return record;
    }
    const extent = extents.findLast(({ start }) => clusterOf(start) < number)!;
    const next = extents.find(({ start }) => clusterOf(start) > number);
    const back = number - clusterOf(extent.start);
    record.writeUInt16LE(2, 0);
    record.writeUInt16LE(big && back === 1 ? 0x800 | extent.blocks : back, 4);
    record.writeUInt16LE((next ? clusterOf(next.start) : count) - number, 6);
    return record;
  });
  return Buffer.concat([header, Buffer.alloc(8), ...records]);
}

/** Map header, and 16 bytes for each extent, behind a multiple of 16. */
function extentRecords(image: Buffer, mapped: MappedInode, blockBits: number): Buffer {
  const extents = extentsIn(image, mapped);
  const header = Buffer.alloc(8);
  header.writeUInt32LE(extents.length, 0);
  header.writeUInt16LE(0x1 | (2 << 1), 4);
  const records = extents.map(({ start, compressed, block, blocks }) => {
    const record = Buffer.alloc(16);
    // the format is one more than the algorithm, LZ4 is 0; without one it is plain
    record.writeUInt32LE(blocks * 2 ** blockBits + (compressed ? 2 ** 28 : 0), 0);
    record.writeUInt32LE(block * 2 ** blockBits, 4);
    record.writeUInt32LE(start, 12);
    return record;
  });
  return Buffer.concat([header, Buffer.alloc(8), ...records]);
}

/** Files that are nothing but a part of the packed inode, whose number is returned. */
function addFragments(appending: Appending, image: Buffer, contentOf: (path: string) => Buffer): number {
  const { blockBytes } = appending.map;
  const contents = asFragments.map(path => ({ path, content: contentOf(path) }));
  const packed = Buffer.concat(contents.map(({ content }) => content));
  const data = appending.add(packed, blockBytes);
  let offset = 0;
  for (const { path, content } of contents) {
    const mapped = appending.find(path);
    const header = Buffer.alloc(8);
    header.writeBigUInt64LE((1n << 63n) | BigInt(offset));
    const head = headOf(image, mapped, layouts.compressedCompact);
    head.writeUInt32LE(0, 16);
    appending.move(mapped, appending.addInode(Buffer.concat([head, header]), blockBytes));
    offset += content.length;
  }
  const inode = Buffer.alloc(32);
  inode.writeUInt16LE(layouts.flatPlain << 1, 0);
  inode.writeUInt16LE(0o100600, 4);
  inode.writeUInt16LE(1, 6);
  inode.writeUInt32LE(packed.length, 8);
  inode.writeUInt32LE(data / blockBytes, 16);
  return appending.addInode(inode, blockBytes);
}
