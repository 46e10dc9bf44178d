// SPDX-License-Identifier: GPL-2.0-only
/** The list of files the probe reads, and its checksum, written anew from the words at the top of vm/reading.c. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';

/** A file by the bytes of its name. */
export interface ListedFile {
  readonly name: Buffer;
  readonly content: Buffer;
}

const slash = Buffer.from('/');

export const pathIn = (folder: string, name: Buffer): Buffer =>
  Buffer.concat([Buffer.from(folder), slash, name]);

export function escapePath(bytes: Buffer): string {
  return [...bytes]
    .map(byte =>
      byte > 0x20 && byte < 0x7f && byte !== 0x5c
        ? String.fromCharCode(byte)
        : `\\${byte.toString(8).padStart(3, '0')}`,
    )
    .join('');
}

/** Writes the files into `folder` and their list to the path returned. */
export function writePayload(folder: string, files: readonly ListedFile[]): string {
  for (const file of files) writeFileSync(pathIn(folder, file.name), file.content);
  const total = files.reduce((sum, file) => sum + file.content.length, 0);
  const paths = files.map(file => escapePath(pathIn(folder, file.name)));
  const list = path.join(folder, '.list');
  writeFileSync(list, `${[`total ${total}`, ...paths].join('\n')}\n`);
  return list;
}

const wrap = (value: bigint) => BigInt.asUintN(64, value);

/** The checksum of these contents, as printed. */
export function checksum(contents: readonly Buffer[]): string {
  let sum = 0n;
  const add = (word: bigint) => {
    sum = wrap((wrap((sum << 13n) | (sum >> 51n)) ^ word) + 0x9e3779b97f4a7c15n);
  };
  for (const content of contents) {
    const filled = Buffer.concat([content, Buffer.alloc((8 - (content.length % 8)) % 8)]);
    for (let at = 0; at < filled.length; at += 8) add(filled.readBigUInt64LE(at));
    add(BigInt(content.length));
  }
  return sum.toString(16).padStart(16, '0');
}

/** What a mark says that is passed as soon as `percent` of all bytes are read. */
export function markAt(files: readonly ListedFile[], percent: number) {
  const total = files.reduce((sum, file) => sum + file.content.length, 0);
  const read: Buffer[] = [];
  let bytes = 0;
  for (const { content } of files) {
    if (bytes * 100 >= total * percent) break;
    read.push(content);
    bytes += content.length;
  }
  return { percent: `${percent}`, files: `${read.length}`, bytes: `${bytes}`, sum: checksum(read) };
}
