// SPDX-License-Identifier: GPL-2.0-only
/** The EROFS superblock, as fs/erofs/erofs_fs.h lays it out; pure. */

export const erofsMagicOffset = 1024;
const magic = 0xe0f5e1e2;
const superblockBytes = 128;

/** Bits of feature_incompat. Two share a bit: a compressed image with COMPR_CFGS may have big pclusters. */
export const erofsIncompat = {
  lz4ZeroPadding: 0x1,
  compressionConfigs: 0x2,
  bigPcluster: 0x2,
  chunkedFile: 0x4,
  deviceTable: 0x8,
  secondHead: 0x8,
  tailPacking: 0x10,
  fragments: 0x20,
  dedupe: 0x20,
  xattrPrefixes: 0x40,
} as const;

export interface ErofsSuperblock {
  readonly blockBits: number;
  readonly rootNid: number;
  readonly inodes: number;
  /** Seconds. */
  readonly buildTime: number;
  readonly blocks: number;
  readonly metaBlock: number;
  /** Where attributes lie that several inodes have. */
  readonly xattrBlock: number;
  readonly uuid: string;
  readonly featureCompat: number;
  readonly featureIncompat: number;
}

/** Whether an EROFS image starts at `offset` of the bytes. */
export function isErofs(bytes: Buffer, offset = 0): boolean {
  const at = offset + erofsMagicOffset;
  return offset >= 0 && at + superblockBytes <= bytes.length && bytes.readUInt32LE(at) === magic;
}

/** The superblock of an image whose first 1152 bytes (or more) these are; undefined when it is none. */
export function erofsSuperblock(bytes: Buffer): ErofsSuperblock | undefined {
  if (!isErofs(bytes)) return undefined;
  const at = erofsMagicOffset;
  return {
    blockBits: bytes[at + 12]!,
    rootNid: bytes.readUInt16LE(at + 14),
    inodes: Number(bytes.readBigUInt64LE(at + 16)),
    buildTime: Number(bytes.readBigUInt64LE(at + 24)),
    blocks: bytes.readUInt32LE(at + 36),
    metaBlock: bytes.readUInt32LE(at + 40),
    xattrBlock: bytes.readUInt32LE(at + 44),
    uuid: bytes.toString('hex', at + 48, at + 64).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
    featureCompat: bytes.readUInt32LE(at + 8),
    featureIncompat: bytes.readUInt32LE(at + 80),
  };
}
