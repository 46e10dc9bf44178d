// SPDX-License-Identifier: GPL-2.0-only
/** Changes to one kind of metadata of an image, made where the kernel looks; each says what it did. */
import { layouts } from '../../image/erofs/inodes.ts';
import { erofsIncompat, erofsMagicOffset } from '../../image/erofs/superblock.ts';
import { type Dice, oddValue } from './dice.ts';
import {
  attributeEntryFields,
  attributeHeaderFields,
  bendField,
  direntFields,
  type Field,
  inodeFields,
  mapHeaderFields,
  superblockFields,
  writeField,
} from './fields.ts';
import { type ImageMap, isDirectory, type MappedInode, type Range } from './map.ts';
import { forgeIndexes } from './forge.ts';

export interface Bend {
  readonly dice: Dice;
  readonly image: Buffer;
  readonly map: ImageMap;
}

/** Undefined when the image has nothing of the kind. */
export type Mutation = (bend: Bend) => string | undefined;

const nameOf = ({ path }: MappedInode) => `/${path}`;

function someInode({ dice, map }: Bend, wanted: (inode: MappedInode) => boolean): MappedInode | undefined {
  const found = map.inodes.filter(wanted);
  return found.length > 0 ? dice.of(found) : undefined;
}

function flip({ dice, image }: Bend, { offset, bytes }: Range, most: number): string {
  const count = dice.between(1, most);
  const places = Array.from({ length: count }, () => {
    const place = offset + dice.below(bytes);
    const bit = dice.below(8);
    if (place < image.length) image[place] = image[place]! ^ (1 << bit);
    return `${place}.${bit}`;
  });
  return `flipped ${places.slice(0, 8).join(' ')}${count > 8 ? ` and ${count - 8} more` : ''}`;
}

const superblockRange: Range = { offset: erofsMagicOffset, bytes: 128 };
/** Not the magic: without it the image is none. */
const behindMagic: Range = { offset: erofsMagicOffset + 8, bytes: 120 };

export const flipSuperblock: Mutation = bend =>
  flip(bend, bend.dice.oneIn(4) ? superblockRange : behindMagic, 3);

export const bendSuperblock: Mutation = ({ dice, image }) => {
  const count = dice.between(1, 2);
  return Array.from({ length: count }, () =>
    bendField(dice, image, erofsMagicOffset, dice.of(superblockFields.slice(2))),
  ).join(', ');
};

export const bendBlockSize: Mutation = ({ dice, image }) => {
  const bits = dice.of([0, 1, 8, 9, 10, 11, 13, 14, 15, 16, 17, 20, 31, 32, 63, 64, 128, 255]);
  image[erofsMagicOffset + 12] = bits;
  if (dice.oneIn(4)) image[erofsMagicOffset + 90] = dice.below(256);
  return `blkszbits ${bits}, dirblkbits ${image[erofsMagicOffset + 90]}`;
};

export const flipMetadata: Mutation = bend => {
  const { dice, map } = bend;
  const inode = dice.of(map.inodes);
  const ranges = [inode.head, inode.attributes, inode.body, ...inode.dirents.map(({ block }) => block)];
  return `${nameOf(inode)}: ${flip(bend, dice.of(ranges.filter(({ bytes }) => bytes > 0)), 8)}`;
};

export const flipAnywhere: Mutation = bend => flip(bend, { offset: 0, bytes: bend.image.length }, 64);

export const replaceBlocks: Mutation = ({ dice, image, map }) => {
  const size = map.blockBytes;
  const blocks = Math.floor(image.length / size);
  const done: string[] = [];
  for (let left = dice.between(1, 4); left > 0; left--) {
    const [to, from] = [dice.below(blocks), dice.below(blocks)];
    const how = dice.of(['noise', 'zeros', 'ones', `block ${from}`]);
    const bytes =
      how === 'noise'
        ? dice.bytes(size)
        : how === 'zeros' || how === 'ones'
          ? Buffer.alloc(size, how === 'ones' ? 0xff : 0)
          : Buffer.from(image.subarray(from * size, (from + 1) * size));
    // the superblock stays: a block without it is another case
    const start = to === 0 ? erofsMagicOffset + 128 : to * size;
    bytes.copy(image, start, start - to * size);
    done.push(`block ${to} = ${how}`);
  }
  return done.join(', ');
};

