// SPDX-License-Identifier: GPL-2.0-only
/** A GUID partition table (UEFI specification, chapter 5) as bytes; pure. Identifiers are fixed, so that the same
 *  partitions give the same disk. */
import { crc32 } from 'node:zlib';

export const sectorBytes = 512;
const entryBytes = 128;
const entries = 128;
/** Protective record, header and table; what lies behind starts at a mebibyte, as all partitioning tools have it. */
const tableSectors = (entries * entryBytes) / sectorBytes;
const alignment = 2 ** 20;

export const partitionTypes = {
  efi: 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b',
  linux: '0fc63daf-8483-4772-8e79-3d69d8477de4',
} as const;

export interface Partition {
  readonly type: keyof typeof partitionTypes;
  readonly bytes: number;
}

export interface DiskLayout {
  readonly bytes: number;
  /** Where each partition lies, whole sectors. */
  readonly partitions: readonly {
    readonly type: Partition['type'];
    readonly offset: number;
    readonly bytes: number;
  }[];
}

const up = (value: number, to: number) => Math.ceil(value / to) * to;

/** One behind the other, each at a mebibyte, room for the second table at the end. */
export function layOutDisk(partitions: readonly Partition[]): DiskLayout {
  let offset = alignment;
  const placed = partitions.map(({ type, bytes }) => {
    const own = { type, offset, bytes: up(bytes, sectorBytes) };
    offset = up(offset + own.bytes, alignment);
    return own;
  });
  return { bytes: offset + alignment, partitions: placed };
}

/** What to write at the start of the disk and at its end. */
export function partitionTables(layout: DiskLayout): { readonly front: Buffer; readonly back: Buffer } {
  const last = layout.bytes / sectorBytes - 1;
  const table = Buffer.alloc(entries * entryBytes);
  layout.partitions.forEach(({ type, offset, bytes }, index) => {
    const at = index * entryBytes;
    guid(partitionTypes[type]).copy(table, at);
    guid(`696e6974-6265-4e63-8000-00000000010${index.toString(16)}`).copy(table, at + 16);
    table.writeBigUInt64LE(BigInt(offset / sectorBytes), at + 32);
    table.writeBigUInt64LE(BigInt((offset + bytes) / sectorBytes - 1), at + 40);
  });
  const header = (own: number, other: number, tableAt: number) => {
    const bytes = Buffer.alloc(sectorBytes);
    bytes.write('EFI PART', 'latin1');
    bytes.writeUInt32LE(0x00010000, 8);
    bytes.writeUInt32LE(92, 12);
    const places = [own, other, 2 + tableSectors, last - tableSectors - 1];
    places.forEach((place, i) => bytes.writeBigUInt64LE(BigInt(place), 24 + 8 * i));
    guid('696e6974-6265-4e63-8000-000000000100').copy(bytes, 56);
    bytes.writeBigUInt64LE(BigInt(tableAt), 72);
    bytes.writeUInt32LE(entries, 80);
    bytes.writeUInt32LE(entryBytes, 84);
    bytes.writeUInt32LE(crc32(table), 88);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 92)), 16);
    return bytes;
  };
  return {
    front: Buffer.concat([protective(last), header(1, last, 2), table]),
    back: Buffer.concat([table, header(last, 1, last - tableSectors)]),
  };
}

/** A master boot record that says of the whole disk that it is taken. */
function protective(last: number): Buffer {
  const bytes = Buffer.alloc(sectorBytes);
  Buffer.from([0, 0, 2, 0, 0xee, 0xff, 0xff, 0xff]).copy(bytes, 446);
  bytes.writeUInt32LE(1, 454);
  bytes.writeUInt32LE(Math.min(last, 0xffff_ffff), 458);
  bytes.writeUInt16LE(0xaa55, 510);
  return bytes;
}

/** The first three groups are little-endian. */
function guid(text: string): Buffer {
  const bytes = Buffer.from(text.replaceAll('-', ''), 'hex');
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}
