// SPDX-License-Identifier: GPL-2.0-only
/** Fields of EROFS metadata by name, as fs/erofs/erofs_fs.h has them, to be changed one at a time; pure. */
import { type Dice, oddValue } from './dice.ts';

export interface Field {
  readonly name: string;
  readonly offset: number;
  readonly bytes: 1 | 2 | 4 | 8;
}

const field = (name: string, offset: number, bytes: Field['bytes']): Field => ({ name, offset, bytes });

/** From the start of the superblock. */
export const superblockFields: readonly Field[] = [
  field('magic', 0, 4),
  field('checksum', 4, 4),
  field('feature_compat', 8, 4),
  field('blkszbits', 12, 1),
  field('sb_extslots', 13, 1),
  field('rootnid_2b', 14, 2),
  field('inos', 16, 8),
  field('epoch', 24, 8),
  field('fixed_nsec', 32, 4),
  field('blocks_lo', 36, 4),
  field('meta_blkaddr', 40, 4),
  field('xattr_blkaddr', 44, 4),
  field('feature_incompat', 80, 4),
  field('available_compr_algs', 84, 2),
  field('extra_devices', 86, 2),
  field('devt_slotoff', 88, 2),
  field('dirblkbits', 90, 1),
  field('xattr_prefix_count', 91, 1),
  field('xattr_prefix_start', 92, 4),
  field('packed_nid', 96, 8),
  field('xattr_filter_reserved', 104, 1),
  field('build_time', 108, 4),
  field('rootnid_8b', 112, 8),
  field('metabox_nid', 128, 8),
];

const commonInode = [
  field('i_format', 0, 2),
  field('i_xattr_icount', 2, 2),
  field('i_mode', 4, 2),
  field('i_nb', 6, 2),
];
/** From the start of the inode, which has 32 or 64 bytes. */
export const inodeFields = {
  32: [
    ...commonInode,
    field('i_size', 8, 4),
    field('i_mtime', 12, 4),
    field('i_u', 16, 4),
    field('i_ino', 20, 4),
    field('i_uid', 24, 2),
    field('i_reserved', 28, 4),
  ],
  64: [
    ...commonInode,
    field('i_size', 8, 8),
    field('i_u', 16, 4),
    field('i_ino', 20, 4),
    field('i_uid', 24, 4),
    field('i_mtime', 32, 8),
    field('i_mtime_nsec', 40, 4),
    field('i_nlink', 44, 4),
  ],
} as const;

export const direntFields = [
  field('nid', 0, 8),
  field('nameoff', 8, 2),
  field('file_type', 10, 1),
  field('reserved', 11, 1),
];

export const attributeHeaderFields = [
  field('h_name_filter', 0, 4),
  field('h_shared_count', 4, 1),
  field('h_reserved2', 5, 1),
  field('h_shared_xattrs', 12, 4),
];

export const attributeEntryFields = [
  field('e_name_len', 0, 1),
  field('e_name_index', 1, 1),
  field('e_value_size', 2, 2),
];

export const mapHeaderFields = [
  field('h_fragmentoff', 0, 4),
  field('h_idata_size', 2, 2),
  field('h_advise', 4, 2),
  field('h_algorithmtype', 6, 1),
  field('h_clusterbits', 7, 1),
];

export function readField(image: Buffer, at: number, { offset, bytes }: Field): bigint {
  const place = at + offset;
  if (place + bytes > image.length) return 0n;
  return bytes === 8 ? image.readBigUInt64LE(place) : BigInt(image.readUIntLE(place, bytes));
}

export function writeField(image: Buffer, at: number, { offset, bytes }: Field, value: bigint): void {
  const place = at + offset;
  if (place + bytes > image.length) return;
  if (bytes === 8) image.writeBigUInt64LE(BigInt.asUintN(64, value), place);
  else image.writeUIntLE(Number(BigInt.asUintN(bytes * 8, value)), place, bytes);
}

/** Gives the field another value and says which. */
export function bendField(dice: Dice, image: Buffer, at: number, one: Field): string {
  const before = readField(image, at, one);
  const after = oddValue(dice, one.bytes * 8, before);
  writeField(image, at, one, after);
  return `${one.name} 0x${before.toString(16)} -> 0x${after.toString(16)}`;
}