export const bendInode: Mutation = bend => {
  const { dice, image, map } = bend;
  const inode = dice.of(map.inodes);
  const fields: readonly Field[] = inodeFields[inode.head.bytes as 32 | 64];
  const count = dice.between(1, 2);
  const did = Array.from({ length: count }, () => bendField(dice, image, inode.head.offset, dice.of(fields)));
  return `${nameOf(inode)}: ${did.join(', ')}`;
};

/** Sizes that do not fit what is stored. */
export const bendSize: Mutation = bend => {
  const { dice, image } = bend;
  const inode = someInode(bend, ({ body, blocks }) => body.bytes + blocks.bytes > 0)!;
  const fields: readonly Field[] = inodeFields[inode.head.bytes as 32 | 64];
  const size = fields.find(({ name }) => name === 'i_size')!;
  return `${nameOf(inode)}: ${bendField(dice, image, inode.head.offset, size)}`;
};

/** The same bytes as another kind of inode: what follows it is read as something else. */
export const bendLayout: Mutation = ({ dice, image, map }) => {
  const inode = dice.of(map.inodes);
  const format = image.readUInt16LE(inode.head.offset);
  const layout = dice.of(Object.values(layouts).filter(value => value !== inode.inode.layout));
  const version = dice.oneIn(6) ? 1 : 0;
  image.writeUInt16LE(((format & ~0xe) | (layout << 1)) ^ version, inode.head.offset);
  return `${nameOf(inode)}: layout ${inode.inode.layout} -> ${layout}${version ? ', other inode size' : ''}`;
};

export const bendDirent: Mutation = bend => {
  const { dice, image, map } = bend;
  const folder = someInode(bend, isDirectory)!;
  const dirent = dice.of(folder.dirents);
  const { name } = dirent;
  const about = `${nameOf(folder)}: ${image.toString('latin1', name.offset, name.offset + Math.min(name.bytes, 20))}`;
  switch (dice.below(5)) {
    case 0:
      return `${about}: ${bendField(dice, image, dirent.offset, dice.of(direntFields))}`;
    case 1: {
      // another inode: a loop, a second name for a directory, a file where a directory is said to be
      const target = dice.of(map.inodes);
      image.writeBigUInt64LE(BigInt(target.inode.nid), dirent.offset);
      return `${about} leads to ${nameOf(target)}`;
    }
    case 2: {
      const byte = dice.of([0, 0x2f, 0x2e, 0xff, dice.below(256)]);
      const place = name.offset + dice.below(Math.max(1, name.bytes));
      image[place] = byte;
      return `${about}: byte ${byte} in the name`;
    }
    case 3: {
      const other = dice.of(folder.dirents);
      const kept = Buffer.from(image.subarray(dirent.offset, dirent.offset + 12));
      image.copy(image, dirent.offset, other.offset, other.offset + 12);
      kept.copy(image, other.offset);
      return `${about}: exchanged with another`;
    }
    default: {
      // where the names begin, which says how many there are
      const offset = dice.of([0, 1, 11, 12, 13, 24, 4084, 4092, 4095, 4096, 65535, dice.below(512) * 12]);
      image.writeUInt16LE(offset, dirent.block.offset + 8);
      return `${about}: names of its block at ${offset}`;
    }
  }
};

/** Places of the entries behind an inode; of the shared ones in the area of its own. */
function attributeEntries({ image, map }: Bend, { attributes }: MappedInode): number[] {
  const places: number[] = [];
  const shared = image[attributes.offset + 4]!;
  const area = image.readUInt32LE(erofsMagicOffset + 44) * map.blockBytes;
  for (let index = 0; index < shared; index++) {
    places.push(area + image.readUInt32LE(attributes.offset + 12 + index * 4) * 4);
  }
  const end = attributes.offset + attributes.bytes;
  for (let at = attributes.offset + 12 + shared * 4; at + 4 <= end;) {
    places.push(at);
    at += Math.ceil((4 + image[at]! + image.readUInt16LE(at + 2)) / 4) * 4;
  }
  return places.filter(place => place + 4 <= image.length);
}

