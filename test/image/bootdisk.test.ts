// SPDX-License-Identifier: GPL-2.0-only
/** The disk that firmware boots from: its partition table as bytes, its files read back by mtools. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { productOf } from '../../src/events.ts';
import { bootDisk, loaderFiles, makeFatArgv } from '../../src/image/bootdisk.ts';
import { layOutDisk, partitionTables } from '../../src/image/gpt.ts';
import type { Image } from '../../src/image/image.ts';
import { openWorkspace } from '../../src/workspace.ts';

const mib = 2 ** 20;

describe('partition table', () => {
  const layout = layOutDisk([
    { type: 'efi', bytes: 40 * mib },
    { type: 'linux', bytes: 1000 },
  ]);
  const { front, back } = partitionTables(layout);

  test('partitions at mebibytes, whole sectors, room for a table at either end', () => {
    expect(layout).toEqual({
      bytes: 43 * mib,
      partitions: [
        { type: 'efi', offset: mib, bytes: 40 * mib },
        { type: 'linux', offset: 41 * mib, bytes: 1024 },
      ],
    });
  });

  test('both headers are sound and name each other', () => {
    const last = layout.bytes / 512 - 1;
    const headers = [front.subarray(512, 1024), back.subarray(back.length - 512)];
    for (const [i, header] of headers.entries()) {
      expect(header.toString('latin1', 0, 8)).toBe('EFI PART');
      const own = Buffer.from(header.subarray(0, 92));
      own.writeUInt32LE(0, 16);
      expect(header.readUInt32LE(16)).toBe(crc32(own));
      expect(header.readUInt32LE(88)).toBe(crc32(front.subarray(1024)));
      expect([24, 32].map(at => Number(header.readBigUInt64LE(at)))).toEqual(i === 0 ? [1, last] : [last, 1]);
    }
    expect(front.readUInt16LE(510)).toBe(0xaa55);
  });

  test('the type of a system partition, as the specification writes it to disk', () => {
    expect(front.toString('hex', 1024, 1040)).toBe('28732ac11ff8d211ba4b00a0c93ec93b');
  });
});

test('the entry of the boot loader', () => {
  const files = loaderFiles({ commandLine: 'console=ttyS0 a=b', initrd: {} as Image });
  expect(files['loader/entries/initbench.conf']).toBe(
    'title initbench\nlinux /vmlinuz\ninitrd /initrd\noptions console=ttyS0 a=b\n',
  );
  expect(loaderFiles({ commandLine: 'x' })['loader/entries/initbench.conf']).not.toContain('initrd');
});

test('mkfs.vfat: behind the table, of whole blocks', () => {
  expect(makeFatArgv('/d', mib, 40 * mib).slice(-3)).toEqual(['--offset=2048', '/d', '40960']);
});

const has = (tool: string) => spawnSync('sh', ['-c', `PATH=$PATH:/usr/sbin command -v ${tool}`]).status === 0;

describe.runIf(has('mcopy') && has('mkfs.vfat'))('a disk made', () => {
  let folder: string;
  let disk: Image;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'initbench-test-'));
    const file = async (name: string, text: string) => {
      await writeFile(path.join(folder, name), text);
      return path.join(folder, name);
    };
    const image = async (name: string): Promise<Image> => ({
      ...{ digest: name, format: 'erofs', payload: { name, digest: name } },
      ...{ path: await file(name, `${name}\n`.repeat(500)), bytes: 500 * (name.length + 1) },
    });
    const workspace = openWorkspace({
      INITBENCH_CACHE: path.join(folder, 'c'),
      INITBENCH_STATE: path.join(folder, 's'),
    });
    disk = await productOf(
      bootDisk(
        workspace,
        {
          loader: { file: await file('loader.efi', 'loader'), name: 'EFI/BOOT/BOOTX64.EFI' },
          kernel: { digest: 'k', path: await file('kernel', 'a kernel'), bytes: 8 },
          initrd: await image('initrd'),
          commandLine: 'quiet',
          partitions: [await image('partition')],
        },
        new AbortController().signal,
      ),
    );
  }, 60_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.each([
    ['EFI/BOOT/BOOTX64.EFI', 'loader'],
    ['vmlinuz', 'a kernel'],
    ['initrd', 'initrd\n'.repeat(500)],
    ['loader/loader.conf', 'timeout 0\ndefault initbench.conf\n'],
  ])('%s is on it', (name, content) => {
    const read = spawnSync('mtype', ['-i', `${disk.path}@@${mib}`, `::/${name}`], { encoding: 'utf8' });
    expect(read.stdout).toBe(content);
  });

  test('the image is the second partition', async () => {
    const bytes = readFileSync(disk.path);
    expect(bytes.length).toBe((await stat(disk.path)).size);
    const at = Number(bytes.readBigUInt64LE(1024 + 128 + 32)) * 512;
    expect(bytes.toString('latin1', at, at + 10)).toBe('partition\n');
  });
});
