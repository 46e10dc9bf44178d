// SPDX-License-Identifier: GPL-2.0-only
/** Where in an undamaged EROFS image its metadata lie: what a mutation needs to hit something that is looked at. */
import {
  erofsInode,
  type ErofsImage,
  type ErofsInode,
  layouts,
  openErofs,
} from '../../image/erofs/inodes.ts';
import type { ErofsSuperblock } from '../../image/erofs/superblock.ts';

export interface Range {
  readonly offset: number;
  readonly bytes: number;
}

export interface Dirent {
  /** Of the record: nid 8, name offset 2, type 1, reserved 1. */
  readonly offset: number;
  /** The part of a directory's content it belongs to: names lie in the same. */
  readonly block: Range;
  readonly nid: number;
  readonly name: Range;
}

export interface MappedInode {
  readonly path: string;
  readonly inode: ErofsInode;
  /** 32 or 64 bytes. */
  readonly head: Range;
  /** Extended attributes behind the inode; no bytes without any. */
  readonly attributes: Range;
  /** What follows them: a tail of the content, the indexes of compressed data, the addresses of chunks. */
  readonly body: Range & { readonly kind: 'tail' | 'indexes' | 'chunks' | 'none' };
  /** Whole blocks that hold its content, where the inode itself says which. */
  readonly blocks: Range;
  /** Directories: `.` and `..` included. */
  readonly dirents: readonly Dirent[];
}

export interface ImageMap {
  readonly superblock: ErofsSuperblock;
  readonly blockBytes: number;
  /** Each once, the root first. */
  readonly inodes: readonly MappedInode[];
}

const directoryMode = 0o040000;
const formatMask = 0o170000;

/** Whether it is a directory. */
export const isDirectory = (mapped: MappedInode): boolean =>
  (mapped.inode.mode & formatMask) === directoryMode;

/** @throws Error when there is no superblock, RangeError where the image is damaged */
export function mapErofs(bytes: Buffer): ImageMap {
  const image = openErofs((offset, length) => bytes.subarray(offset, offset + length));
  const blockBytes = 2 ** image.superblock.blockBits;
  const inodes: MappedInode[] = [];
  const seen = new Set<number>();
  const pending = [{ path: '', nid: image.superblock.rootNid }];
  for (let at = pending.shift(); at; at = pending.shift()) {
    if (seen.has(at.nid)) continue;
    seen.add(at.nid);
    const mapped = mapInode(bytes, image, at.path, at.nid, blockBytes);
    inodes.push(mapped);
    for (const { nid, name } of mapped.dirents) {
      const text = bytes.toString('latin1', name.offset, name.offset + name.bytes);
      if (text !== '.' && text !== '..') pending.push({ path: at.path ? `${at.path}/${text}` : text, nid });
    }
  }
  return { superblock: image.superblock, blockBytes, inodes };
}

function mapInode(
  bytes: Buffer,
  image: ErofsImage,
  path: string,
  nid: number,
  blockBytes: number,
): MappedInode {
  const inode = erofsInode(image, nid);
  const offset = image.superblock.metaBlock * blockBytes + nid * 32;
  const head = { offset, bytes: bytes.readUInt16LE(offset) & 1 ? 64 : 32 };
  const attributesOffset = offset + head.bytes;
  const attributes = { offset: attributesOffset, bytes: inode.bodyOffset - attributesOffset };
  const kind = inode.mode & formatMask;
  const hasContent = kind === directoryMode || kind === 0o100000 || kind === 0o120000;
  const body = hasContent
    ? bodyOf(bytes, inode, blockBytes)
    : ({ kind: 'none', offset: inode.bodyOffset, bytes: 0 } as const);
  const flat = hasContent && (inode.layout === layouts.flatPlain || inode.layout === layouts.flatInline);
  const whole = flat
    ? body.kind === 'tail'
      ? inode.bytes - body.bytes
      : Math.ceil(inode.bytes / blockBytes) * blockBytes
    : 0;
  const blocks = { offset: whole > 0 ? inode.value * blockBytes : 0, bytes: whole };
  const dirents = kind === directoryMode ? direntsOf(bytes, inode, blocks, body, blockBytes) : [];
  return { path, inode, head, attributes, body, blocks, dirents };
}

function bodyOf(bytes: Buffer, inode: ErofsInode, blockBytes: number): MappedInode['body'] {
  const offset = inode.bodyOffset;
  switch (inode.layout) {
    case layouts.flatInline:
      return { kind: 'tail', offset, bytes: inode.bytes % blockBytes };
    case layouts.compressedCompact:
    case layouts.compressedFull:
      return { kind: 'indexes', ...indexesOf(bytes, inode, blockBytes) };
    case layouts.chunkBased: {
      const chunkBytes = blockBytes * 2 ** (inode.value & 0x1f);
      const unit = inode.value & 0x20 ? 8 : 4;
      const start = Math.ceil(offset / unit) * unit;
      return { kind: 'chunks', offset: start, bytes: Math.ceil(inode.bytes / chunkBytes) * unit };
    }
    default:
      return { kind: 'none', offset, bytes: 0 };
  }
}

/** Header, indexes, and the compressed tail that may follow them. */
function indexesOf(bytes: Buffer, inode: ErofsInode, blockBytes: number): Range {
  const offset = Math.ceil(inode.bodyOffset / 8) * 8;
  const flags = bytes.readUInt16LE(offset + 4);
  const clusterBytes = blockBytes * 2 ** (bytes[offset + 7]! & 7);
  const count = Math.ceil(inode.bytes / clusterBytes);
  const tail = flags & 0x8 ? bytes.readUInt16LE(offset + 2) : 0;
  if (inode.layout === layouts.compressedFull) return { offset, bytes: 16 + count * 8 + tail };
  const start = offset + 8;
  const initial = Math.min(count, ((32 - (start % 32)) / 4) % 8);
  const wide = flags & 1 ? Math.floor((count - initial) / 16) * 16 : 0;
  const pairs = Math.ceil(initial / 2) + Math.ceil((count - initial - wide) / 2);
  return { offset, bytes: 8 + pairs * 8 + wide * 2 + tail };
}

function direntsOf(
  bytes: Buffer,
  inode: ErofsInode,
  blocks: Range,
  tail: Range,
  blockBytes: number,
): Dirent[] {
  const parts: Range[] = [];
  for (let at = 0; at < blocks.bytes; at += blockBytes) {
    parts.push({ offset: blocks.offset + at, bytes: Math.min(blockBytes, inode.bytes - at) });
  }
  if (tail.bytes > 0) parts.push({ offset: tail.offset, bytes: tail.bytes });
  return parts.flatMap(block => {
    const count = bytes.readUInt16LE(block.offset + 8) / 12;
    return Array.from({ length: count }, (_, index) => {
      const offset = block.offset + index * 12;
      const start = bytes.readUInt16LE(offset + 8);
      const end = index + 1 < count ? bytes.readUInt16LE(offset + 20) : block.bytes;
      const zero = bytes.subarray(block.offset + start, block.offset + end).indexOf(0);
      const name = { offset: block.offset + start, bytes: zero === -1 ? end - start : zero };
      return { offset, block, nid: Number(bytes.readBigUInt64LE(offset)), name };
    });
  });
}