export const bendAttributes: Mutation = bend => {
  const { dice, image } = bend;
  const inode = someInode(bend, ({ attributes }) => attributes.bytes > 0);
  if (!inode) return undefined;
  const { attributes, head } = inode;
  const about = nameOf(inode);
  switch (dice.below(4)) {
    case 0: {
      const count = { name: 'i_xattr_icount', offset: 2, bytes: 2 } as const;
      return `${about}: ${bendField(dice, image, head.offset, count)}`;
    }
    case 1:
      return `${about}: ${bendField(dice, image, attributes.offset, dice.of(attributeHeaderFields))}`;
    case 2: {
      const places = attributeEntries(bend, inode);
      if (places.length === 0) return undefined;
      const place = dice.of(places);
      return `${about}: entry at ${place}: ${bendField(dice, image, place, dice.of(attributeEntryFields))}`;
    }
    default:
      return `${about}: ${flip(bend, attributes, 6)}`;
  }
};

export const bendIndexes: Mutation = bend => {
  const { dice, image, map } = bend;
  const inode = someInode(bend, ({ body }) => body.kind === 'indexes');
  if (!inode) return undefined;
  const { offset, bytes } = inode.body;
  const about = nameOf(inode);
  const indexes = { offset: offset + 8, bytes: Math.max(4, bytes - 8) };
  switch (dice.below(4)) {
    case 0:
      return `${about}: ${bendField(dice, image, offset, dice.of(mapHeaderFields))}`;
    case 1:
      return `${about}: ${flip(bend, indexes, 6)}`;
    case 2: {
      // 32-bit words: first blocks of packs among them
      const place = indexes.offset + 4 * dice.below(Math.floor(indexes.bytes / 4));
      const value = dice.of([
        map.superblock.blocks,
        map.superblock.blocks - 1,
        0,
        2 ** 32 - 1,
        dice.below(64),
      ]);
      writeField(image, place, { name: 'word', offset: 0, bytes: 4 }, BigInt(value));
      return `${about}: word at ${place} = ${value}`;
    }
    default: {
      const length = Math.min(indexes.bytes, dice.between(2, 32));
      const place = indexes.offset + dice.below(indexes.bytes - length + 1);
      dice.bytes(length).copy(image, place);
      return `${about}: ${length} bytes of noise at ${place}`;
    }
  }
};

/** Content blocks: what decompressors are given. */
export const bendContent: Mutation = ({ dice, image, map }) => {
  const size = map.blockBytes;
  const metadata = new Set(
    map.inodes.flatMap(({ head, body, dirents }) =>
      [head, body, ...dirents.map(({ block }) => block)].map(({ offset }) => Math.floor(offset / size)),
    ),
  );
  const blocks = Array.from({ length: Math.floor(image.length / size) }, (_, index) => index);
  const content = blocks.filter(index => index > 0 && !metadata.has(index));
  if (content.length === 0) return undefined;
  const done: string[] = [];
  for (let left = dice.between(1, 12); left > 0; left--) {
    const block = dice.of(content);
    // lz4 data stand at the end of their blocks: the first token is behind the zeros
    const start = image.subarray(block * size, (block + 1) * size).findIndex(byte => byte !== 0);
    const place = block * size + (dice.oneIn(2) && start >= 0 ? start : dice.below(size));
    const bytes = dice.of([
      Buffer.alloc(dice.between(1, 40), 0xff),
      Buffer.alloc(8),
      dice.bytes(dice.between(1, 16)),
    ]);
    bytes.copy(image, place);
    done.push(`${place}`);
  }
  return `content changed at ${done.join(' ')}`;
};

export const bendChunks: Mutation = bend => {
  const { dice, image, map } = bend;
  const inode = someInode(bend, ({ body }) => body.kind === 'chunks' && body.bytes > 0);
  if (!inode) return undefined;
  if (dice.oneIn(3)) {
    const format = oddValue(dice, 16, BigInt(inode.inode.value & 0xffff));
    // most formats are refused: those that are not have low bits only
    const kept = dice.oneIn(2) ? format : format & 0x7fn;
    image.writeUInt16LE(Number(kept), inode.head.offset + 16);
    return `${nameOf(inode)}: chunk format 0x${kept.toString(16)}`;
  }
  const unit = inode.inode.value & 0x20 ? 8 : 4;
  const place = inode.body.offset + unit * dice.below(inode.body.bytes / unit) + unit - 4;
  const { blocks } = map.superblock;
  const value = dice.of([0, blocks - 1, blocks, blocks + 1, 2 ** 32 - 1, 2 ** 32 - 2, dice.below(blocks)]);
  image.writeUInt32LE(value, place);
  if (unit === 8 && dice.oneIn(2)) dice.bytes(4).copy(image, place - 4);
  return `${nameOf(inode)}: chunk address at ${place} = ${value}`;
};

