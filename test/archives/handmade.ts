// SPDX-License-Identifier: GPL-2.0-only
/** Archives made by hand, one for each rule of init/initramfs.c and lib/decompress*.c, and for what people do to them. */
import {
  archive,
  bare,
  dir,
  encode,
  file,
  link,
  type Member,
  node,
  pack,
  padded,
  packers,
  sumOf,
  trailer,
  types,
  zeros,
} from './member.ts';

export interface Case {
  readonly name: string;
  readonly bytes: Buffer;
  /** Not in front of the archive that lists: it is no whole archive. */
  readonly behind?: true;
  /** Damaged inside a compressed stream: how much of it a decompressor gives before it notices is its own affair, and
   *  so the answer is compared, not what is left. */
  readonly damaged?: true;
}

const concat = (parts: readonly Buffer[]): Buffer => Buffer.concat(parts);
const text = (bytes: number, seed = 1): Buffer =>
  Buffer.from(Array.from({ length: bytes }, (_, at) => 32 + ((at * at * seed + at) % 90)));
const endingIn = (bytes: Buffer, end: Buffer): Buffer =>
  concat([bytes.subarray(0, bytes.length - end.length), end]);
const long = (bytes: number, letter = 'n') => letter.repeat(bytes);

const small = archive(dir('d'), file('d/f', 'content'), link('l', 'd/f'));
const other = archive(file('other', 'more'), dir('e'), file('e/x', text(5000)));

