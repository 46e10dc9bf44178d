// SPDX-License-Identifier: GPL-2.0-only
/** The rules of init/initramfs.c that test/vm/archives.test.ts has kernels judge, one by one and without a kernel. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesOf } from '../../src/image/archive/bytes.ts';
import { type Compression, zstdEnd } from '../../src/image/archive/compression.ts';
import { shownName } from '../../src/image/draft.ts';
import {
  archive,
  bare,
  dir,
  encode,
  file,
  link,
  node,
  pack,
  padded,
  types,
  zeros,
} from '../archives/member.ts';
import { unpacked } from './fixture.ts';

const concat = (parts: readonly Buffer[]): Buffer => Buffer.concat(parts);

/** Paths with their content, target, or '/' for a directory. */
async function unpack(bytes: Buffer, known?: readonly Compression[]) {
  const { draft, ...result } = await unpacked(bytes, known);
  const files = draft.entries().map(entry => {
    if (entry.kind === 'symlink') return [entry.path, `-> ${entry.target}`];
    if (entry.kind === 'dir') return [entry.path, '/'];
    if (entry.kind !== 'file') return [entry.path, entry.kind];
    return [entry.path, readFileSync(`${draft.folder}/${entry.content}`, 'latin1')];
  });
  return { ...result, entries: draft, files: Object.fromEntries(files) as Record<string, string> };
}

const main = archive(file('init', 'main'.repeat(50_000), { mode: types.file | 0o755 }), file('a', 'main a'));
const early = archive(dir('kernel'), file('kernel/ucode', 'microcode'), file('a', 'early a'));
const shared = { ino: 7, nlink: 3 };

