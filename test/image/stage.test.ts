// SPDX-License-Identifier: GPL-2.0-only
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { digestOfFile } from '../../src/host/files.ts';
import { type Extfs, extfsBlocks, inodeCount, mke2fsArgv, timeCommands } from '../../src/image/extfs.ts';
import type { Draft } from '../../src/image/draft.ts';
import type { Image } from '../../src/image/image.ts';
import { packImage } from '../../src/image/pack.ts';
import { concatenate, layOut } from '../../src/image/segments.ts';
import { stagedArgv, unpackArgv } from '../../src/image/stage.ts';
import { addOneOfEach, finished, never, payloadOf, temporaryWorkspace } from './fixture.ts';

const payload = payloadOf(addOneOfEach);
const debugfs = (image: Image, command: string) =>
  execFileSync('/usr/sbin/debugfs', ['-R', command, image.path], {
    stdio: ['ignore', 'pipe', 'ignore'],
  }).toString();

describe.each(['ext2', 'ext4'])('the format %s', id => {
  test('holds owners, devices, links and times of 0, is clean, and gives the same bytes again', async () => {
    const images: Image[] = [];
    for (const workspace of [temporaryWorkspace(), temporaryWorkspace()]) {
      images.push((await finished(packImage(workspace, payload, id, never))).product);
      expect(readdirSync(path.dirname(images.at(-1)!.path)).sort()).toEqual(['image', 'image.json']);
    }
    const [image, again] = images as [Image, Image];
    expect(await digestOfFile(again.path)).toBe(await digestOfFile(image.path));
    execFileSync('/usr/sbin/e2fsck', ['-fn', image.path], { stdio: 'ignore' });
    expect(debugfs(image, 'stat /dev/console')).toMatch(
      /character special[\s\S]*Mode: {2}0600[\s\S]*major\/minor number: 05:01/,
    );
    expect(debugfs(image, 'stat "/big id"')).toMatch(/User: 70000 +Group: 80000[\s\S]*mtime: 0x00000001/);
    expect(debugfs(image, 'stat "/second name"')).toMatch(/Mode: {2}04711[\s\S]*Links: 2/);
    expect(debugfs(image, 'cat "/home/Größe mit Leerzeichen"')).toBe('Inhalt\n');
    const inode = debugfs(image, `stat <${11 + inodeCount(payload.entries)}>`);
    expect(inode).toMatch(/ctime: 0x00000001:00000000[\s\S]* atime: 0x00000001:00000000/);
  });
});

test('mke2fs is asked for twice the inodes, the blocks of the content, and what that kind has to spare', () => {
  const extfs = (spare: Extfs['spare']): Extfs => ({
    ...{ id: 'ext2', summary: '', options: ['-O', '^resize_inode'], spare },
  });
  const blocks = (draft: (draft: Draft) => void, spare: Extfs['spare'] = () => 0) =>
    extfsBlocks(payloadOf(draft).entries, extfs(spare)) -
    extfsBlocks(
      [],
      extfs(() => 0),
    );
  const file = (draft: Draft) => draft.file('f', Buffer.alloc(40_000));
  // data, names, inodes
  expect(blocks(file)).toBe(10 + 1 + 1);
  expect(blocks(file, content => content)).toBe(2 * 11 + 1);
  const twice = (draft: Draft) => {
    file(draft);
    draft.link('g', draft.get('f')!);
    draft.symlink('h', 'f');
  };
  expect(blocks(twice)).toBe(blocks(file));
  const many = (draft: Draft) => {
    for (let each = 0; each < 64; each++) draft.directory(`d${each}`);
  };
  expect(blocks(many)).toBe(64 + 1 + 8);
  expect(inodeCount(payload.entries)).toBe(payload.entries.length - 1);
  const argv = mke2fsArgv(
    payload,
    extfs(() => 0),
    'out',
    'in',
  );
  expect(argv.join(' ')).toContain(' -t ext2 ');
  expect(argv).toContain('^resize_inode');
  expect(argv.slice(-4, -1)).toEqual(['-d', 'in', 'out']);
  expect(timeCommands(1).split('\n')).toHaveLength(3 * 8 + 1);
});

test('staging commands are argv without a shell', () => {
  expect(unpackArgv('S').slice(0, 6)).toEqual(['fakeroot', '-s', 'S', '--', 'cpio', '--extract']);
  expect(stagedArgv({ folder: 'F', state: 'S' }, ['mkfs'])).toEqual(['fakeroot', '-i', 'S', '--', 'mkfs']);
});

describe('segments', () => {
  test('layOut() aligns archives to 4 and pads to 4096 where asked', () => {
    const cpio = (bytes: number) => ({ format: 'cpio', bytes });
    expect(layOut([cpio(10), cpio(6), 'align', { format: 'erofs', bytes: 8192 }, cpio(4), 'align'])).toEqual([
      { what: 'cpio', offset: 0, bytes: 10 },
      { what: 'cpio', offset: 12, bytes: 6 },
      { what: 'zeros', offset: 18, bytes: 4078 },
      { what: 'erofs', offset: 4096, bytes: 8192 },
      { what: 'cpio', offset: 12288, bytes: 4 },
      { what: 'zeros', offset: 12292, bytes: 4092 },
    ]);
  });

  test('concatenate() writes cpio + zeros + EROFS + cpio, and refuses an EROFS image that is not aligned', async () => {
    const workspace = temporaryWorkspace();
    const small = payloadOf(draft => void draft.file('etc', Buffer.from('x')));
    const pack = async (format: string) =>
      (await finished(packImage(workspace, small, format, never))).product;
    const [cpio, erofs] = [await pack('cpio'), await pack('erofs')];
    const { product } = await finished(concatenate(workspace, [cpio, 'align', erofs, cpio], never));
    const { readFileSync } = await import('node:fs');
    const [a, b] = [readFileSync(cpio.path), readFileSync(erofs.path)];
    const expected = Buffer.concat([a, Buffer.alloc(4096 - a.length), b, a]);
    expect(readFileSync(product.path).equals(expected)).toBe(true);
    expect(product).toMatchObject({ format: 'cpio+erofs+cpio', bytes: 4096 + b.length + a.length });
    expect(product.segments!.map(({ offset }) => offset)).toEqual([0, a.length, 4096, 4096 + b.length]);
    const again = await finished(concatenate(workspace, [cpio, 'align', erofs, cpio], never));
    expect(again.product).toEqual(product);
    expect(again.events).toEqual([expect.objectContaining({ type: 'step', state: 'cached' })]);
    await expect(finished(concatenate(workspace, [cpio, erofs], never))).rejects.toThrow(
      /no multiple of 4096/,
    );
    await expect(finished(concatenate(workspace, [], never))).rejects.toThrow(/nothing to concatenate/);
  });
});
