// SPDX-License-Identifier: GPL-2.0-only
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { UserError } from '../../src/host/errors.ts';
import { digestOfFile } from '../../src/host/files.ts';
import { newDraft } from '../../src/image/draft.ts';
import { compareErofs } from '../../src/image/erofs/compare.ts';
import { extentsOf } from '../../src/image/erofs/compressed.ts';
import { mkfsErofsArgv } from '../../src/image/erofs/format.ts';
import { erofsTree, openErofs } from '../../src/image/erofs/inodes.ts';
import { erofsSuperblock, isErofs } from '../../src/image/erofs/superblock.ts';
import { fillerBytes, planFiller } from '../../src/image/filler.ts';
import type { Image, Payload } from '../../src/image/image.ts';
import { packImage } from '../../src/image/pack.ts';
import { folders } from '../../src/workspace.ts';
import { addOneOfEach, finished, never, payloadOf, temporaryFolder, temporaryWorkspace } from './fixture.ts';

const payload = payloadOf(draft => {
  addOneOfEach(draft);
  for (const file of planFiller(1 << 20)) draft.file(`pad-${file.stream}`, fillerBytes(file));
  draft.file(
    'long run',
    Buffer.concat([
      Buffer.alloc(2_000_000, 'ab'),
      fillerBytes({ path: '', bytes: 99_999, random: true, stream: 1 }),
    ]),
  );
});
const compare = async (image: Image, expected: Payload) =>
  (await finished(compareErofs(image.path, expected, 'test', never, 100))).product;
const workspace = temporaryWorkspace();
const pack = async (format: string, where = workspace) =>
  (await finished(packImage(where, payload, format, never))).product;

describe.each([
  ['erofs', 0],
  ['erofs-lz4hc', 1],
  ['erofs-lz4hc-64k', 3],
])('the format %s', (format, features) => {
  test('holds the payload, has its features, and gives the same bytes again', async () => {
    const image = await pack(format);
    expect(await compare(image, payload)).toEqual([]);
    const superblock = erofsSuperblock(readFileSync(image.path))!;
    expect(superblock).toMatchObject({ featureIncompat: features, buildTime: 0, blockBits: 12 });
    expect(superblock.uuid).toBe('696e6974-6265-4e63-8000-000000000001');
    expect(superblock.blocks * 4096).toBe(image.bytes);
    const again = await pack(format, temporaryWorkspace());
    expect(again.digest).toBe(image.digest);
    expect(again.path).not.toBe(image.path);
    expect(await digestOfFile(again.path)).toBe(await digestOfFile(image.path));
    execFileSync('fsck.erofs', [image.path], { stdio: 'ignore' });
  });

  test('is told from a payload that differs in any one thing', async () => {
    const image = await pack(format);
    const change = (name: string, values: object): Payload => ({
      ...payload,
      entries: payload.entries.map(entry => (entry.path === name ? { ...entry, ...values } : entry)),
    });
    const differences: [string, object, string][] = [
      ['big id', { uid: 70001 }, 'uid is 70000, expected 70001'],
      ['big id', { gid: 1 }, 'gid is 80000, expected 1'],
      ['secret', { mode: 0o100600 }, 'mode is 100000, expected 100600'],
      ['link', { target: 'home/nowhera' }, 'target is home/nowhere, expected home/nowhera'],
      ['dev/vda', { device: { major: 254, minor: 1 } }, 'device is 254:70000, expected 254:1'],
      ['second name', { link: undefined }, 'link count is 2, expected 1'],
      ['long run', { bytes: 1 }, 'size is 2099999, expected 1'],
      [
        'long run',
        { content: payload.entries.find(entry => entry.path === 'zeros')!.content },
        'content differs',
      ],
    ];
    for (const [name, values, what] of differences) {
      expect(await compare(image, change(name, values))).toContainEqual({ path: name, what });
    }
    const fewer = { ...payload, entries: payload.entries.filter(({ path: at }) => at !== 'secret') };
    expect(await compare(image, fewer)).toEqual([{ path: 'secret', what: 'not in the payload' }]);
    const more = { ...payload, entries: [...payload.entries, { ...payload.entries[0]!, path: 'zzz' }] };
    expect(await compare(image, more)).toEqual([{ path: 'zzz', what: 'not in the image' }]);
  });
});

