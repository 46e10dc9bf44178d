// SPDX-License-Identifier: GPL-2.0-only
/** Gives some files of an image extended attributes. mkfs.erofs takes them from the host's file system, which may not
 *  have them or may not let us set them; so the inodes move behind the image, with attributes between them and what
 *  follows them. */
import { appendTo, inodeUnit } from './append.ts';
import type { MappedInode } from './map.ts';

/** Goes into the digest of the images: raise it when other bytes come out. */
export const graftVersion = 3;

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

const headerBytes = 12;

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
  return Buffer.concat([parts], Math.ceil(parts.length / inodeUnit) * inodeUnit);
}

/** @throws Error when a path is not in the image, or what has to stay in one block does not fit into one */
export function graft(image: Buffer, grafts: readonly Graft[]): Buffer {
  const appending = appendTo(image);
  const { start, map } = appending;
  const ids = new Map<string, number>();
  for (const attribute of grafts.flatMap(({ shared }) => shared)) {
    if (ids.has(attribute.name)) continue;
    ids.set(attribute.name, (appending.add(entryOf(attribute), 4) - start) / 4);
  }
  for (const { path, own, shared } of grafts) {
    const inode = appending.find(path);
    const places = shared.map(({ name }) => ids.get(name)!);
    const record = recordOf(image, inode, attributesOf(own, places));
    appending.move(inode, appending.addInode(record, map.blockBytes));
  }
  return appending.finish(superblock => superblock.writeUInt32LE(start / map.blockBytes, 44));
}

/** Inode, attributes, body. */
function recordOf(image: Buffer, { head, attributes, body, inode }: MappedInode, added: Buffer): Buffer {
  if (attributes.bytes > 0) throw new Error(`inode ${inode.nid} has attributes already`);
  const moved = Buffer.from(image.subarray(head.offset, body.offset + body.bytes));
  moved.writeUInt16LE(1 + (added.length - headerBytes) / 4, 2);
  return Buffer.concat([moved.subarray(0, head.bytes), added, moved.subarray(head.bytes)]);
}
