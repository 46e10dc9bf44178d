// SPDX-License-Identifier: GPL-2.0-only
/** LZ4-compressed content of an EROFS image with compact indexes, as fs/erofs/erofs_fs.h and zmap.c have it: which
 *  extents a file consists of, and their bytes. */
import { decodeLz4Block } from '../lz4.ts';
import { damaged, type ErofsImage, type ErofsInode, layouts, plainContent } from './inodes.ts';
import { erofsIncompat } from './superblock.ts';

/** Bits of the map header's h_advise that are understood here; HEAD2's bit says nothing while no second head occurs. */
const advise = { compact2Bytes: 0x1, bigPcluster: 0x2, bigPclusterOfHead2: 0x4 } as const;
const understood = Object.values(advise).reduce<number>((bits, bit) => bits | bit, 0);
const clusterTypes = { plain: 0, head: 1, nonHead: 2 } as const;
/** In the first non-head of an extent: the number of blocks of its physical cluster. */
const blockCountFlag = 1 << 11;

interface LogicalCluster {
  readonly type: number;
  /** Heads: where the extent starts in the cluster. Others: distance, or the block count with its flag. */
  readonly low: number;
}

/** A run of a file's bytes and the blocks it is stored in. */
export interface Extent {
  readonly start: number;
  readonly end: number;
  readonly compressed: boolean;
  readonly block: number;
  readonly blocks: number;
}

/** Content of a regular file or a symlink, whichever layout it has.
 *  @throws UserError on a layout that no format of ours asks for, and on damaged data */
export function erofsContent(image: ErofsImage, inode: ErofsInode): Buffer {
  try {
    return contentOf(image, inode);
  } catch (error) {
    throw damaged(error);
  }
}

function contentOf(image: ErofsImage, inode: ErofsInode): Buffer {
  if (inode.layout !== layouts.compressedCompact) return plainContent(image, inode);
  const { superblock, read } = image;
  if (!(superblock.featureIncompat & erofsIncompat.lz4ZeroPadding))
    throw new Error('lz4 without zero padding');
  const content = Buffer.allocUnsafe(inode.bytes);
  for (const extent of extentsOf(image, inode)) {
    const stored = read(extent.block * 2 ** superblock.blockBits, extent.blocks * 2 ** superblock.blockBits);
    const length = extent.end - extent.start;
    if (!extent.compressed) {
      stored.copy(content, extent.start, 0, length);
      continue;
    }
    let from = 0;
    while (stored[from] === 0) from++;
    if (decodeLz4Block(stored, from, stored.length, content, extent.start, length) !== length) {
      throw new Error(`inode ${inode.nid}: damaged lz4 data in block ${extent.block}`);
    }
  }
  return content;
}

/** The extents of a compressed file, in order, without gaps. */
export function extentsOf(image: ErofsImage, inode: ErofsInode): Extent[] {
  const blockBits = image.superblock.blockBits;
  const headerOffset = Math.ceil(inode.bodyOffset / 8) * 8;
  const header = image.read(headerOffset, 8);
  const flags = header.readUInt16LE(4);
  const clusterBits = blockBits + (header[7]! & 7);
  if (flags & ~understood || header[6] !== 0) {
    throw new Error(`inode ${inode.nid}: compression header ${header.toString('hex')}`);
  }
  const count = Math.ceil(inode.bytes / 2 ** clusterBits);
  const packs = readPacks(image, headerOffset + 8, count, clusterBits, (flags & advise.compact2Bytes) !== 0);
  return joinExtents(packs, inode.bytes, clusterBits, (flags & advise.bigPcluster) !== 0);
}

interface Pack {
  /** First block of what the pack's heads are stored in. */
  readonly base: number;
  readonly clusters: readonly LogicalCluster[];
}

/** Indexes are packed: pairs in 8 bytes up to a 32-byte boundary, then 16 in 32 bytes, pairs again for the rest. */
function readPacks(
  image: ErofsImage,
  start: number,
  count: number,
  clusterBits: number,
  wide: boolean,
): Pack[] {
  const initial = Math.min(count, ((32 - (start % 32)) / 4) % 8);
  const inWide = wide && initial < count ? Math.floor((count - initial) / 16) * 16 : 0;
  const packs: Pack[] = [];
  let offset = start;
  for (let done = 0; done < count;) {
    const size = done >= initial && done < initial + inWide ? 16 : 2;
    packs.push(readPack(image.read(offset, size * (size === 16 ? 2 : 4)), size, clusterBits));
    offset += size === 16 ? 32 : 8;
    done += size;
  }
  return packs;
}

function readPack(bytes: Buffer, size: number, clusterBits: number): Pack {
  const bits = ((bytes.length - 4) * 8) / size;
  const clusters = Array.from({ length: size }, (_, index) => {
    const position = bits * index;
    const at = position >> 3;
    const word =
      bytes[at]! | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
    const value = word >>> (position & 7);
    return { type: (value >>> clusterBits) & 3, low: value & ((1 << clusterBits) - 1) };
  });
  return { base: bytes.readUInt32LE(bytes.length - 4), clusters };
}

/** Heads start extents; each ends where the next one starts. */
function joinExtents(packs: readonly Pack[], bytes: number, clusterBits: number, big: boolean): Extent[] {
  const extents: Extent[] = [];
  let number = 0;
  for (const { base, clusters } of packs) {
    // A pack counts the blocks of its heads from its base; without big pclusters the base is one below the first.
    let block = big ? base : base + 1;
    let heads = 0;
    for (const { type, low } of clusters) {
      const start = number++ * 2 ** clusterBits;
      if (start >= bytes) break;
      const last = extents.at(-1);
      if (type === clusterTypes.nonHead) {
        if (!big || !(low & blockCountFlag) || !last) continue;
        const blocks = low & ~blockCountFlag;
        extents[extents.length - 1] = { ...last, blocks };
        // The head of the first may be in the pack before.
        block += heads > 0 ? blocks - 1 : blocks;
        heads++;
        continue;
      }
      if (type > clusterTypes.nonHead) throw new Error('a second compression head');
      const head = {
        start: start + low,
        end: bytes,
        compressed: type === clusterTypes.head,
        block,
        blocks: 1,
      };
      // A head at the very end only says where the last extent stops.
      if (head.start >= bytes) break;
      if (last) extents[extents.length - 1] = { ...last, end: head.start };
      extents.push(head);
      block++;
      heads++;
    }
  }
  return extents;
}
