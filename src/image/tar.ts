// SPDX-License-Identifier: GPL-2.0-only
/** Reader of tar archives: ustar with pax records (POSIX.1-2008, pax "ustar Interchange Format") and GNU long names;
 *  pure. */
import { UserError } from '../host/errors.ts';

export interface TarMember {
  /** Without leading './' or '/', and without a final '/'. */
  readonly path: string;
  readonly kind: 'file' | 'dir' | 'symlink' | 'char' | 'block' | 'fifo' | 'link';
  /** Permissions only. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds. */
  readonly mtime: number;
  /** Symlinks: as stored. Hard links: a path as above. */
  readonly target: string;
  readonly major: number;
  readonly minor: number;
  readonly data: Buffer;
}

const blockBytes = 512;
const kinds: Readonly<Record<string, TarMember['kind']>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'char',
  '4': 'block',
  '5': 'dir',
  '6': 'fifo',
};

/** @throws UserError with the offset when the archive is damaged; `what` names it */
export function* parseTar(bytes: Buffer, what: string): Generator<TarMember> {
  let overrides: Record<string, string> = {};
  for (let at = 0; ;) {
    if (at + blockBytes > bytes.length) throw damagedTar(what, 'no end of the archive', at);
    const header = bytes.subarray(at, at + blockBytes);
    if (header.every(byte => byte === 0)) return;
    const bad = (problem: string) => damagedTar(what, problem, at);
    if (number(header, 148, 8) !== checksum(header)) throw bad('a header with a wrong checksum');
    const size = overrides.size === undefined ? number(header, 124, 12) : Number(overrides.size);
    const start = at + blockBytes;
    if (!(size >= 0) || start + size > bytes.length) throw bad(`a member of ${size} bytes past the end`);
    const data = bytes.subarray(start, start + size);
    const type = String.fromCharCode(header[156]!);
    at = start + Math.ceil(size / blockBytes) * blockBytes;
    if (type === 'L') overrides.path = text(data, 0, data.length);
    else if (type === 'K') overrides.linkpath = text(data, 0, data.length);
    else if (type === 'x') overrides = { ...overrides, ...paxRecords(data) };
    else if (type !== 'g') {
      const kind = kinds[type];
      if (!kind) throw bad(`a member of unknown type '${type}'`);
      yield memberOf(header, kind, overrides, data);
      overrides = {};
    }
  }
}

function damagedTar(what: string, problem: string, offset: number): UserError {
  return new UserError(`${what}: ${problem} at offset ${offset}`, {
    hint: 'the archive is cut short or damaged',
  });
}

function memberOf(
  header: Buffer,
  kind: TarMember['kind'],
  overrides: Readonly<Record<string, string>>,
  data: Buffer,
): TarMember {
  const prefix = header.toString('latin1', 257, 263) === 'ustar\0' ? text(header, 345, 155) : '';
  const name = text(header, 0, 100);
  const target = overrides.linkpath ?? text(header, 157, 100);
  return {
    path: relative(overrides.path ?? (prefix ? `${prefix}/${name}` : name)),
    kind,
    mode: number(header, 100, 8) & 0o7777,
    uid: Number(overrides.uid ?? number(header, 108, 8)),
    gid: Number(overrides.gid ?? number(header, 116, 8)),
    mtime: Math.floor(Number(overrides.mtime ?? number(header, 136, 12))),
    target: kind === 'link' ? relative(target) : target,
    major: number(header, 329, 8),
    minor: number(header, 337, 8),
    data,
  };
}

const relative = (name: string) =>
  name
    .split('/')
    .filter(part => part !== '' && part !== '.')
    .join('/');

function text(bytes: Buffer, start: number, length: number): string {
  const end = bytes.indexOf(0, start);
  return bytes.toString('utf8', start, end === -1 || end > start + length ? start + length : end);
}

/** Octal digits, or GNU's binary numbers when the first bit is set. */
function number(header: Buffer, start: number, length: number): number {
  if (header[start]! & 0x80)
    return Number(BigInt(`0x${header.toString('hex', start + length - 8, start + length)}`));
  const digits = text(header, start, length).trim();
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

function checksum(header: Buffer): number {
  let sum = 8 * 0x20;
  for (const [index, byte] of header.entries()) if (index < 148 || index >= 156) sum += byte;
  return sum;
}

function paxRecords(data: Buffer): Record<string, string> {
  const records: Record<string, string> = {};
  for (let at = 0; at < data.length;) {
    const space = data.indexOf(0x20, at);
    const length = Number(data.toString('latin1', at, space));
    if (space === -1 || !(length > 0)) return records;
    const record = data.toString('utf8', space + 1, at + length - 1);
    const equals = record.indexOf('=');
    records[record.slice(0, equals)] = record.slice(equals + 1);
    at += length;
  }
  return records;
}
