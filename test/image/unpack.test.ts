// SPDX-License-Identifier: GPL-2.0-only
import { execFileSync } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UserError } from '../../src/host/errors.ts';
import { zstdEnd } from '../../src/image/cpio/compression.ts';
import { formatNewcHeader, formatTrailer, paddingAfter } from '../../src/image/cpio/newc.ts';
import { unpackInitramfs } from '../../src/image/cpio/unpack.ts';
import { newDraft } from '../../src/image/draft.ts';
import { never, temporaryFolder } from './fixture.ts';

interface Member {
  name: string;
  mode?: number;
  data?: string;
  ino?: number;
  nlink?: number;
  size?: number;
}

function member({ name, mode = 0o100644, data = '', ino = 0, nlink = 1, size }: Member): Buffer {
  const bytes = Buffer.from(data);
  const rest = { uid: 0, gid: 0, mtime: 0, major: 0, minor: 0, rmajor: 0, rminor: 0 };
  const header = formatNewcHeader(name, { ino, mode, nlink, filesize: size ?? bytes.length, ...rest });
  return Buffer.concat([header, bytes, Buffer.alloc(paddingAfter(bytes.length))]);
}

const archive = (...members: Member[]) => Buffer.concat([...members.map(member), formatTrailer()]);
const dir = (name: string): Member => ({ name, mode: 0o040755 });
const link = (name: string, target: string): Member => ({ name, mode: 0o120777, data: target });

/** Paths with their content, target, or '/' for a directory. */
async function unpack(bytes: Buffer) {
  const { rootfs, segments, dropped } = await unpackInitramfs(bytes, 'x.img', never);
  const draft = newDraft(temporaryFolder());
  rootfs.copyTo(draft, 'x.img');
  const { readFileSync } = await import('node:fs');
  const files = draft.entries().map(entry => {
    if (entry.kind === 'symlink') return [entry.path, `-> ${entry.target}`];
    return [
      entry.path,
      entry.kind === 'dir' ? '/' : readFileSync(`${draft.folder}/${entry.content}`, 'utf8'),
    ];
  });
  return { files: Object.fromEntries(files), segments, dropped };
}

const tool = (argv: string[], input: Buffer) => execFileSync(argv[0]!, argv.slice(1), { input });
const main = archive(
  { name: 'init', mode: 0o100755, data: 'main'.repeat(50_000) },
  { name: 'a', data: 'main a' },
);
const early = archive(
  dir('kernel'),
  { name: 'kernel/ucode', data: 'microcode' },
  { name: 'a', data: 'early a' },
);