function plain(): Record<string, Buffer> {
  const shared = { ino: 7, nlink: 3, major: 8, minor: 1 };
  return {
    'no trailer': bare(dir('d'), file('d/f', 'x')),
    'no trailer, then zeros': padded(bare(file('f', 'x')), 512),
    'two trailers': concat([archive(file('a', '1')), trailer(), archive(file('b', '2'))]),
    'a trailer with data': concat([
      bare(file('a', '1')),
      trailer({ mode: types.file, data: Buffer.from('xyz') }),
      archive(file('b', '2')),
    ]),
    'a trailer that is not a file and has data': concat([
      trailer({ data: Buffer.from('xyz') }),
      archive(file('b')),
    ]),
    'archives back to back': concat([small, other, archive(file('other', 'last'))]),
    'zeros between them, a multiple of four': concat([small, zeros(12), other]),
    'zeros between them, no multiple of four': concat([small, zeros(13), other]),
    'zeros in front': concat([zeros(64), small]),
    'zeros in front, no multiple of four': concat([zeros(3), small]),
    'zeros behind': concat([small, zeros(7)]),
    nothing: Buffer.alloc(0),
    'nothing but zeros': zeros(100),
    'crc, right sums': concat([
      encode(file('a', text(3000), { magic: '070702' })),
      encode(dir('d', { magic: '070702' })),
      encode(file('d/e', '', { magic: '070702' })),
      encode(link('l', 'x', { magic: '070702' })),
      trailer({ magic: '070702' }),
    ]),
    'crc, a wrong sum': archive(
      file('a', 'right', { magic: '070702' }),
      file('b', 'wrong', { magic: '070702', check: 1 }),
      file('c', 'never'),
    ),
    'crc, a sum for no data': archive(file('a', '', { magic: '070702', check: 5 }), file('b')),
    'crc, a wrong sum on a symlink': archive(link('l', 'x', { magic: '070702', check: 99 }), file('b')),
    'crc, a wrong sum on a directory and a device': archive(
      dir('d', { magic: '070702', check: 99 }),
      node('n', types.char, 1, 3, { magic: '070702', check: 99 }),
      file('b'),
    ),
    'crc, a sum that overflows': archive(file('a', Buffer.alloc(200_000, 0xff), { magic: '070702' })),
    'crc, hard links with the sum on the one that has the data': archive(
      file('a', '', { magic: '070702', ...shared, check: 0 }),
      file('b', 'data', { magic: '070702', ...shared }),
      file('c', '', { magic: '070702', ...shared, check: 0 }),
    ),
    'crc, hard links with the sum on all': archive(
      file('a', '', { magic: '070702', ...shared, check: sumOf(Buffer.from('data')) }),
      file('b', 'data', { magic: '070702', ...shared }),
    ),
    'crc and newc mixed': archive(
      file('a', 'x', { magic: '070702' }),
      file('b', 'y', { check: 77 }),
      file('c', 'z', { magic: '070702' }),
    ),
    'lower-case hexadecimal': archive(
      file('a', text(300), { lowerCase: true, mode: types.file | 0o755, uid: 0xabcdef }),
    ),
    'a header that is not hexadecimal': concat([
      small,
      Buffer.from(encode(file('x', 'y'))).fill('g', 20, 21),
    ]),
    odc: concat([small, Buffer.from(`070707${'0'.repeat(70)}`)]),
    'old binary cpio': concat([small, Buffer.from('c771', 'hex'), zeros(40)]),
    'another magic number': concat([small, encode(file('x', '', { magic: '070703' }))]),
    'a single 0': concat([small, Buffer.from('0')]),
    text: concat([small, Buffer.from('#!/bin/sh\n')]),
    'a header that is cut': concat([small, encode(file('cut', 'abcdef')).subarray(0, 80)]),
    'a name that is cut': concat([small, encode(file('a-long-name-that-is-cut', 'abcdef')).subarray(0, 120)]),
    'data that is cut': concat([small, encode(file('cut', text(5000), { mtime: 5 })).subarray(0, 2000)]),
    'a symlink that is cut': concat([small, encode(link('cut', long(100))).subarray(0, 150)]),
    'a file larger than the rest': concat([
      small,
      encode(file('large', 'abc', { filesize: 1 << 20 })),
      small,
    ]),
    'padding that is missing at the end': concat([small, encode(file('f', 'abcde')).subarray(0, -3)]),
    'padding with something in it': concat([
      small,
      endingIn(encode(file('f', 'a')), Buffer.from('AAA')),
      other,
    ]),
    modes: archive(
      ...[0, 0o4755, 0o2755, 0o1777, 0o7777, 0o6000, 0o1].flatMap((mode, at) => [
        file(`f${at}`, 'x', { mode: types.file | mode }),
        dir(`d${at}`, { mode: types.dir | mode }),
        node(`p${at}`, types.fifo, 0, 0, { mode: types.fifo | mode }),
      ]),
    ),
    'more than 16 bits of mode': archive(
      file('f', 'x', { mode: 0x1230000 | types.file | 0o640 }),
      dir('d', { mode: 0xffff0000 | types.dir | 0o750 }),
    ),
    owners: archive(
      ...[0, 1, 1000, 65534, 65535, 65536, 0x7fffffff, 0xfffffffe, 0xffffffff].flatMap((id, at) => [
        file(`f${at}`, '', { uid: id, gid: id }),
        dir(`d${at}`, { uid: id }),
        link(`l${at}`, 'x', { gid: id }),
        node(`n${at}`, types.block, 7, 0, { uid: id, gid: id }),
      ]),
    ),
    'owner -1 keeps what is there': archive(
      file('f', 'x', { uid: 5, gid: 6 }),
      file('f', 'y', { uid: 0xffffffff, gid: 7 }),
      dir('d', { uid: 3, gid: 4 }),
      dir('d', { uid: 8, gid: 0xffffffff }),
    ),
    'a set-group-ID directory': archive(
      dir('d', { mode: types.dir | 0o2775, gid: 50 }),
      file('d/f', 'x', { gid: 0xffffffff }),
      dir('d/e', { gid: 0xffffffff }),
      link('d/l', 'x', { gid: 0xffffffff }),
      node('d/n', types.fifo, 0, 0, { gid: 0xffffffff }),
      file('d/own', '', { gid: 9 }),
    ),
    'setuid survives data, owner and a second name': archive(
      file('s', text(9000), { mode: types.file | 0o6755, uid: 1000, ...shared }),
      file('t', text(100), { mode: types.file | 0o6711, uid: 1001, ...shared }),
    ),
    'device numbers': archive(
      ...[
        [0, 0],
        [1, 3],
        [4, 64],
        [255, 255],
        [254, 70000],
        [4095, 1048575],
        [4096, 0],
        [1, 0x100000],
        [0xffffffff, 0xffffffff],
      ].flatMap(([major, minor], at) => [
        node(`c${at}`, types.char, major, minor),
        node(`b${at}`, types.block, major, minor),
      ]),
    ),
    'device numbers of what is not a device': archive(
      node('p', types.fifo, 5, 1),
      node('s', types.socket, 5, 1),
      file('f', '', { rmajor: 5 }),
      dir('d', { rminor: 5 }),
    ),
    'a device that is there already': archive(
      node('n', types.char, 1, 3),
      node('n', types.char, 1, 5, { uid: 5, mode: types.char | 0o666 }),
      node('dev/console', types.char, 1, 3),
    ),
    'data of what has none': archive(
      dir('d', { data: Buffer.from('abc') }),
      node('n', types.char, 1, 3, { data: Buffer.from('abc') }),
      file('after'),
    ),
    'types that are none': archive(
      file('f', 'x'),
      dir('d'),
      file('a', '', { mode: 0o644 }),
      file('b', '', { mode: 0o150644 }),
      file('c', '', { mode: 0o170644 }),
      file('f', '', { mode: 0o150644 }),
      file('after'),
    ),
    'types that are none, with data': archive(file('a', 'data', { mode: 0o644 }), file('after', 'x')),
    'a name size of nothing': concat([
      small,
      encode(file('', 'abc', { namesize: 0, rawName: zeros(2) })),
      other,
    ]),
    'a name of one NUL': archive(
      file('', 'abc'),
      dir('', { mode: types.dir | 0o711, uid: 3 }),
      link('', 'x'),
      node('', types.fifo),
    ),
    NAME_MAX: archive(file(long(255), 'x'), dir(long(255, 'd')), link(long(255, 'l'), 'x'), file('after')),
    'more than NAME_MAX': archive(
      file(long(256), 'x'),
      dir(long(256, 'd')),
      file(`${long(256, 'd')}/x`),
      link(long(256, 'l'), 'x'),
      node(long(256, 'p'), types.fifo),
      file(`${long(300)}/x`),
      file('after'),
    ),
    PATH_MAX: archive(
      ...deep(15).members,
      file(`${deep(15).path}/${long(4095 - deep(15).path.length - 1)}`, 'x'),
      file('after'),
    ),
    'more than PATH_MAX': archive(
      ...deep(15).members,
      file(`${deep(15).path}/${long(4096 - deep(15).path.length - 1)}`, 'x'),
      dir(long(5000)),
      link(long(5000), 'x'),
      file('after', 'y'),
    ),
    'PATH_MAX of slashes': archive(
      file(`${'/'.repeat(4094)}f`, 'x'),
      file(`${'./'.repeat(2000)}g`, 'y'),
      file(`${'/'.repeat(4095)}h`, 'z'),
    ),
    'NULs behind the name': concat([
      encode(file('f', 'abcd', { namesize: 64, rawName: concat([Buffer.from('f'), zeros(65)]) })),
      small,
    ]),
    'NULs behind the name up to PATH_MAX': concat([
      encode(file('f', 'abcd', { namesize: 4096, rawName: concat([Buffer.from('f'), zeros(4097)]) })),
      small,
    ]),
    'a NUL in the name': concat([
      encode(file('f', 'abcd', { namesize: 8, rawName: Buffer.from('f\0other\0\0\0', 'latin1') })),
      small,
    ]),
    'a name without its final NUL': concat([
      small,
      encode(file('f', 'abcd', { namesize: 4, rawName: Buffer.from('abcdef') })),
      other,
    ]),
    'a symlink without its final NUL': concat([
      small,
      encode(link('f', 'abcd', { namesize: 4, rawName: Buffer.from('abcdef') })),
      other,
    ]),
    'names that are no UTF-8': archive(
      file('caf\xe9', 'latin1'),
      dir('\xff\xfe'),
      file('\xff\xfe/\x80', 'x'),
      link('\xc3', '\xe9t\xe9'),
      file('gr\xc3\xbcn', 'utf-8'),
      file('a b\tc\\d=e', 'blanks'),
      file('new\nline', 'x'),
      file('\x01\x7f', 'x'),
    ),
    'names with slashes': archive(
      dir('/a'),
      dir('a//b'),
      dir('a/b/c/'),
      file('/a/./b/../x', '1'),
      file('a/b/c//f', '2'),
      dir('./g'),
      file('../../h', '3'),
      file('a/..', '4'),
      file('.', '5'),
      file('a/.', '6'),
      file('/', '7'),
    ),
    'a slash behind the name of what is not a directory': archive(
      file('f', '1'),
      file('f/', '2'),
      file('new/', '3'),
      link('l/', 'x'),
      node('n/', types.fifo),
      dir('d'),
      file('d/', '4'),
      link('d/', 'x'),
      node('d/', types.fifo),
      link('ld', 'd'),
      dir('ld/', { mode: types.dir | 0o700, uid: 4 }),
      file('ld/', '5'),
    ),
    'the root directory': archive(
      dir('.', { mode: types.dir | 0o751, uid: 10, gid: 20, mtime: 1000 }),
      file('f', 'x'),
    ),
    'the root directory by other names': archive(
      dir('/', { mode: types.dir | 0o700 }),
      dir('d'),
      dir('d/..', { mode: types.dir | 0o711, uid: 1 }),
      dir('..', { gid: 2 }),
    ),
    'what the kernel has put there itself': archive(
      dir('dev', { mode: types.dir | 0o700 }),
      dir('root', { uid: 5 }),
      node('dev/null', types.char, 1, 3),
      file('root/x', 'y'),
    ),
    'what the kernel has put there itself, replaced': archive(
      file('dev', 'x'),
      file('root', 'y'),
      file('dev/console', 'z'),
    ),
    'no directory': archive(
      file('no/where', 'x'),
      dir('no/dir'),
      link('no/link', 'x'),
      node('no/node', types.fifo),
      dir('no'),
      file('no/now', 'y'),
    ),
    'a file as a directory': archive(
      file('f', 'x'),
      file('f/g', 'y'),
      dir('f/d'),
      link('f/l', 'x'),
      node('f/n', types.fifo),
    ),
    symlinks: archive(
      dir('usr'),
      dir('usr/bin'),
      link('bin', 'usr/bin'),
      file('bin/sh', 'x'),
      link('abs', '/usr'),
      file('abs/bin/y', 'y'),
      link('up', '../../usr'),
      file('up/z', 'z'),
      link('nowhere', 'not/there'),
      file('nowhere/f', '1'),
      link('self', 'self'),
      file('self/f', '2'),
      link('dot', '.'),
      file('dot/here', '3'),
      link('dotdot', 'usr/..'),
      file('dotdot/there', '4'),
      link('s', 'usr/'),
      file('s/slash', '5'),
    ),
    'a file through a dangling symlink replaces it': archive(
      link('l', 'target'),
      file('l', 'x'),
      link('m', 'd'),
      dir('m'),
      file('m/x'),
    ),
    '40 symlinks': archive(dir('d'), ...chain(40), file('l40/x', 'reached')),
    '41 symlinks': archive(dir('d'), ...chain(41), file('l41/x', 'never'), file('l40/y', 'reached')),
    'symlinks of symlinks in the middle': archive(
      dir('a'),
      dir('a/b'),
      link('x', 'a'),
      link('y', 'x/b'),
      link('a/b/z', '../../y/c'),
      dir('a/b/c'),
      file('y/z/f', 'deep'),
    ),
    'symlink targets': archive(
      ...[1, 2, 3, 4, 100, 255, 4094, 4095].map(size => link(`l${size}`, long(size, 't'))),
    ),
    'symlink targets that are too long': archive(
      link('a', long(4096)),
      link('b', long(4097)),
      file('c', 'x'),
      link('c', long(4096)),
      dir('d'),
      link('d', long(4096)),
      dir('e'),
      file('e/f'),
      link('e', long(4096), { uid: 77 }),
      file('after'),
    ),
    'a NUL behind the target, as gen_init_cpio writes it': archive(
      link('l', 'target\0'),
      link('m', 'a\0b'),
      link('n', 'x\0\0\0'),
    ),
    'a target of nothing': archive(
      link('l', ''),
      link('m', '\0'),
      dir('d'),
      link('d/up', ''),
      file('l/through', 'x'),
      file('d/up/through', 'y'),
    ),
    'links: data with the first name': archive(
      file('a', 'data', shared),
      file('b', '', shared),
      file('c', '', shared),
    ),
    'links: data with the last name': archive(
      file('a', '', shared),
      file('b', '', shared),
      file('c', 'data', shared),
    ),
    'links: data with each name': archive(
      file('a', 'first', shared),
      file('b', 'second, longer', shared),
      file('c', '3', shared),
    ),
    'links: no data': archive(file('a', '', shared), file('b', '', shared)),
    'links: a count of one': archive(file('a', '1', { ino: 7 }), file('b', '2', { ino: 7 })),
    'links: other devices and types': archive(
      file('a', '1', shared),
      file('b', '2', { ...shared, major: 9 }),
      file('c', '3', { ...shared, minor: 9 }),
      node('d', types.char, 1, 3, shared),
      node('e', types.block, 1, 3, shared),
      node('f', types.char, 9, 9, shared),
      node('g', types.fifo, 0, 0, shared),
      node('h', types.fifo, 0, 0, shared),
    ),
    'links: forgotten at the trailer': concat([
      archive(file('a', '1', shared)),
      archive(file('b', '2', shared)),
    ]),
    'links: not forgotten without a trailer': concat([
      bare(file('a', '1', shared)),
      zeros(64),
      bare(file('b', '2', shared)),
    ]),
    'links: to a name that is gone': archive(
      file('a', '1', shared),
      dir('a'),
      file('b', '2', shared),
      file('c', '3', { ...shared, ino: 8 }),
    ),
    'links: to a name that is a symlink now': archive(
      file('a', '1', shared),
      link('a', 'elsewhere'),
      file('b', '2', shared),
    ),
    'links: to a name that is another file now': archive(
      file('a', '1', shared),
      file('x', 'x'),
      dir('a'),
      file('y'),
      file('a', 'new', { ino: 50 }),
      file('b', '', shared),
    ),
    'links: the same name twice': archive(file('a', '1', shared), file('a', '2', shared), file('after')),
    'links: a directory in the way': archive(
      file('a', '1', shared),
      dir('b'),
      file('c', ''),
      dir('d'),
      file('d/x'),
      file('b', '', shared),
      file('c', '', shared),
      file('d', '', shared),
    ),
    'links: owner, mode and time of the last': archive(
      file('a', 'x', { ...shared, uid: 1, mode: types.file | 0o600, mtime: 100 }),
      file('b', '', { ...shared, uid: 2, mode: types.file | 0o4755, mtime: 200 }),
    ),
    'links: symlinks and directories have none': archive(
      link('l', 'x', shared),
      link('m', 'y', shared),
      dir('d', shared),
      dir('e', shared),
    ),
    'links: through a directory that is a symlink': archive(
      dir('d'),
      link('s', 'd'),
      file('s/a', '1', shared),
      file('d/b', '', shared),
    ),
    'links: in another directory': archive(
      dir('d'),
      dir('d/e'),
      file('a', 'x', shared),
      file('d/b', '', shared),
      file('d/e/c', '', shared),
    ),
    'a file twice': archive(file('f', text(9000)), file('f', 'short', { mode: types.file | 0o400, uid: 9 })),
    times: archive(
      file('a', '', { mtime: 0 }),
      file('b', 'x', { mtime: 1 }),
      dir('d', { mtime: 1234567890 }),
      file('d/f', 'x', { mtime: 0x7fffffff }),
      link('l', 'a', { mtime: 0x80000000 }),
      node('n', types.char, 1, 3, { mtime: 0xffffffff }),
      dir('d/e', { mtime: 77 }),
    ),
    'times of directories that are filled later': archive(
      dir('a', { mtime: 100 }),
      dir('a/b', { mtime: 200 }),
      file('a/b/c', 'x', { mtime: 300 }),
      dir('a', { mtime: 400 }),
      dir('gone', { mtime: 500 }),
      file('gone', 'x', { mtime: 600 }),
    ),
    'many files': archive(dir('m'), ...Array.from({ length: 300 }, (_, at) => file(`m/${at}`, text(at, at)))),
    'a deep tree': archive(
      ...Array.from({ length: 60 }, (_, at) => dir(Array.from({ length: at + 1 }, () => 'd').join('/'))),
      file(`${Array.from({ length: 60 }, () => 'd').join('/')}/f`, 'x'),
    ),
    'files of every size around a word and a page': archive(
      ...[0, 1, 2, 3, 4, 5, 7, 8, 511, 512, 513, 4095, 4096, 4097, 65535, 65536, 65537].map(size =>
        file(`s${size}`, text(size, 3)),
      ),
    ),
    'a file with holes': archive(
      file(
        'holes',
        concat([zeros(100_000), Buffer.from('x'), zeros(300_000), Buffer.from('y'), zeros(70_000)]),
      ),
      file('all', zeros(200_000)),
    ),
    'an EROFS image behind it': concat([
      padded(small, 4096),
      zeros(1024),
      Buffer.from('e2e1f5e0', 'hex'),
      zeros(200),
    ]),
  };
}

