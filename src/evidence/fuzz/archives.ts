// SPDX-License-Identifier: GPL-2.0-only
/** The cpio archives around an image: the walker as /init, alone or with more, sound or broken; pure. */
import { formatNewcHeader, formatTrailer, type NewcHeader, paddingAfter } from '../../image/archive/newc.ts';
import type { Dice } from './dice.ts';

export interface Member {
  readonly name: string;
  /** With format bits. */
  readonly mode: number;
  readonly data: Buffer;
}

const zero: NewcHeader = {
  ...{ ino: 0, mode: 0, uid: 0, gid: 0, nlink: 1, mtime: 0, filesize: 0 },
  ...{ major: 0, minor: 0, rmajor: 0, rminor: 0 },
};

/** A newc archive; without its trailer it can be gone on with. */
export function archiveOf(members: readonly Member[], trailer = true): Buffer {
  const parts = members.flatMap(({ name, mode, data }, index) => [
    formatNewcHeader(name, { ...zero, ino: index + 1, mode, filesize: data.length }),
    data,
    Buffer.alloc(paddingAfter(data.length)),
  ]);
  return Buffer.concat([...parts, ...(trailer ? [formatTrailer()] : [])]);
}

export const initMember = (walker: Buffer): Member => ({ name: 'init', mode: 0o100755, data: walker });
export const fileMember = (name: string, data: Buffer): Member => ({ name, mode: 0o100644, data });
export const folderMember = (name: string): Member => ({
  name,
  mode: 0o040755,
  data: Buffer.alloc(0),
});

/** Zeros up to the next multiple. */
export const zerosAfter = (bytes: number, multiple: number): Buffer =>
  Buffer.alloc((multiple - (bytes % multiple)) % multiple);

/** Header fields, each of eight hexadecimal digits, from the magic on. */
const headerFields = {
  ...{ ino: 6, mode: 14, uid: 22, gid: 30, nlink: 38, mtime: 46, filesize: 54, major: 62, minor: 70 },
  ...{ rmajor: 78, rminor: 86, namesize: 94, check: 102 },
} as const;
type FieldName = keyof typeof headerFields;

/** Breaks one header of an archive and says how. */
export function breakArchive(dice: Dice, archive: Buffer): { bytes: Buffer; did: string } {
  const bytes = Buffer.from(archive);
  const headers: number[] = [];
  for (let at = bytes.indexOf('070701'); at >= 0; at = bytes.indexOf('070701', at + 1)) headers.push(at);
  const at = dice.of(headers);
  const set = (name: FieldName, value: number) => {
    bytes.write((value >>> 0).toString(16).padStart(8, '0'), at + headerFields[name], 'latin1');
    return { bytes, did: `${name} of the header at ${at} = 0x${(value >>> 0).toString(16)}` };
  };
  switch (dice.below(8)) {
    case 0:
      // into what follows the archive, or past the end of all
      return set('filesize', dice.of([archive.length, archive.length + 4096, 2 ** 31, 2 ** 32 - 1, 2 ** 20]));
    case 1:
      return set('namesize', dice.of([0, 1, 2, 4095, 4096, 4097, 65536, 2 ** 32 - 1]));
    case 2:
      return set('mode', dice.of([0, 0o120777, 0o060600, 0o010644, 0o170000, 2 ** 32 - 1]));
    case 3:
      return set(dice.of(Object.keys(headerFields) as FieldName[]), dice.below(2 ** 32));
    case 4: {
      const place = at + dice.below(110);
      bytes[place] = dice.of([0, 0x20, 0x67, 0xff, dice.below(256)]);
      return { bytes, did: `byte ${place} of the archive = ${bytes[place]}` };
    }
    case 5: {
      const left = dice.below(bytes.length);
      return { bytes: bytes.subarray(0, left), did: `archive cut to ${left} bytes` };
    }
    case 6: {
      const place = at + 110;
      dice.bytes(4).copy(bytes, place);
      return { bytes, did: `name at ${place} replaced` };
    }
    default: {
      const trailer = bytes.lastIndexOf('TRAILER!!!');
      bytes.fill(0x58, trailer, trailer + 10);
      return { bytes, did: 'no trailer' };
    }
  }
}