describe('unpacking an initramfs', () => {
  test.each([
    ['none', main],
    ['gzip', gzipSync(main)],
    ['gzip', tool(['gzip', '-9'], main)],
    ['lz4', tool(['lz4', '-l', '-9', '-c'], main)],
    ['zstd', tool(['zstd', '-c'], main)],
    ['xz', tool(['xz', '--check=crc32', '-c'], main)],
  ])('reads early microcode, zeros, and %s', async (compression, packed) => {
    const zeros = Buffer.alloc(512 - (early.length % 512));
    const { files, segments } = await unpack(Buffer.concat([early, zeros, packed, Buffer.alloc(12)]));
    expect(files).toMatchObject({ kernel: '/', 'kernel/ucode': 'microcode', a: 'main a' });
    expect(files.init).toHaveLength(200_000);
    expect(segments).toEqual([
      { offset: 0, compression: 'none', members: 3 },
      { offset: early.length + zeros.length, compression, members: 2 },
    ]);
  });

  test.each([
    ['gzip', (bytes: Buffer) => gzipSync(bytes)],
    ['lz4', (bytes: Buffer) => tool(['lz4', '-l', '-c'], bytes)],
    ['zstd', (bytes: Buffer) => tool(['zstd', '-c'], bytes)],
  ])('finds the end of a %s segment when more follows', async (_, pack) => {
    const packed = pack(main);
    const padding = Buffer.alloc(4 + ((4 - (packed.length % 4)) % 4));
    const { files, segments } = await unpack(
      Buffer.concat([packed, padding, early, pack(archive(dir('z')))]),
    );
    expect(files).toMatchObject({ a: 'early a', z: '/', 'kernel/ucode': 'microcode' });
    expect(segments).toHaveLength(3);
  });

  test('walks every frame of zstd', () => {
    const frames = Buffer.concat([
      tool(['zstd', '-c', '--no-check'], main),
      tool(['zstd', '-19', '-c'], early),
    ]);
    expect(zstdEnd(Buffer.concat([frames, Buffer.alloc(64)]), 0, 'x')).toBe(frames.length);
  });

  test('later members replace earlier ones, also of another type', async () => {
    const bytes = archive(
      dir('d'),
      link('l', 'd'),
      { name: 'f', data: '1' },
      dir('f'),
      { name: 'd', data: 'file' },
      { name: 'l', data: 'l' },
    );
    expect((await unpack(bytes)).files).toEqual({ f: '/', d: 'file', l: 'l' });
  });

  test('paths are walked as in the kernel: symlinks, ".." that ends at the root, absolute names', async () => {
    const bytes = archive(
      ...[dir('usr'), dir('usr/lib'), link('lib', '/usr/lib'), { name: 'lib/x', data: '1' }],
      ...[
        { name: '/etc', mode: 0o040755 },
        { name: './etc//passwd', data: '2' },
        { name: '../../etc/shadow', data: '3' },
      ],
      ...[dir('.'), { name: 'usr/../top', data: '4' }, link('loop', 'loop'), { name: 'loop/x', data: '5' }],
    );
    const { files, dropped } = await unpack(bytes);
    expect(files).toEqual({
      usr: '/',
      'usr/lib': '/',
      'usr/lib/x': '1',
      lib: '-> /usr/lib',
      etc: '/',
      'etc/passwd': '2',
      'etc/shadow': '3',
      top: '4',
      loop: '-> loop',
    });
    expect(dropped).toEqual(['loop/x']);
  });

  test('drops what has no directory, and a directory that would replace nothing', async () => {
    const { files, dropped } = await unpack(
      archive({ name: 'no/where', data: 'x' }, dir('d'), { name: 'd/f' }, { name: 'd', data: 'y' }),
    );
    expect(files).toEqual({ d: '/', 'd/f': '' });
    expect(dropped).toEqual(['no/where', 'd']);
  });

  test('hard links share their content, which may come with any of the names', async () => {
    const shared = { ino: 7, nlink: 3 };
    const bytes = archive(
      { name: 'a', ...shared },
      { name: 'b', ...shared, data: 'body' },
      { name: 'c', ...shared },
    );
    expect((await unpack(bytes)).files).toEqual({ a: 'body', b: 'body', c: 'body' });
    const apart = Buffer.concat([
      archive({ name: 'a', ...shared, data: '1' }),
      archive({ name: 'b', ...shared, data: '2' }),
    ]);
    expect((await unpack(apart)).files).toEqual({ a: '1', b: '2' });
  });

  test.each<[string, Buffer, RegExp]>([
    ['nothing', Buffer.alloc(0), /nothing but zeros at offset 0/],
    [
      'text',
      Buffer.from('#!/bin/sh\n'.repeat(20)),
      /neither a cpio header nor a known compression at offset 0/,
    ],
    ['a cut header', main.subarray(0, 60), /header is cut short at offset 0/],
    ['a cut member', main.subarray(0, 5000), /200000 bytes runs past the end of the archive at offset 0/],
    ['a missing trailer', member({ name: 'a' }), /without a trailer at offset 112/],
    ['an absurd size', archive({ name: 'a', size: 0xffffffff }), /4294967295 bytes runs past the end/],
    ['odc', Buffer.from(`070707${'0'.repeat(200)}`), /old \(odc\) cpio header/],
    ['no hexadecimal', Buffer.from(`070701${'x'.repeat(200)}`), /not hexadecimal at offset 0/],
    ['an unknown type', archive({ name: 'a', mode: 0o170000 }), /unknown type .* at offset 0/],
    ['bzip2', Buffer.from('BZh91AY&SY......'), /bzip2-compressed, which is not supported/],
    ['cut gzip', gzipSync(main).subarray(0, 300), /gzip segment that does not unpack .* at offset 0/],
    ['cut zstd', tool(['zstd', '-c'], main).subarray(0, 40), /zstd segment is cut short at offset 0/],
    ['cut lz4', tool(['lz4', '-l', '-c'], main).subarray(0, 100), /lz4 block is cut short at offset 4/],
    ['cut xz', tool(['xz', '-c'], main).subarray(0, 100), /segment that xz does not unpack/],
    ['a name that is no UTF-8', archive({ name: 'x' }).fill(0xff, 110, 111), /no UTF-8/],
  ])('refuses %s with one sentence', async (_, bytes, message) => {
    const error = await unpack(bytes).catch(caught => caught);
    expect(error).toBeInstanceOf(UserError);
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/^x\.img: /);
  });

  test('any damage gives a tree or a UserError, never anything else', async () => {
    const good = Buffer.concat([early, gzipSync(archive(dir('d'), { name: 'd/x', data: 'y' }))]);
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), async (at, byte, cut) => {
        const bad = Buffer.from(good.subarray(0, Math.max(cut, 1)));
        bad[at % bad.length] = byte;
        const error = await unpackInitramfs(bad, 'x.img', never).then(
          () => undefined,
          caught => caught,
        );
        if (error) expect(error).toBeInstanceOf(UserError);
      }),
      { numRuns: 300 },
    );
  });
});
