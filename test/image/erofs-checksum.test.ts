// SPDX-License-Identifier: GPL-2.0-only
/** The superblock's checksum: the algorithm by its published check value, its range by an image of mkfs.erofs. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { crc32c, erofsChecksum, sealErofs } from '../../src/image/erofs/checksum.ts';
import { makeErofs } from '../../src/image/erofs/format.ts';
import { addOneOfEach, finished, never, payloadOf, temporaryFolder, temporaryWorkspace } from './fixture.ts';

const stored = (image: Buffer) => image.readUInt32LE(1024 + 4);

test('crc32c() is the CRC-32C of RFC 3720', () => {
  expect(~crc32c(0xffffffff, Buffer.from('123456789')) >>> 0).toBe(0xe3069283);
  expect(~crc32c(0xffffffff, Buffer.alloc(32)) >>> 0).toBe(0x8a9136aa);
});

test('the checksum that mkfs.erofs stored is computed again, and set right after a change', async () => {
  const target = path.join(temporaryFolder(), 'image');
  const request = { workspace: temporaryWorkspace(), job: 'test', target, signal: never };
  await finished(makeErofs({ ...request, payload: payloadOf(addOneOfEach) }, [], []));
  const image = readFileSync(target);
  expect(erofsChecksum(image)).toBe(stored(image));

  const changed = Buffer.from(image);
  changed[1024 + 64] = 0x41;
  expect(erofsChecksum(changed)).not.toBe(stored(changed));
  sealErofs(changed);
  expect(erofsChecksum(changed)).toBe(stored(changed));
  expect(stored(changed)).not.toBe(stored(image));
});

test('a block size that is none, or a block that is cut off, has no checksum', () => {
  const image = Buffer.alloc(4096);
  image.writeUInt32LE(0xe0f5e1e2, 1024);
  image[1024 + 12] = 12;
  expect(erofsChecksum(image)).toBeTypeOf('number');
  expect(erofsChecksum(image.subarray(0, 4095))).toBeUndefined();
  image[1024 + 12] = 200;
  expect(erofsChecksum(image)).toBeUndefined();
  sealErofs(image);
  expect(stored(image)).toBe(0);
});