/** Features that mkfs.erofs 1.5 cannot make, with data that the kernel has to look at. */
export const switchFeature: Mutation = bend => {
  const { dice, image, map } = bend;
  const at = erofsMagicOffset;
  const features = image.readUInt32LE(at + 80);
  const add = (bits: number) => image.writeUInt32LE((features | bits) >>> 0, at + 80);
  const nid = () => BigInt(dice.of(map.inodes).inode.nid);
  switch (dice.below(7)) {
    case 0: {
      add(erofsIncompat.fragments);
      image.writeBigUInt64LE(nid(), at + 96);
      const inode = someInode(bend, ({ body }) => body.kind === 'indexes');
      if (inode && dice.oneIn(2)) {
        image.writeUInt32LE(dice.below(2 ** 18), inode.body.offset);
        image[inode.body.offset + 7] = 0x80;
      } else if (inode) {
        image[inode.body.offset + 4] = image[inode.body.offset + 4]! | 0x20;
      }
      return `fragments of ${inode ? nameOf(inode) : 'no inode'} in the inode ${image.readBigUInt64LE(at + 96)}`;
    }
    case 1: {
      add(0x100);
      image[at + 13] = dice.of([0, 1, 2]);
      image.writeBigUInt64LE(nid(), at + 128);
      const dirent = dice.of(map.inodes.flatMap(({ dirents }) => dirents));
      image.writeBigUInt64LE(BigInt(dirent.nid) | (1n << 63n), dirent.offset);
      return `metabox ${image.readBigUInt64LE(at + 128)}, ${image[at + 13]} slots, an inode in it`;
    }
    case 2:
      add(0x80);
      image.writeBigUInt64LE(dice.oneIn(2) ? BigInt(map.superblock.rootNid) : nid(), at + 112);
      image.writeUInt16LE(dice.oneIn(2) ? 0 : dice.below(65536), at + 14);
      return `48 bits, root ${image.readBigUInt64LE(at + 112)}`;
    case 3:
      add(erofsIncompat.deviceTable);
      image.writeUInt16LE(dice.of([0, 1, 2, 65535]), at + 86);
      image.writeUInt16LE(dice.of([0, 1, 9, 16, 65535]), at + 88);
      return `${image.readUInt16LE(at + 86)} devices in slots from ${image.readUInt16LE(at + 88)}`;
    case 4:
      add(erofsIncompat.xattrPrefixes);
      image[at + 91] = dice.of([1, 2, 255]);
      image.writeUInt32LE(dice.below(Math.floor(image.length / 4)), at + 92);
      return `${image[at + 91]} long prefixes from ${image.readUInt32LE(at + 92) * 4}`;
    case 5: {
      add(erofsIncompat.compressionConfigs);
      const algorithms = dice.between(1, 15);
      image.writeUInt16LE(algorithms, at + 84);
      for (let place = at + 128; place < at + 200; place += 16) {
        image.writeUInt16LE(dice.of([14, 6, 0, 1, 65535, 4096]), place);
        dice.bytes(14).copy(image, place + 2);
      }
      return `compression configurations for the algorithms 0x${algorithms.toString(16)}`;
    }
    default: {
      const bits = dice.below(64);
      image.writeUInt32LE((image.readUInt32LE(at + 8) | bits) >>> 0, at + 8);
      return `compatible features 0x${bits.toString(16)} more`;
    }
  }
};

/** An inode whose compressed data are described in one of the ways that mkfs.erofs 1.5 does not use. */
export const forgeCompressed: Mutation = bend => {
  const inode = someInode(bend, ({ inode: { mode } }) => (mode & 0o170000) === 0o100000)!;
  return `${nameOf(inode)}: ${forgeIndexes(bend.dice, bend.image, inode, bend.map.superblock.blocks)}`;
};
