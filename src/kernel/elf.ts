// SPDX-License-Identifier: GPL-2.0-only
/** What is loaded of a linked file (elf(5)); 64 bits, little endian. Pure. */

export interface Segment {
  /** In the file, and how much of it. */
  readonly offset: number;
  readonly bytes: number;
  readonly address: bigint;
}

const loaded = 1;

/** `header`: the file, or its beginning with the program headers. @throws RangeError when it is cut off */
export function segmentsOf(header: Buffer): Segment[] {
  const at = Number(header.readBigUInt64LE(0x20));
  const [size, count] = [header.readUInt16LE(0x36), header.readUInt16LE(0x38)];
  return Array.from({ length: count }, (_, index) => header.subarray(at + index * size))
    .filter(entry => entry.readUInt32LE(0) === loaded)
    .map(entry => ({
      offset: Number(entry.readBigUInt64LE(8)),
      address: entry.readBigUInt64LE(16),
      bytes: Number(entry.readBigUInt64LE(32)),
    }));
}
