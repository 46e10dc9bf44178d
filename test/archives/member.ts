// SPDX-License-Identifier: GPL-2.0-only
/** Members of archives as one may write them, right or wrong; what the tests have of newc shares nothing with src/. */
import { execFileSync } from 'node:child_process';
import { gzipSync } from 'node:zlib';

export const types = {
  fifo: 0o010000,
  char: 0o020000,
  dir: 0o040000,
  block: 0o060000,
  file: 0o100000,
  symlink: 0o120000,
  socket: 0o140000,
} as const;

/** Whatever is left out is right. Names are bytes, one per character. */
export interface Member {
  readonly name: string;
  readonly mode: number;
  readonly data?: Buffer;
  readonly magic?: string;
  readonly ino?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly nlink?: number;
  readonly mtime?: number;
  readonly filesize?: number;
  readonly major?: number;
  readonly minor?: number;
  readonly rmajor?: number;
  readonly rminor?: number;
  readonly namesize?: number;
  readonly check?: number;
  /** Stands for name, NUL and what follows it up to the data. */
  readonly rawName?: Buffer;
  readonly lowerCase?: boolean;
}

const up = (bytes: number) => (4 - (bytes % 4)) % 4;
export const zeros = (count: number): Buffer => Buffer.alloc(count);
/** Zeros up to a multiple, and more. */
export const padded = (bytes: Buffer, multiple = 4, more = 0): Buffer =>
  Buffer.concat([bytes, zeros(((multiple - (bytes.length % multiple)) % multiple) + more)]);

export const sumOf = (bytes: Buffer): number => bytes.reduce((sum, byte) => (sum + byte) >>> 0, 0);

export function encode(member: Member): Buffer {
  const { name, data = Buffer.alloc(0), magic = '070701' } = member;
  const checked = magic === '070702' && (member.mode & 0o170000) === types.file;
  const fields = [
    ...[member.ino ?? 0, member.mode, member.uid ?? 0, member.gid ?? 0, member.nlink ?? 1],
    ...[member.mtime ?? 0, member.filesize ?? data.length, member.major ?? 0, member.minor ?? 0],
    ...[member.rmajor ?? 0, member.rminor ?? 0, member.namesize ?? name.length + 1],
    member.check ?? (checked ? sumOf(data) : 0),
  ];
  const digits = fields.map(field => (field >>> 0).toString(16).padStart(8, '0')).join('');
  const header = Buffer.from(magic + (member.lowerCase ? digits : digits.toUpperCase()), 'latin1');
  const text = Buffer.from(`${name}\0`, 'latin1');
  const stored = member.rawName ?? Buffer.concat([text, zeros(up(header.length + text.length))]);
  return Buffer.concat([header, stored, data, zeros(up(data.length))]);
}

export const trailer = (more: Partial<Member> = {}): Buffer =>
  encode({ name: 'TRAILER!!!', mode: 0, ...more });

/** With a trailer. */
export const archive = (...members: readonly Member[]): Buffer =>
  Buffer.concat([...members.map(encode), trailer()]);
export const bare = (...members: readonly Member[]): Buffer => Buffer.concat(members.map(encode));

type More = Partial<Member>;
export const file = (name: string, data: string | Buffer = '', more: More = {}): Member => ({
  ...{ name, mode: types.file | 0o644, data: typeof data === 'string' ? Buffer.from(data, 'latin1') : data },
  ...more,
});
export const dir = (name: string, more: More = {}): Member => ({ name, mode: types.dir | 0o755, ...more });
export const link = (name: string, target: string, more: More = {}): Member => ({
  ...{ name, mode: types.symlink | 0o777, data: Buffer.from(target, 'latin1') },
  ...more,
});
export const node = (name: string, type: number, rmajor = 0, rminor = 0, more: More = {}): Member => ({
  ...{ name, mode: type | 0o600, rmajor, rminor },
  ...more,
});

const run = (argv: readonly string[], input: Buffer): Buffer =>
  execFileSync(argv[0]!, argv.slice(1), { input, maxBuffer: 2 ** 30, stdio: ['pipe', 'pipe', 'pipe'] });

/** By the programs that people have, as a kernel wants it. */
export const pack = {
  gzip: (bytes: Buffer, ...more: string[]) =>
    more.length > 0 ? run(['gzip', '-c', ...more], bytes) : gzipSync(bytes),
  bzip2: (bytes: Buffer, ...more: string[]) => run(['bzip2', '-c', ...more], bytes),
  lzma: (bytes: Buffer, ...more: string[]) => run(['xz', '-c', '--format=lzma', '-1', ...more], bytes),
  xz: (bytes: Buffer, ...more: string[]) => run(['xz', '-c', '-1', '--check=crc32', ...more], bytes),
  lzo: (bytes: Buffer, ...more: string[]) => run(['lzop', '-c', ...more], bytes),
  lz4: (bytes: Buffer, ...more: string[]) => run(['lz4', '-l', '-c', '-q', ...more], bytes),
  zstd: (bytes: Buffer, ...more: string[]) => run(['zstd', '-c', '-q', ...more], bytes),
} as const;
export type Packer = keyof typeof pack;
export const packers = Object.keys(pack) as Packer[];
