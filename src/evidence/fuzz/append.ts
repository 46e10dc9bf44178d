// SPDX-License-Identifier: GPL-2.0-only
/** Blocks behind an image for inodes that move there and for what they need. The result is a sound image: fs/erofs
 *  looks up inodes by their place, wherever that is, and the directories lead to the new ones. */
import { sealErofs } from '../../image/erofs/checksum.ts';
import { erofsMagicOffset } from '../../image/erofs/superblock.ts';
import { type ImageMap, type MappedInode, mapErofs } from './map.ts';

/** Inodes stand at multiples of this; so does what follows them, or compact indexes would be packed otherwise. */
export const inodeUnit = 32;

export interface Appending {
  readonly map: ImageMap;
  /** Where the new blocks start. */
  readonly start: number;
  /** @throws Error when there is none */
  find(path: string): MappedInode;
  /** Returns the piece's place in the image. `within` keeps it from lying across a multiple of that. */
  add(piece: Buffer, alignment: number, within?: number): number;
  /** Adds an inode with all that belongs behind it, and returns its number. */
  addInode(record: Buffer, within?: number): number;
  /** Whatever leads to the inode leads to that number. */
  move(inode: MappedInode, nid: number): void;
  /** The grown image; `change` may still set fields of the superblock (offset within it). */
  finish(change?: (superblock: Buffer) => void): Buffer;
}

export function appendTo(image: Buffer): Appending {
  const map = mapErofs(image);
  const { blockBytes, superblock } = map;
  const start = Math.ceil(image.length / blockBytes) * blockBytes;
  const pieces: Buffer[] = [image, Buffer.alloc(start - image.length)];
  let end = start;
  const moves = new Map<number, number>();
  const pad = (multiple: number) => {
    const zeros = Buffer.alloc((multiple - (end % multiple)) % multiple);
    pieces.push(zeros);
    end += zeros.length;
  };
  const redirect = (grown: Buffer, { inodes }: ImageMap) => {
    for (const { nid, offset } of inodes.flatMap(({ dirents }) => dirents)) {
      const to = moves.get(nid);
      if (to !== undefined) grown.writeBigUInt64LE(BigInt(to), offset);
    }
  };
  const add = (piece: Buffer, alignment: number, within?: number) => {
    pad(alignment);
    if (within !== undefined) {
      if (piece.length > within) throw new Error(`${piece.length} bytes are more than ${within}`);
      if ((end % within) + piece.length > within) pad(within);
    }
    const at = end;
    pieces.push(piece);
    end += piece.length;
    return at;
  };
  return {
    map,
    start,
    find(path) {
      const found = map.inodes.find(inode => inode.path === path);
      if (!found) throw new Error(`there is no ${path} in the image`);
      return found;
    },
    add,
    addInode: (record, within) =>
      (add(record, inodeUnit, within) - superblock.metaBlock * blockBytes) / inodeUnit,
    move: ({ inode }, nid) => void moves.set(inode.nid, nid),
    finish(change) {
      pad(blockBytes);
      const grown = Buffer.concat(pieces);
      redirect(grown, map);
      // the moved directories hold names, too
      redirect(grown, mapErofs(grown));
      const fields = grown.subarray(erofsMagicOffset, erofsMagicOffset + 128);
      fields.writeUInt32LE(grown.length / blockBytes, 36);
      change?.(fields);
      sealErofs(grown);
      return grown;
    },
  };
}
