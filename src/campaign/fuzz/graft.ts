// SPDX-License-Identifier: GPL-2.0-only
/** Gives some files of an image extended attributes. mkfs.erofs takes them from the host's file system, which may not
 *  have them or may not let us set them; so the inodes move to blocks of their own behind the image, with attributes
 *  between them and what follows them, and the directories lead there. The result is a sound image: fs/erofs looks up
 *  inodes and shared attributes by their place, wherever that is. */
import { sealErofs } from '../../image/erofs/checksum.ts';
import { erofsMagicOffset } from '../../image/erofs/superblock.ts';
import { type ImageMap, type MappedInode, mapErofs } from './map.ts';

/** Goes into the digest of the images: raise it when other bytes come out. */
export const graftVersion = 2;

export interface Attribute {
  /** With its prefix. */
  readonly name: string;
  readonly value: Buffer;
}

/** What a file gets; attributes that several have are stored once. */
export interface Graft {
  readonly path: string;
  readonly own: readonly Attribute[];
  readonly shared: readonly Attribute[];
}

/** e_name_index: the prefix, and whether a name follows it. */
const prefixes = [
  ['user.', 1],
  ['system.posix_acl_access', 2],
  ['system.posix_acl_default', 3],
  ['trusted.', 4],
  ['security.', 6],
] as const;

/** Header 12 bytes; the compact indexes behind must stay at the same place of a 32-byte unit. */
const headerBytes = 12;
const unit = 32;

function entryOf({ name, value }: Attribute): Buffer {
  const [prefix, index] = prefixes.find(([start]) => name.startsWith(start))!;
  const rest = Buffer.from(name.slice(prefix.length));
  const size = 4 + rest.length + value.length;
  const entry = Buffer.alloc(Math.ceil(size / 4) * 4);
  entry[0] = rest.length;
  entry[1] = index;
  entry.writeUInt16LE(value.length, 2);
  rest.copy(entry, 4);
  value.copy(entry, 4 + rest.length);
  return entry;
}

/** All that stands between inode and body. Words of zeros fill it up: entries without a name of no known kind. */
function attributesOf(own: readonly Attribute[], shared: readonly number[]): Buffer {
  const header = Buffer.alloc(headerBytes + shared.length * 4);
  header[4] = shared.length;
  for (const [index, id] of shared.entries()) header.writeUInt32LE(id, headerBytes + index * 4);
  const parts = Buffer.concat([header, ...own.map(entryOf)]);
  return Buffer.concat([parts], Math.ceil(parts.length / unit) * unit);
}

/** @throws Error when a path is not in the image, or what has to stay in one block does not fit into one */
export function graft(image: Buffer, grafts: readonly Graft[]): Buffer {
  const map = mapErofs(image);
  const start = Math.ceil(image.length / map.blockBytes) * map.blockBytes;
  const area = newArea(map.blockBytes);
  const ids = new Map<string, number>();
  for (const attribute of grafts.flatMap(({ shared }) => shared)) {
    if (!ids.has(attribute.name)) ids.set(attribute.name, area.add(entryOf(attribute), 4, 0) / 4);
  }
  const moves: { readonly from: number; readonly to: number }[] = [];
  for (const { path, own, shared } of grafts) {
    const mapped = map.inodes.find(inode => inode.path === path);
    if (!mapped) throw new Error(`there is no ${path} in the image`);
    const attributes = attributesOf(
      own,
      shared.map(({ name }) => ids.get(name)!),
    );
    const at = start + area.add(movedInode(image, mapped, attributes), unit, map.blockBytes);
    const to = (at - map.superblock.metaBlock * map.blockBytes) / unit;
    moves.push({ from: mapped.inode.nid, to });
  }
  const grown = Buffer.concat([image, Buffer.alloc(start - image.length), area.bytes()]);
  redirect(grown, map, moves);
  // the moved directories hold names, too
  redirect(grown, mapErofs(grown), moves);
  grown.writeUInt32LE(grown.length / map.blockBytes, erofsMagicOffset + 36);
  grown.writeUInt32LE(start / map.blockBytes, erofsMagicOffset + 44);
  sealErofs(grown);
  return grown;
}

function movedInode(image: Buffer, { head, attributes, body, inode }: MappedInode, added: Buffer): Buffer {
  if (attributes.bytes > 0) throw new Error(`inode ${inode.nid} has attributes already`);
  const moved = Buffer.from(image.subarray(head.offset, body.offset + body.bytes));
  moved.writeUInt16LE(1 + (added.length - headerBytes) / 4, 2);
  return Buffer.concat([moved.subarray(0, head.bytes), added, moved.subarray(head.bytes)]);
}

function redirect(
  image: Buffer,
  map: ImageMap,
  moves: readonly { readonly from: number; readonly to: number }[],
): void {
  for (const { nid, offset } of map.inodes.flatMap(({ dirents }) => dirents)) {
    const move = moves.find(({ from }) => from === nid);
    if (move) image.writeBigUInt64LE(BigInt(move.to), offset);
  }
}

/** Pieces one behind the other, none across the end of a block where `blockBytes` is given. */
function newArea(blockBytes: number) {
  let pieces = Buffer.alloc(0);
  const pad = (multiple: number) => {
    pieces = Buffer.concat([pieces], Math.ceil(pieces.length / multiple) * multiple);
  };
  return {
    add(piece: Buffer, alignment: number, within: number): number {
      pad(alignment);
      if (within > 0 && piece.length > within) throw new Error(`${piece.length} bytes are more than a block`);
      if (within > 0 && (pieces.length % within) + piece.length > within) pad(within);
      const at = pieces.length;
      pieces = Buffer.concat([pieces, piece]);
      return at;
    },
    bytes(): Buffer {
      pad(blockBytes);
      return pieces;
    },
  };
}
