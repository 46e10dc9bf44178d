// SPDX-License-Identifier: GPL-2.0-only
/** The smallest EROFS image: one block with a superblock, a root directory and a file in it. An initrd can hold many. */
import { sealErofs } from '../../image/erofs/checksum.ts';
import { layouts } from '../../image/erofs/inodes.ts';
import { erofsMagicOffset } from '../../image/erofs/superblock.ts';

const blockBits = 12;
const rootOffset = erofsMagicOffset + 128;
const fileOffset = rootOffset + 160;

function putInode(image: Buffer, at: number, mode: number, content: Buffer): void {
  image.writeUInt16LE(layouts.flatInline << 1, at);
  image.writeUInt16LE(mode, at + 4);
  image.writeUInt16LE(1, at + 6);
  image.writeUInt32LE(content.length, at + 8);
  content.copy(image, at + 32);
}

/** `name` comes behind `..` in bytewise order, and has at most 32 bytes. */
export function miniImage(name: string): Buffer {
  const image = Buffer.alloc(2 ** blockBits);
  const at = erofsMagicOffset;
  image.writeUInt32LE(0xe0f5e1e2, at);
  image.writeUInt32LE(1, at + 8);
  image[at + 12] = blockBits;
  image.writeUInt16LE(rootOffset / 32, at + 14);
  image.writeBigUInt64LE(2n, at + 16);
  image.writeUInt32LE(1, at + 36);

  const names = ['.', '..', name];
  const nids = [rootOffset, rootOffset, fileOffset].map(offset => BigInt(offset / 32));
  const table = Buffer.alloc(12 * names.length);
  let nameOffset = table.length;
  for (const [index, text] of names.entries()) {
    table.writeBigUInt64LE(nids[index]!, index * 12);
    table.writeUInt16LE(nameOffset, index * 12 + 8);
    table[index * 12 + 10] = index === 2 ? 1 : 2;
    nameOffset += text.length;
  }
  putInode(image, rootOffset, 0o040755, Buffer.concat([table, Buffer.from(names.join(''))]));
  putInode(image, fileOffset, 0o100644, Buffer.from(`the file of the image with ${name}\n`));
  sealErofs(image);
  return image;
}