/** Directories of 255 bytes each, one in the other. */
function deep(count: number): { path: string; members: Member[] } {
  const names = Array.from({ length: count }, (_, at) => long(255, String.fromCharCode(97 + at)));
  const paths = names.map((_, at) => names.slice(0, at + 1).join('/'));
  return { path: paths.at(-1)!, members: paths.map(path => dir(path)) };
}

/** l1 leads to d, each further one to the one before. */
const chain = (count: number): Member[] =>
  Array.from({ length: count }, (_, at) => link(`l${at + 1}`, at === 0 ? 'd' : `l${at}`));

/** What is there, against what comes: every pair of types. */
function replacements(): Record<string, Buffer> {
  const kinds: Record<string, (name: string) => Member[]> = {
    'a file': name => [file(name, `file ${name}`)],
    'an empty directory': name => [dir(name)],
    'a full directory': name => [dir(name), file(`${name}/inside`, 'x')],
    'a symlink': name => [link(name, 'target')],
    'a symlink to a directory': name => [dir(`${name}.d`), link(name, `${name}.d`)],
    'a character device': name => [node(name, types.char, 1, 3)],
    'a block device': name => [node(name, types.block, 7, 1)],
    'a fifo': name => [node(name, types.fifo)],
    'a socket': name => [node(name, types.socket)],
  };
  const cases: Record<string, Buffer> = {};
  for (const [before, makeBefore] of Object.entries(kinds)) {
    const members = Object.values(kinds).flatMap((makeAfter, at) => {
      const name = `r${at}`;
      return [...makeBefore(name), ...makeAfter(name).map(member => ({ ...member, uid: 42, mtime: 99 }))];
    });
    cases[`${before}, replaced by each other type`] = archive(...members);
  }
  return cases;
}

