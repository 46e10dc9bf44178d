// SPDX-License-Identifier: GPL-2.0-only
/** Headers of newc archives, as Documentation/driver-api/early-userspace/buffer-format.rst describes them: bytes to
 *  records and back; pure. */

export interface NewcHeader {
  readonly ino: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly nlink: number;
  readonly mtime: number;
  readonly filesize: number;
  readonly major: number;
  readonly minor: number;
  readonly rmajor: number;
  readonly rminor: number;
}

export interface HeaderFields extends NewcHeader {
  readonly namesize: number;
  /** Of the data, in archives that start with 070702. */
  readonly check: number;
}

export const trailerName = 'TRAILER!!!';
export const largestNewcFile = 0xffff_ffff;
export const headerBytes = 110;
const fieldNames = [
  'ino',
  'mode',
  'uid',
  'gid',
  'nlink',
  'mtime',
  'filesize',
  'major',
  'minor',
  'rmajor',
  'rminor',
] as const;

/** Zero bytes that follow `bytes` bytes, up to the next multiple of four. */
export const paddingAfter = (bytes: number): number => (4 - (bytes % 4)) % 4;

/** Header, name and padding of a member; the data and its padding follow. The name is bytes, one per character. */
export function formatNewcHeader(name: string, header: NewcHeader): Buffer {
  const bytes = Buffer.from(`${name}\0`, 'latin1');
  const fields = [...fieldNames.map(field => header[field]), bytes.length, 0];
  const text = `070701${fields.map(value => value.toString(16).toUpperCase().padStart(8, '0')).join('')}`;
  const size = headerBytes + bytes.length;
  return Buffer.concat([Buffer.from(text), bytes], size + paddingAfter(size));
}

/** The member that ends an archive. */
export function formatTrailer(): Buffer {
  const zero = Object.fromEntries(fieldNames.map(field => [field, 0])) as Record<
    (typeof fieldNames)[number],
    number
  >;
  return formatNewcHeader(trailerName, { ...zero, nlink: 1 });
}

const storedNames = [...fieldNames, 'namesize', 'check'] as const;

/** The fields of a header, its magic left aside; undefined when they are not hexadecimal. The mode has 16 bits. */
export function parseFields(header: Buffer): HeaderFields | undefined {
  const text = header.toString('latin1', 6, headerBytes);
  if (!/^[0-9A-Fa-f]{104}$/.test(text)) return undefined;
  const fields = storedNames.map((name, index) => [
    name,
    Number.parseInt(text.slice(index * 8, index * 8 + 8), 16),
  ]);
  const parsed = Object.fromEntries(fields) as unknown as HeaderFields;
  return { ...parsed, mode: parsed.mode & 0xffff };
}