describe('unpacking an initramfs', () => {
  test.each([
    ['none', main],
    ['gzip', pack.gzip(main)],
    ['gzip', pack.gzip(main, '-9')],
    ['bzip2', pack.bzip2(main)],
    ['lzma', pack.lzma(main)],
    ['xz', pack.xz(main)],
    ['lzo', pack.lzo(main)],
    ['lz4', pack.lz4(main)],
    ['zstd', pack.zstd(main)],
  ])('reads early microcode, zeros, %s, zeros, and it all again', async (compression, packed) => {
    const whole = concat([padded(early, 512), padded(packed, 4, 8)]);
    const { files, segments, refused } = await unpack(concat([whole, whole]));
    expect(refused).toBeUndefined();
    expect(files).toMatchObject({ kernel: '/', 'kernel/ucode': 'microcode', a: 'main a' });
    expect(files.init).toHaveLength(200_000);
    expect(segments).toEqual(
      [0, whole.length].flatMap(at => [
        { offset: at, compression: 'none', members: 3 },
        { offset: at + padded(early, 512).length, compression, members: 2 },
      ]),
    );
  });

  test('finds the end of a frame of zstd', () => {
    const frame = pack.zstd(main, '--no-check');
    const bytes = concat([frame, pack.zstd(early), zeros(64)]);
    expect(zstdEnd(bytesOf(bytes), 0)).toBe(frame.length);
    const cut = (length: number) => zstdEnd(bytesOf(frame.subarray(0, length)), 0);
    expect(cut(4)).toMatchObject({ message: 'ZSTD-compressed data has an incomplete frame header' });
    expect(cut(frame.length - 1)).toMatchObject({ message: 'ZSTD-compressed data is truncated' });
  });

  test.each<[string, Buffer, Record<string, string>]>([
    ['without a trailer', bare(file('a', '1')), { a: '1' }],
    [
      'later members replace earlier ones',
      archive(file('f', '1'), dir('f'), dir('d'), file('d', '2')),
      { f: '/', d: '2' },
    ],
    [
      'a symlink is replaced, not followed',
      archive(dir('d'), link('l', 'd'), file('l', 'l')),
      { d: '/', l: 'l' },
    ],
    [
      'through symlinks',
      archive(dir('usr'), link('lib', '/usr'), file('lib/x', '1')),
      { usr: '/', lib: '-> /usr', 'usr/x': '1' },
    ],
    [
      '".." that ends at the root',
      archive(dir('/a'), file('./a//b', '1'), file('../../c', '2')),
      { a: '/', 'a/b': '1', c: '2' },
    ],
    ['the NUL of gen_init_cpio behind a target', archive(link('l', 'x\0')), { l: '-> x' }],
    [
      'data with any name of a file',
      archive(file('a', '', shared), file('b', 'x', shared), file('c', '', shared)),
      { a: 'x', b: 'x', c: 'x' },
    ],
    [
      'links end at a trailer',
      concat([archive(file('a', '1', shared)), archive(file('b', '2', shared))]),
      { a: '1', b: '2' },
    ],
    [
      'links go on without one',
      concat([bare(file('a', '1', shared)), bare(file('b', '2', shared))]),
      { a: '2', b: '2' },
    ],
    [
      'names are bytes',
      archive(file('caf\xe9', 'x'), link('\xff', '\xe9')),
      { 'caf\xe9': 'x', '\xff': '-> \xe9' },
    ],
    [
      'what the kernel has put there is a directory to be in',
      archive(node('dev/null', types.char, 1, 3)),
      { dev: '/', 'dev/null': 'char' },
    ],
    ['what the kernel alone has put there stays out', archive(file('a')), { a: '' }],
    ['right sums', archive(file('a', 'xyz', { magic: '070702' })), { a: 'xyz' }],
  ])('takes: %s', async (_, bytes, expected) => {
    const { files, refused, dropped } = await unpack(bytes);
    expect(refused).toBeUndefined();
    expect(dropped).toEqual([]);
    expect(files).toEqual(expected);
  });

  test.each([
    ['ENOENT', archive(file('no/where', 'x'))],
    ['ENOTDIR', archive(file('f'), file('f/g'))],
    ['EISDIR', archive(dir('d'), file('d/f'), file('d', 'y'))],
    ['ELOOP', archive(link('l', 'l'), file('l/x'))],
    ['ENAMETOOLONG', archive(file('n'.repeat(256), 'x'))],
    ['name size', archive(file('n'.repeat(5000), 'x'))],
    ['target size', archive(link('l', 't'.repeat(4097)))],
    ['data', archive(dir('d', { data: Buffer.from('x') }))],
    ['type', archive(file('t', '', { mode: 0o644 }))],
  ])('leaves out, without a word: %s', async (why, bytes) => {
    const { refused, dropped } = await unpack(concat([bytes, archive(file('after', '1'))]));
    expect(refused).toBeUndefined();
    expect(dropped.map(one => one.why)).toEqual([why]);
  });

  const unaligned = [1, 2, 3].map(more => pack.gzip(archive(file('f', 'x'.repeat(more)))));
  test.each<[string, Buffer, string, number, RegExp]>([
    [
      'a wrong sum',
      archive(file('a', 'x', { magic: '070702', check: 1 })),
      'bad data checksum',
      0,
      /\/a: its bytes add up to 120, its header says 1/,
    ],
    ['no hexadecimal', Buffer.from(`070701${'x'.repeat(200)}`), 'damaged header', 0, /^$/],
    [
      'odc',
      Buffer.from(`070707${'0'.repeat(200)}`),
      'incorrect cpio method used: use -H newc option',
      0,
      /^$/,
    ],
    [
      'an unknown magic number',
      concat([early, Buffer.from(`070703${'0'.repeat(200)}`)]),
      'no cpio magic',
      early.length,
      /^$/,
    ],
    [
      'a name without its NUL',
      bare(file('ab', '', { namesize: 2 })),
      'malformed archive',
      0,
      /without its final NUL/,
    ],
    [
      'text',
      Buffer.from('#!/bin/sh\n'),
      'invalid magic at start of compressed archive',
      0,
      /neither a cpio header nor a compression/,
    ],
    [
      'zeros that do not end at a multiple of four',
      concat([early, zeros(5), main]),
      'broken padding',
      early.length + 5,
      /^$/,
    ],
    [
      'an unaligned gzip and an archive behind it',
      concat([unaligned.find(one => one.length % 4 !== 0)!, early]),
      'invalid magic at start of compressed archive',
      unaligned.find(one => one.length % 4 !== 0)!.length,
      /an archive has to start at a multiple of four: zeros are missing/,
    ],
    [
      'lz4 and an archive at once behind it',
      concat([pack.lz4(early), early]),
      'Decoding failed',
      0,
      /four zeros have to stand between lz4 and what follows/,
    ],
    [
      'a compressed archive that is cut',
      pack.gzip(early.subarray(0, 200)),
      'junk at the end of compressed archive',
      0,
      /ends within a member/,
    ],
    [
      'text in a compressed archive',
      pack.zstd(concat([early, Buffer.from('text')])),
      'junk within compressed archive',
      0,
      /^$/,
    ],
    [
      'xz with CRC64',
      pack.xz(early, '--check=crc64'),
      'Input was encoded with settings that are not supported by this XZ decoder',
      0,
      /xz --check=crc32/,
    ],
    [
      'an EROFS image',
      concat([zeros(1024), Buffer.from('e2e1f5e0', 'hex'), zeros(200)]),
      'invalid magic at start of compressed archive',
      1024,
      /an EROFS image starts at offset 0/,
    ],
  ])('stops as a kernel does: %s', async (_, bytes, message, offset, detail) => {
    const { refused } = await unpack(bytes);
    expect(refused).toMatchObject({ message, offset });
    expect(refused!.detail).toMatch(detail);
  });

  test('a sound segment in front stays when the next one is damaged', async () => {
    const { rootfs, refused } = await unpack(concat([early, pack.gzip(main).subarray(0, 300)]));
    expect(refused).toMatchObject({ message: 'read error', offset: early.length });
    expect(rootfs.find('kernel/ucode', false)).toMatchObject({ bytes: 9 });
  });

  test('says which decompressor the kernel is without', async () => {
    const { refused } = await unpack(concat([early, pack.xz(main)]), ['gzip']);
    expect(refused).toMatchObject({ message: 'decompressor failed', offset: early.length });
    expect(refused!.detail).toBe('compression method xz not configured');
  });

  test('a file that ends too early is as long as its header says, and mentioned', async () => {
    const { files, cutIn, refused } = await unpack(
      concat([early, encode(file('cut', 'abc'.repeat(100))).subarray(0, 130)]),
    );
    expect(refused).toBeUndefined();
    expect(cutIn).toBe('cut');
    expect(files.cut).toHaveLength(300);
    expect(files.cut).toMatch(/^abcabc[^\0]*\0+$/);
  });

  test('symlinks to nothing are in no payload', async () => {
    expect(await unpack(archive(link('l', ''), file('a')))).toMatchObject({ files: { a: '' }, left: ['l'] });
  });

  test('any damage gives a tree, a message, or both; nothing is written elsewhere', async () => {
    const good = concat([early, pack.gzip(archive(dir('d'), file('d/x', 'y')))]);
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), async (at, byte, cut) => {
        const bad = Buffer.from(good.subarray(0, Math.max(cut, 1)));
        bad[at % bad.length] = byte;
        const { refused, rootfs } = await unpacked(bad);
        expect(rootfs.root.children).toBeDefined();
        if (refused) expect(refused.message).toMatch(/^[\w ,:()/-]+$/);
        runs++;
      }),
      { numRuns: 200 },
    );
    expect(runs).toBeGreaterThanOrEqual(200);
  });
});

test('names are shown as UTF-8 where they are, and as bytes where they are not', () => {
  expect(shownName(Buffer.from('grün').toString('latin1'))).toBe('grün');
  expect(shownName('caf\xe9')).toBe('caf\\xe9');
  expect(shownName('a\x1b[31mb')).toBe('a\\x1b[31mb');
});