function compressed(): Record<string, Buffer> {
  const cases: Record<string, Buffer> = {};
  const large = archive(file('large', text(700_000, 7)), dir('d'), file('d/f', 'x'));
  for (const name of packers) {
    const squeeze = pack[name];
    const packed = squeeze(small);
    cases[`${name}`] = packed;
    cases[`${name}, several blocks`] = squeeze(large);
    cases[`${name} without a trailer`] = squeeze(bare(file('f', 'x'), dir('g')));
    cases[`${name} behind an archive`] = concat([other, packed]);
    cases[`${name} behind an archive and zeros`] = concat([padded(other, 512), packed]);
    cases[`${name} behind an archive and zeros, no multiple of four`] = concat([other, zeros(2), packed]);
    cases[`${name} twice`] = concat([packed, squeeze(other)]);
    cases[`${name}, zeros, and again`] = concat([padded(packed, 4, 8), squeeze(other)]);
    cases[`${name}, zeros, no multiple of four, and again`] = concat([padded(packed, 4, 5), squeeze(other)]);
    cases[`${name}, then an archive at a multiple of four`] = concat([padded(packed, 4, 8), other]);
    for (const more of [0, 1, 2, 3]) {
      cases[`${name}, ${more} zeros, then an archive`] = concat([packed, zeros(more), other]);
    }
    cases[`${name} of nothing`] = squeeze(Buffer.alloc(0));
    cases[`${name} of nothing behind an archive`] = concat([small, squeeze(Buffer.alloc(0))]);
    cases[`${name} of zeros`] = squeeze(zeros(100));
    cases[`${name} of zeros behind an archive`] = concat([small, squeeze(zeros(100))]);
    cases[`${name} of archives with zeros between and around them`] = squeeze(
      concat([small, zeros(64), other, zeros(5)]),
    );
    cases[`${name} of archives with zeros between them, no multiple of four`] = squeeze(
      concat([small, zeros(65), other]),
    );
    cases[`${name} of zeros and an archive, behind an archive`] = concat([
      small,
      squeeze(concat([zeros(8), other])),
    ]);
    cases[`${name} of an archive with text behind it`] = squeeze(concat([small, Buffer.from('text')]));
    cases[`${name} of text`] = squeeze(Buffer.from('#!/bin/sh\n'.repeat(40)));
    cases[`${name} of half an archive`] = squeeze(other.subarray(0, 700));
    cases[`${name} of an archive in two halves`] = concat([
      squeeze(other.subarray(0, 700)),
      squeeze(other.subarray(700)),
    ]);
    cases[`${name} of an archive with a wrong sum`] = squeeze(
      archive(file('a', 'x', { magic: '070702', check: 0 }), file('b')),
    );
    // unlz4() takes it for the size of a block, reads on behind the initrd, and with it the kernel oopses
    if (name !== 'lz4') cases[`${name} and text behind it`] = concat([packed, Buffer.from('text')]);
    cases[`${name} of ${name}`] = squeeze(packed);
    cases[`${name} of members that are left out, across the kernel's pieces`] = squeeze(skippedAcross());
  }
  return cases;
}

