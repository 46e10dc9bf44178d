// SPDX-License-Identifier: GPL-2.0-only
/** Hostile initrds as bytes: the same for the same name, damaged where they say so; made from real images. */
import { beforeAll, describe, expect, test } from 'vitest';
import { type BaseImage, baseImage } from '../../../src/evidence/fuzz/base.ts';
import { formatCase, kindOf, makeCase, parseCase } from '../../../src/evidence/fuzz/case.ts';
import { diceFor } from '../../../src/evidence/fuzz/dice.ts';
import { kinds } from '../../../src/evidence/fuzz/kinds.ts';
import { findLayout, layouts } from '../../../src/evidence/fuzz/layouts.ts';
import { mapErofs } from '../../../src/evidence/fuzz/map.ts';
import { miniImage } from '../../../src/evidence/fuzz/mini.ts';
import * as mutations from '../../../src/evidence/fuzz/mutations.ts';
import { erofsChecksum } from '../../../src/image/erofs/checksum.ts';
import { isErofs } from '../../../src/image/erofs/superblock.ts';
import { finished, never, temporaryWorkspace } from '../../image/fixture.ts';

const walker = Buffer.from('\x7fELF stands for the walker');
let bases: BaseImage[];
beforeAll(async () => {
  const workspace = temporaryWorkspace();
  bases = [];
  for (const layout of layouts.filter(({ optional }) => !optional)) {
    bases.push((await finished(baseImage(workspace, layout, never))).product);
  }
}, 120_000);

const make = (text: string) => makeCase(parseCase(text), bases, walker);
const stored = (image: Buffer) => image.readUInt32LE(1024 + 4);

describe('the sound images', () => {
  test('are small, hold every kind of inode, and have a right checksum', () => {
    for (const { bytes } of bases) {
      expect(bytes.length).toBeLessThan(2 ** 21);
      expect(erofsChecksum(bytes)).toBe(stored(bytes));
      const { inodes, blockBytes, superblock } = mapErofs(bytes);
      expect(superblock.blocks * blockBytes).toBe(bytes.length);
      const types = new Set(inodes.map(({ inode }) => inode.mode & 0o170000));
      expect(types).toEqual(new Set([0o010000, 0o020000, 0o040000, 0o060000, 0o100000, 0o120000]));
      expect(new Set(inodes.map(({ head }) => head.bytes))).toEqual(new Set([32, 64]));
      expect(inodes.filter(({ attributes }) => attributes.bytes > 0).length).toBe(9);
    }
  });

  test('have what their layout is about', () => {
    const bodies = (id: string) =>
      new Set(
        mapErofs(bases.find(({ layout }) => layout.id === id)!.bytes).inodes.map(({ body }) => body.kind),
      );
    expect(bodies('plain')).toEqual(new Set(['tail', 'none']));
    expect(bodies('lz4hc-4k')).toContain('indexes');
    expect(bodies('lz4hc-64k-tail')).toContain('indexes');
    expect(bodies('chunks')).toContain('chunks');
  });
});

