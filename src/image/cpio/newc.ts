// SPDX-License-Identifier: GPL-2.0-only
/** Members of a newc archive, as Documentation/driver-api/early-userspace/buffer-format.rst describes them: bytes to
 *  records and back; pure. */
import { UserError } from '../../host/errors.ts';

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

export interface NewcMember extends NewcHeader {
  /** Of the header, in the archive. */
  readonly offset: number;
  /** As stored, without the final NUL. */
  readonly name: Buffer;
  readonly data: Buffer;
}

export const trailerName = 'TRAILER!!!';
export const largestNewcFile = 0xffff_ffff;
const headerBytes = 110;
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
/** The kernel's PATH_MAX: longer names and link targets it skips. */
const pathMax = 4096;

const align4 = (offset: number) => (offset + 3) & ~3;

/** Zero bytes that follow `bytes` bytes, up to the next multiple of four. */
export const paddingAfter = (bytes: number): number => (4 - (bytes % 4)) % 4;

/** Header, name and padding of a member; the data and its padding follow. */
export function formatNewcHeader(name: string, header: NewcHeader): Buffer {
  const bytes = Buffer.from(`${name}\0`);
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

/** Where an archive is damaged, in words that name the offset. */
export function damaged(what: string, offset: number, problem: string): UserError {
  return new UserError(`${what}: ${problem} at offset ${offset}`, {
    hint: 'the file is cut short or damaged, or no initramfs in newc format (cpio -o -H newc)',
  });
}

/** The members of the archive that starts at `start`, its trailer excluded. Returns the offset behind the trailer;
 *  an archive without a trailer ends with the bytes.
 *  @throws UserError with the offset when it is damaged; `what` names the archive */
export function* parseNewc(bytes: Buffer, start: number, what: string): Generator<NewcMember, number> {
  let offset = start;
  for (;;) {
    if (offset >= bytes.length) throw damaged(what, offset, 'the archive ends without a trailer');
    if (offset + headerBytes > bytes.length) throw damaged(what, offset, 'a header is cut short');
    const text = bytes.toString('latin1', offset, offset + headerBytes);
    if (!/^07070[12]/.test(text)) {
      const old = text.startsWith('070707')
        ? 'an old (odc) cpio header, which no kernel unpacks,'
        : 'no cpio header';
      throw damaged(what, offset, old);
    }
    if (!/^[0-9A-Fa-f]{104}$/.test(text.slice(6))) throw damaged(what, offset, 'a header is not hexadecimal');
    const field = (index: number) => Number.parseInt(text.slice(6 + index * 8, 14 + index * 8), 16);
    const header = Object.fromEntries(
      fieldNames.map((name, index) => [name, field(index)]),
    ) as unknown as NewcHeader;
    const nameSize = field(11);
    if (nameSize === 0 || nameSize > pathMax) throw damaged(what, offset, `a name of ${nameSize} bytes`);
    const nameStart = offset + headerBytes;
    const dataStart = align4(nameStart + nameSize - start) + start;
    const dataEnd = dataStart + header.filesize;
    if (dataEnd > bytes.length) {
      throw damaged(what, offset, `a member of ${header.filesize} bytes runs past the end of the archive`);
    }
    if (bytes[nameStart + nameSize - 1] !== 0) throw damaged(what, offset, 'a name without its final NUL');
    const stored = bytes.subarray(nameStart, nameStart + nameSize - 1);
    const name = stored.subarray(0, stored.indexOf(0) === -1 ? stored.length : stored.indexOf(0));
    const next = align4(dataEnd - start) + start;
    if (name.toString('latin1') === trailerName) return Math.min(next, bytes.length);
    yield { ...header, offset, name, data: bytes.subarray(dataStart, dataEnd) };
    offset = next;
  }
}
