// SPDX-License-Identifier: GPL-2.0-only
/** Reads a tar stream entry by entry: ustar and pax of POSIX.1-2001, with GNU's long names. */
import { UserError } from '../host/errors.ts';

/** Names are bytes, kept one per character (latin1): a tar says nothing of their encoding. */
export interface TarEntry {
  readonly name: string;
  readonly kind: 'file' | 'symlink' | 'hardlink' | 'directory' | 'other';
  readonly mode: number;
  /** Target of a link. */
  readonly link: string;
  readonly data: Buffer;
}

/** Nothing in a source tree is as large; such an entry is not worth holding in memory. */
const largestEntryBytes = 2 ** 29;
const block = 512;

const kinds: Readonly<Record<string, TarEntry['kind']>> = {
  '\0': 'file',
  '0': 'file',
  '7': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '5': 'directory',
};

/** The entries in the order they lie. @throws UserError when the stream is not a tar, or ends within an entry */
export async function* tarEntries(stream: AsyncIterable<Buffer>): AsyncGenerator<TarEntry, void, void> {
  const take = reader(stream);
  let next: { name?: string; link?: string; size?: number } = {};
  for (;;) {
    const header = await take(block);
    if (!header) return;
    if (header.every(byte => byte === 0)) {
      // Padding follows to the end of tar's record: a program behind the stream ends when it is read.
      while (await take(2 ** 20));
      return;
    }
    if (header.length < block || checksum(header) !== number(header, 148, 8)) throw notTar();
    const type = String.fromCharCode(header[156]!);
    const size = (/[xgLK]/.test(type) ? undefined : next.size) ?? number(header, 124, 12);
    if (!(size >= 0 && size <= largestEntryBytes)) throw notTar();
    const data = size > 0 ? await take(size) : Buffer.alloc(0);
    if (!data || data.length < size) throw cutShort();
    const padding = (block - (size % block)) % block;
    if (padding > 0 && (await take(padding))?.length !== padding) throw cutShort();
    if (type === 'x') next = { ...next, ...paxRecords(data) };
    else if (type === 'L') next = { ...next, name: text(data, 0, data.length) };
    else if (type === 'K') next = { ...next, link: text(data, 0, data.length) };
    else if (type !== 'g') {
      yield {
        name: next.name ?? headerName(header),
        kind: kinds[type] ?? 'other',
        mode: number(header, 100, 8),
        link: next.link ?? text(header, 157, 100),
        data,
      };
      next = {};
    }
  }
}

/** take(n): the next n bytes, fewer at the end, undefined after it. */
function reader(stream: AsyncIterable<Buffer>): (bytes: number) => Promise<Buffer | undefined> {
  const source = stream[Symbol.asyncIterator]();
  const chunks: Buffer[] = [];
  let held = 0;
  return async bytes => {
    while (held < bytes) {
      const next = await source.next();
      if (next.done) break;
      chunks.push(next.value);
      held += next.value.length;
    }
    if (held === 0) return undefined;
    const parts: Buffer[] = [];
    let wanted = Math.min(bytes, held);
    held -= wanted;
    while (wanted > 0) {
      const first = chunks[0]!;
      parts.push(first.subarray(0, wanted));
      if (first.length > wanted) chunks[0] = first.subarray(wanted);
      else chunks.shift();
      wanted -= parts.at(-1)!.length;
    }
    return parts.length === 1 ? parts[0] : Buffer.concat(parts);
  };
}

function text(buffer: Buffer, offset: number, length: number): string {
  const end = buffer.indexOf(0, offset);
  return buffer.toString('latin1', offset, end < 0 ? offset + length : Math.min(end, offset + length));
}

/** An octal field, or GNU's base 256 when its first bit is set. NaN when it is neither. */
function number(header: Buffer, offset: number, length: number): number {
  if (header[offset]! & 0x80) {
    return header.subarray(offset + 1, offset + length).reduce((sum, byte) => sum * 256 + byte, 0);
  }
  const digits = text(header, offset, length).trim();
  return digits === '' ? 0 : /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
}

/** The sum of all header bytes, the checksum's own field taken as blanks. */
function checksum(header: Buffer): number {
  let sum = 8 * 0x20;
  for (let i = 0; i < block; i++) if (i < 148 || i >= 156) sum += header[i]!;
  return sum;
}

/** Old GNU archives have no prefix field: their magic ends in a blank, POSIX's in a NUL. */
function headerName(header: Buffer): string {
  const prefix = header.toString('latin1', 257, 263) === 'ustar\0' ? text(header, 345, 155) : '';
  return (prefix ? `${prefix}/` : '') + text(header, 0, 100);
}

/** '<length> <key>=<value>\n' records of a pax header. */
function paxRecords(data: Buffer): { name?: string; link?: string; size?: number } {
  const records: { name?: string; link?: string; size?: number } = {};
  let at = 0;
  while (at < data.length) {
    const blank = data.indexOf(0x20, at);
    const length = Number(data.toString('latin1', at, blank));
    if (blank < 0 || !(length > blank - at + 1)) throw notTar();
    const record = data.toString('latin1', blank + 1, at + length - 1);
    const [key, value] = [record.slice(0, record.indexOf('=')), record.slice(record.indexOf('=') + 1)];
    if (key === 'path') records.name = value;
    if (key === 'linkpath') records.link = value;
    if (key === 'size') records.size = Number(value);
    at += length;
  }
  return records;
}

const notTar = () =>
  new UserError('it is not a tar archive', { hint: 'name a .tar, .tar.gz, .tar.xz or .tar.zst' });
const cutShort = () => new UserError('the archive ends in the middle of a file', { hint: 'fetch it again' });
