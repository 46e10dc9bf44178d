// SPDX-License-Identifier: GPL-2.0-only
/** Inodes, directories and plain content of an EROFS image, as fs/erofs/erofs_fs.h lays them out: a reader of our own,
 *  so that what mkfs.erofs wrote is checked by something that shares no code with it. */
import { UserError } from '../../host/errors.ts';
import { type ErofsSuperblock, erofsSuperblock } from './superblock.ts';

/** Bytes of the image; fewer are an error of the caller's. */
export type ReadAt = (offset: number, length: number) => Buffer;

/** Data layouts of i_format. */
export const layouts = {
  flatPlain: 0,
  compressedFull: 1,
  flatInline: 2,
  compressedCompact: 3,
  chunkBased: 4,
} as const;

export interface ErofsInode {
  readonly nid: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly nlink: number;
  readonly bytes: number;
  /** Seconds; the build time for inodes that have none of their own. */
  readonly mtime: number;
  readonly layout: number;
  /** Start block, device number or compressed block count, as the layout says. */
  readonly value: number;
  /** Where the inode ends in the image, and its attributes begin. */
  readonly xattrOffset: number;
  /** Where inode and xattrs end in the image. */
  readonly bodyOffset: number;
}

export interface ErofsImage {
  readonly superblock: ErofsSuperblock;
  readonly read: ReadAt;
}

/** @throws Error when there is no EROFS superblock */
export function openErofs(read: ReadAt): ErofsImage {
  const superblock = erofsSuperblock(read(0, 1152));
  if (!superblock) throw new Error('no EROFS superblock');
  return { superblock, read };
}

export function erofsInode({ superblock, read }: ErofsImage, nid: number): ErofsInode {
  const offset = superblock.metaBlock * 2 ** superblock.blockBits + nid * 32;
  const head = read(offset, 32);
  const format = head.readUInt16LE(0);
  const xattrs = head.readUInt16LE(2);
  const extended = (format & 1) === 1;
  const xattrOffset = offset + (extended ? 64 : 32);
  const bodyOffset = xattrOffset + (xattrs === 0 ? 0 : 12 + (xattrs - 1) * 4);
  const shared = { nid, mode: head.readUInt16LE(4), layout: (format >> 1) & 7, xattrOffset, bodyOffset };
  if (!extended) {
    return {
      ...shared,
      nlink: head.readUInt16LE(6),
      bytes: head.readUInt32LE(8),
      mtime: superblock.buildTime,
      value: head.readUInt32LE(16),
      uid: head.readUInt16LE(24),
      gid: head.readUInt16LE(26),
    };
  }
  const whole = read(offset, 64);
  return {
    ...shared,
    bytes: Number(whole.readBigUInt64LE(8)),
    value: whole.readUInt32LE(16),
    uid: whole.readUInt32LE(24),
    gid: whole.readUInt32LE(28),
    mtime: Number(whole.readBigUInt64LE(32)),
    nlink: whole.readUInt32LE(44),
  };
}

/** Major and minor of a device inode (new_decode_dev()). */
export function erofsDevice({ value }: ErofsInode): { major: number; minor: number } {
  return { major: (value >>> 8) & 0xfff, minor: (value & 0xff) | ((value >>> 12) & 0xfff00) };
}

/** Content that is not compressed: whole blocks, then a tail behind the inode for the inline layout. */
export function plainContent({ superblock, read }: ErofsImage, inode: ErofsInode): Buffer {
  const blockBytes = 2 ** superblock.blockBits;
  const start = inode.value * blockBytes;
  if (inode.layout === layouts.flatPlain) return read(start, inode.bytes);
  if (inode.layout !== layouts.flatInline) throw new Error(`inode ${inode.nid}: data layout ${inode.layout}`);
  const tail = inode.bytes % blockBytes;
  const whole = inode.bytes - tail;
  const parts = whole > 0 ? [read(start, whole)] : [];
  return Buffer.concat([...parts, read(inode.bodyOffset, tail)]);
}

/** Names in a directory with the inodes they lead to, `.` and `..` left out; bytes as latin1. */
export function* erofsDirectory(
  image: ErofsImage,
  inode: ErofsInode,
): Generator<{ name: string; nid: number }> {
  const blockBytes = 2 ** image.superblock.blockBits;
  const content = plainContent(image, inode);
  for (let start = 0; start < content.length; start += blockBytes) {
    const block = content.subarray(start, start + blockBytes);
    const count = block.readUInt16LE(8) / 12;
    for (let index = 0; index < count; index++) {
      const nameStart = block.readUInt16LE(index * 12 + 8);
      const nameEnd = index + 1 < count ? block.readUInt16LE(index * 12 + 20) : block.length;
      const name = block.toString('latin1', nameStart, nameEnd).replace(/\0.*$/s, '');
      if (name !== '.' && name !== '..') yield { name, nid: Number(block.readBigUInt64LE(index * 12)) };
    }
  }
}

/** Every inode below the root by its path (bytes as latin1), parents first. @throws UserError when it is damaged */
export function* erofsTree(image: ErofsImage): Generator<{ path: string; inode: ErofsInode }> {
  try {
    yield* walk(image);
  } catch (error) {
    throw damaged(error);
  }
}

/** A number that leads out of the image, or says more than there is, fails somewhere below. */
export function damaged(error: unknown): unknown {
  if (error instanceof UserError || !(error instanceof Error)) return error;
  return new UserError(`the EROFS image is damaged: ${error.message}`, { hint: 'pack it again' });
}

function* walk(image: ErofsImage): Generator<{ path: string; inode: ErofsInode }> {
  const pending = [{ path: '', nid: image.superblock.rootNid }];
  const directories = new Set<number>();
  for (let at = pending.pop(); at; at = pending.pop()) {
    const inode = erofsInode(image, at.nid);
    if (at.path) yield { path: at.path, inode };
    if ((inode.mode & 0o170000) !== 0o040000) continue;
    if (directories.has(at.nid)) throw new Error(`directory ${at.path} occurs twice`);
    directories.add(at.nid);
    for (const { name, nid } of erofsDirectory(image, inode)) {
      pending.push({ path: at.path ? `${at.path}/${name}` : name, nid });
    }
  }
}