describe('a case', () => {
  test('is the same bytes for the same name, and others for another', () => {
    for (const text of ['1/plain/3', '1/lz4hc-64k-tail/30', '7/chunks/11']) {
      expect(make(text).initrd.equals(make(text).initrd)).toBe(true);
      expect(make(text).did).toBe(make(text).did);
    }
    expect(make('1/plain/3').initrd.equals(make('2/plain/3').initrd)).toBe(false);
  });

  test('number 0 of each layout is undamaged', () => {
    for (const { layout, bytes } of bases) {
      const made = make(`1/${layout.id}/0`);
      expect(made.expect).toBe('intact');
      expect(made.initrd.subarray(0, bytes.length).equals(bytes)).toBe(true);
    }
  });

  test('leaves the sound images as they are', () => {
    const before = bases.map(({ bytes }) => Buffer.from(bytes));
    for (let index = 1; index < 150; index++) make(`3/lz4hc-64k/${index}`);
    expect(bases.every(({ bytes }, at) => bytes.equals(before[at]!))).toBe(true);
  });

  test('150 of any layout have every kind, and say what was done', () => {
    for (const { layout } of bases) {
      const names = Array.from({ length: 150 }, (_, at) => parseCase(`5/${layout.id}/${at + 1}`));
      expect(new Set(names.map(name => kindOf(name).id))).toEqual(new Set(kinds.map(({ id }) => id)));
      for (const name of names.slice(0, 60)) {
        const made = make(formatCase(name));
        expect(made.did).not.toBe('');
        expect(made.initrd.length).toBeGreaterThan(0);
      }
    }
  });

  test('40 over all layouts have most kinds', () => {
    const names = layouts
      .filter(({ optional }) => !optional)
      .flatMap(({ id }) => Array.from({ length: 8 }, (_, at) => parseCase(`1/${id}/${at}`)));
    expect(new Set(names.map(name => kindOf(name).id)).size).toBeGreaterThan(kinds.length / 2);
  });

  test('a sealed image has a right checksum, an unsealed one has not', () => {
    const images = (kind: string) =>
      Array.from({ length: 400 }, (_, at) => parseCase(`1/plain/${at}`))
        .filter(name => kindOf(name).id === kind)
        .map(name => make(formatCase(name)).images![0]!.bytes);
    for (const image of images('inode-fields')) expect(erofsChecksum(image)).toBe(stored(image));
    const flipped = images('superblock-flipped').filter(image => isErofs(image));
    expect(flipped.length).toBeGreaterThan(0);
    expect(flipped.some(image => erofsChecksum(image) === stored(image))).toBe(false);
  });

  test('truncated: what is left is a start of the image', () => {
    const names = Array.from({ length: 400 }, (_, at) => parseCase(`1/chunks/${at}`));
    const chosen = names.filter(name => kindOf(name).id === 'truncated');
    const sound = bases.find(({ layout }) => layout.id === 'chunks')!.bytes;
    for (const name of chosen) {
      const image = make(formatCase(name)).images![0]!.bytes;
      expect(image.length).toBeLessThan(sound.length);
      expect(image.equals(sound.subarray(0, image.length))).toBe(true);
    }
  });

  test('several images: each can be had alone, as it is in the initrd', () => {
    const names = Array.from({ length: 400 }, (_, at) => parseCase(`1/plain/${at}`));
    const chosen = names.filter(name => kindOf(name).id === 'several-images');
    expect(chosen.length).toBeGreaterThan(0);
    for (const name of chosen) {
      const { initrd, images } = make(formatCase(name));
      expect(images!.length).toBeGreaterThan(1);
      for (const { bytes } of images!) expect(initrd.includes(bytes)).toBe(true);
      expect(new Set(images!.map(({ tree }) => tree)).size).toBe(images!.length);
    }
  });
});

test('the smallest image is an image, with one file', () => {
  const image = miniImage('mini-17');
  expect(erofsChecksum(image)).toBe(stored(image));
  const [, file] = mapErofs(image).inodes;
  expect(file).toMatchObject({ path: 'mini-17', inode: { mode: 0o100644, bytes: 35 } });
  expect(image.toString('latin1', file!.body.offset, file!.body.offset + file!.body.bytes)).toBe(
    'the file of the image with mini-17\n',
  );
});

describe('a mutation', () => {
  test.each(Object.entries(mutations))('%s changes an image that has what it is about', (name, mutation) => {
    const about = { bendIndexes: 'lz4hc-4k', bendContent: 'lz4hc-64k', bendChunks: 'chunks' };
    const layout = findLayout(about[name as keyof typeof about] ?? 'plain').id;
    const sound = bases.find(base => base.layout.id === layout)!.bytes;
    const map = mapErofs(sound);
    const changed = Array.from({ length: 40 }, (_, index) => {
      const image = Buffer.from(sound);
      const did = mutation({ dice: diceFor(`${name} ${index}`), image, map });
      expect(did).toBeTypeOf('string');
      expect(image.length).toBe(sound.length);
      return !image.equals(sound);
    });
    // an odd value may be the one that was there
    expect(changed.filter(Boolean).length).toBeGreaterThan(30);
  });

  test('of what an image has not is none', () => {
    const sound = bases.find(({ layout }) => layout.id === 'plain')!.bytes;
    const bend = { dice: diceFor('x'), image: Buffer.from(sound), map: mapErofs(sound) };
    expect(mutations.bendIndexes(bend)).toBeUndefined();
    expect(mutations.bendChunks(bend)).toBeUndefined();
    expect(bend.image.equals(sound)).toBe(true);
  });
});

test('the name of a case is read back, and nothing else is', () => {
  expect(formatCase(parseCase('17/lz4hc-64k-tail/4'))).toBe('17/lz4hc-64k-tail/4');
  expect(() => parseCase('plain/17')).toThrow(/is not a case/);
  expect(() => parseCase('1/ext4/17')).toThrow(/no layout is called 'ext4'/);
});