/** Members that a kernel skips, with headers wherever its buffers may end. */
function skippedAcross(): Buffer {
  const members: Buffer[] = [];
  for (let at = 0; at < 40_000; at = members.reduce((sum, { length }) => sum + length, 0)) {
    members.push(
      encode(dir(`skipped${at}`, { data: text(100 + (at % 77)) })),
      encode(file(`kept${at}`, text(at % 61))),
    );
  }
  return concat([...members, trailer()]);
}

function oddStreams(): Record<string, Buffer> {
  const { gzip, xz, zstd, lz4, lzo, lzma, bzip2 } = pack;
  const withFlags = (flags: number, ...fields: Buffer[]) => {
    const packed = gzip(small);
    return concat([
      packed.subarray(0, 3),
      Buffer.from([flags]),
      packed.subarray(4, 10),
      ...fields,
      packed.subarray(10),
    ]);
  };
  const name = Buffer.from('a name\0');
  const wrongEnd = endingIn(gzip(small), Buffer.alloc(8, 0x55));
  const lz4Blocks = lz4(archive(file('large', text(9 << 20, 11)), file('f', 'x')));
  return {
    'gzip with a name': withFlags(8, name),
    'gzip with a comment': withFlags(16, Buffer.from('a comment\0')),
    'gzip with an extra field': withFlags(4, Buffer.from([4, 0, 1, 2, 3, 4])),
    'gzip with a name, an extra field and a CRC of its header': withFlags(
      14,
      Buffer.from([2, 0, 1, 2]),
      name,
      Buffer.from([1, 2]),
    ),
    'gzip that says it is text': withFlags(1),
    'gzip whose name does not end': concat([
      Buffer.from([0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3]),
      Buffer.from('endless'),
    ]),
    'gzip with wrong CRC and length': wrongEnd,
    'gzip of another method': Buffer.from(gzip(small)).fill(7, 2, 3),
    'the other magic number of gzip': Buffer.from(gzip(small)).fill(0x9e, 1, 2),
    'gzip -1': gzip(other, '-1'),
    'gzip -9': gzip(other, '-9'),
    'gzip, not compressed':
      gzip(text(100)).length > 0 ? gzip(archive(file('noise', text(70_000, 13))), '-1') : zeros(0),
    'xz with CRC64': xz(small, '--check=crc64'),
    'xz with SHA-256': xz(small, '--check=sha256'),
    'xz without a check': xz(small, '--check=none'),
    'xz of several blocks': xz(archive(file('large', text(300_000, 5))), '--block-size=65536'),
    'xz of several threads': xz(archive(file('large', text(300_000, 5))), '-T2', '--block-size=65536'),
    'xz with a filter for x86': xz(archive(file('large', text(30_000, 5))), '--x86', '--lzma2=preset=1'),
    'xz with delta': xz(small, '--delta=dist=4', '--lzma2=preset=1'),
    'xz with a filter and delta': xz(small, '--x86', '--delta=dist=4', '--lzma2=preset=1'),
    'xz with other bits of literals': xz(other, '--lzma2=preset=1,lc=0,lp=2,pb=0'),
    'xz -e': xz(other, '-6e'),
    'zstd without a checksum': zstd(small, '--no-check'),
    'zstd -19': zstd(other, '-19'),
    'zstd with a long window': zstd(other, '--long=27'),
    'zstd of several threads': zstd(archive(file('large', text(3 << 20, 5))), '-T2', '-B524288'),
    'zstd from a pipe, its length unknown': zstd(other, '--no-content-size'),
    'a frame of zstd to be skipped': concat([
      small,
      Buffer.from('502a4d1804000000', 'hex'),
      zeros(4),
      zstd(other),
    ]),
    'zstd with a byte repeated': zstd(archive(file('same', Buffer.alloc(400_000, 0x61)))),
    'lz4 of two blocks': lz4Blocks,
    'lz4 -9': lz4(other, '-9'),
    'lz4 in its modern frame': Buffer.from('04224d18', 'hex'),
    'lz4 twice, zeros in front of each': concat([zeros(4), lz4(small), zeros(4), lz4(other)]),
    'lz4 and its magic number alone behind it': concat([lz4(small), Buffer.from('02214c18', 'hex')]),
    'lz4 that ends in its magic number': concat([small, Buffer.from('0221', 'hex')]),
    'lz4 whose magic number is wrong': concat([small, Buffer.from('02214d18', 'hex'), zeros(8)]),
    'lzo -1': lzo(other, '-1'),
    'lzo -9': lzo(other, '-9'),
    'lzo without checksums': lzo(other, '-F'),
    'lzo with its CRC': lzo(other, '--crc32'),
    'lzo of several blocks': lzo(archive(file('large', text(600_000, 17)))),
    'lzo that is stored': lzo(
      archive(
        file(
          'noise',
          Buffer.from(Array.from({ length: 5000 }, (_, at) => (at * 7919 + (at >> 3) * 104729) & 0xff)),
        ),
      ),
    ),
    'lzma -9': lzma(other, '-9'),
    'lzma of a known length': withLength(lzma(other), other.length),
    'bzip2 -1': bzip2(archive(file('large', text(300_000, 3))), '-1'),
    'bzip2 -9': bzip2(other, '-9'),
    'bzip2 of another block size': Buffer.from(bzip2(small)).fill(0x30, 3, 4),
    'the magic number of bzip2 alone': concat([small, Buffer.from('BZ')]),
    'the magic number of xz alone': concat([small, Buffer.from('fd37', 'hex')]),
    'the magic number of zstd alone': concat([small, Buffer.from('28b5', 'hex')]),
    'the magic number of gzip alone': concat([small, Buffer.from('1f8b', 'hex')]),
    'the magic number of lzo alone': concat([small, Buffer.from('894c', 'hex')]),
    'one byte': concat([small, Buffer.from('x')]),
  };
}

/** As the old lzma program writes it; the end marker stays. */
function withLength(packed: Buffer, length: number): Buffer {
  const bytes = Buffer.from(packed);
  bytes.writeBigUInt64LE(BigInt(length), 5);
  return bytes;
}

function damaged(): Record<string, Buffer> {
  const cases: Record<string, Buffer> = {};
  const content = archive(file('a', text(20_000, 3)), file('b', text(20_000, 4)));
  for (const name of packers) {
    const packed = pack[name](content);
    const flipped = Buffer.from(packed);
    flipped[packed.length >> 1]! ^= 0x20;
    cases[`${name} that is cut`] = concat([small, packed.subarray(0, packed.length - 40)]);
    cases[`${name} with a bit turned round`] = concat([small, flipped]);
  }
  return cases;
}

/** In an order that stays. */
export function handmade(): Case[] {
  const sound = { ...plain(), ...replacements(), ...compressed(), ...oddStreams() };
  return [
    ...Object.entries(sound).map(([name, bytes]) => ({ name, bytes })),
    ...Object.entries(damaged()).map(([name, bytes]) => ({ name, bytes, damaged: true as const })),
  ];
}