test('one flipped byte of compressed content is found', async () => {
  const image = await pack('erofs-lz4hc-64k');
  const bytes = Buffer.from(readFileSync(image.path));
  const read = (offset: number, length: number) => bytes.subarray(offset, offset + length);
  const erofs = openErofs(read);
  const { inode } = [...erofsTree(erofs)].find(({ path: at }) => at === 'long run')!;
  const extents = extentsOf(erofs, inode);
  expect(extents[0]!.start).toBe(0);
  expect(extents.at(-1)!.end).toBe(2_099_999);
  for (const [index, extent] of extents.entries())
    if (index > 0) expect(extent.start).toBe(extents[index - 1]!.end);
  const last = extents.at(-1)!;
  // Inside random bytes, which are stored as they are: nothing but a comparison can tell.
  expect(last.compressed).toBe(false);
  bytes[last.block * 4096 + 5]! ^= 1;
  const file = path.join(temporaryFolder(), 'flipped');
  writeFileSync(file, bytes);
  expect(await compare({ ...image, path: file }, payload)).toContainEqual({
    path: 'long run',
    what: 'content differs',
  });
});

describe('a mkfs.erofs that does not do what it is asked', () => {
  const small = payloadOf(draft => {
    draft.file('secret', Buffer.alloc(9000, 'x'));
    draft.file('z', Buffer.from('z'));
  });
  test.each([
    ['compression', /the image has the features 0x0, 0x1 were asked for/],
    ['a-file', /the image differs from the payload: \/secret: not in the image/],
  ])('is noticed: %s', async (forget, message) => {
    const { PATH } = process.env;
    const other = temporaryWorkspace();
    process.env.PATH = `${path.resolve(import.meta.dirname, '../bin/image')}:${PATH}`;
    process.env.FORGET = forget;
    try {
      const error = await finished(packImage(other, small, 'erofs-lz4hc', never)).catch(caught => caught);
      expect(error).toBeInstanceOf(UserError);
      expect(error.message).toMatch(message);
      expect(error.exitCode).toBe(4);
    } finally {
      process.env.PATH = PATH;
      delete process.env.FORGET;
    }
    const left = readdirSync(folders.images(other)).map(name => path.join(folders.images(other), name));
    expect(left.map(folder => erofsSuperblock(readFileSync(path.join(folder, 'image'))))).toEqual([
      undefined,
    ]);
  });
});

test('mkfsErofsArgv() fixes UUID and time, and takes no xattrs', () => {
  expect(mkfsErofsArgv(['-zlz4hc'], 'out', 'in')).toEqual([
    ...['mkfs.erofs', '--quiet', '-x-1', '-T0', '-U696e6974-6265-4e63-8000-000000000001'],
    ...['-zlz4hc', 'out', 'in'],
  ]);
});

test('erofsSuperblock() is undefined for what is not an image', () => {
  expect(erofsSuperblock(Buffer.alloc(10))).toBeUndefined();
  expect(erofsSuperblock(Buffer.alloc(5000))).toBeUndefined();
  expect(isErofs(Buffer.alloc(5000), -1)).toBe(false);
});

test('a draft knows what replaced what', () => {
  const draft = newDraft(temporaryFolder());
  draft.file('a', Buffer.from('1'));
  draft.file('a', Buffer.from('22'));
  draft.directory('b');
  draft.file('b/c', Buffer.from('3'));
  draft.remove('b');
  expect(draft.entries().map(({ path: at, bytes }) => [at, bytes])).toEqual([['a', 2]]);
});
