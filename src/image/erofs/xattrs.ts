// SPDX-License-Identifier: GPL-2.0-only
/** Extended attributes of an inode of an EROFS image (erofs_fs.h: erofs_xattr_ibody_header, erofs_xattr_entry): those
 *  behind the inode, and those that it shares with others. */
import type { Xattr } from '../entry.ts';
import type { ErofsImage, ErofsInode } from './inodes.ts';

/** By e_name_index. */
const prefixes: Readonly<Record<number, string>> = {
  1: 'user.',
  2: 'system.posix_acl_access',
  3: 'system.posix_acl_default',
  4: 'trusted.',
  6: 'security.',
};
const headerBytes = 12;
/** A name has at most 255 bytes, a value at most 65535. */
const mostEntryBytes = 4 + 255 + 65_535;

/** Sorted by name. @throws Error when they lead out of the image or are of no known kind */
export function erofsXattrs({ superblock, read }: ErofsImage, inode: ErofsInode): Xattr[] {
  const { xattrOffset, bodyOffset } = inode;
  if (bodyOffset === xattrOffset) return [];
  const own = read(xattrOffset, bodyOffset - xattrOffset);
  const found: Xattr[] = [];
  const shared = own[4]!;
  for (let index = 0; index < shared; index++) {
    const id = own.readUInt32LE(headerBytes + index * 4);
    const at = superblock.xattrBlock * 2 ** superblock.blockBits + id * 4;
    const head = read(at, 4);
    found.push(entryAt(read(at, Math.min(mostEntryBytes, entryBytes(head, 0))), 0));
  }
  for (
    let at = headerBytes + shared * 4;
    at + 4 <= own.length;
    at += Math.ceil(entryBytes(own, at) / 4) * 4
  ) {
    // filling
    if (own.readUInt32LE(at) !== 0) found.push(entryAt(own, at));
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

const entryBytes = (bytes: Buffer, at: number): number => 4 + bytes[at]! + bytes.readUInt16LE(at + 2);

function entryAt(bytes: Buffer, at: number): Xattr {
  const prefix = prefixes[bytes[at + 1]!];
  if (prefix === undefined) throw new Error(`an attribute of kind ${bytes[at + 1]}`);
  const value = at + 4 + bytes[at]!;
  return {
    name: prefix + bytes.toString('latin1', at + 4, value),
    value: bytes.toString('hex', value, value + bytes.readUInt16LE(at + 2)),
  };
}
