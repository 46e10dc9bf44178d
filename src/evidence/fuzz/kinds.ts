// SPDX-License-Identifier: GPL-2.0-only
/** The kinds of hostile initrd: how each is put together from sound images and archives, and what must come of it. */
import { z } from 'zod';
import { sealErofs } from '../../image/erofs/checksum.ts';
import { erofsMagicOffset } from '../../image/erofs/superblock.ts';
import { archiveOf, breakArchive, fileMember, folderMember, initMember, zerosAfter } from './archives.ts';
import type { Dice } from './dice.ts';
import type { ImageMap } from './map.ts';
import { miniImage } from './mini.ts';
import * as mutations from './mutations.ts';
import { treeFolder } from './tree.ts';

/** `intact`: ends with all that was expected on an overlay; `whole`: with all of it if it ends on an overlay;
 *  `archive`: ends on a root that is none; `refused`: does not end on an overlay; `any`: one of the defined ends. */
export const expectationSchema = z.enum(['intact', 'whole', 'archive', 'refused', 'any']);
export type Expectation = z.infer<typeof expectationSchema>;

export interface Ingredients {
  readonly dice: Dice;
  readonly image: Buffer;
  readonly map: ImageMap;
  /** Sound images of all layouts. */
  readonly others: readonly { readonly bytes: Buffer; readonly map: ImageMap }[];
  readonly walker: Buffer;
}

export interface HarmedImage {
  readonly bytes: Buffer;
  /** The folder that holds all there is in it. */
  readonly tree: string;
}

export interface Made {
  readonly initrd: Buffer;
  /** The images in it, when the damage is in one of them: the same can be had from disks. */
  readonly images?: readonly HarmedImage[];
  readonly did: string;
  readonly expect: Expectation;
}

export interface Kind {
  readonly id: string;
  /** Share of the cases, in parts of all weights. */
  readonly weight: number;
  make(ingredients: Ingredients): Made;
}

const blockBytes = 4096;

/** What is unpacked below the image. With an /init in it, a refused image is no reason not to get on. */
function leading({ dice, walker }: Ingredients): Buffer {
  const members = [folderMember('tree'), fileMember('tree/below', dice.bytes(100))];
  return archiveOf(dice.oneIn(2) ? [...members, initMember(walker)] : members);
}

const trailing = ({ walker }: Ingredients): Buffer => archiveOf([initMember(walker)]);

/** An image as it is booted mostly: alone or behind an archive, the walker behind it. */
function framed(ingredients: Ingredients, image: Buffer): Buffer {
  const before = ingredients.dice.oneIn(4) ? leading(ingredients) : Buffer.alloc(0);
  const parts = [before, zerosAfter(before.length, blockBytes), image];
  return Buffer.concat([...parts, zerosAfter(image.length, 4), trailing(ingredients)]);
}

/** A kind that changes the image; `seal` makes the checksum right again. */
function bending(
  id: string,
  weight: number,
  seal: boolean,
  choose: (dice: Dice) => readonly mutations.Mutation[],
): Kind {
  return {
    id,
    weight,
    make(ingredients) {
      const { dice, map } = ingredients;
      const image = Buffer.from(ingredients.image);
      const did = choose(dice).map(
        mutation => mutation({ dice, image, map }) ?? mutations.bendLayout({ dice, image, map })!,
      );
      if (seal) sealErofs(image);
      return {
        initrd: framed(ingredients, image),
        images: [{ bytes: image, tree: treeFolder }],
        did: did.join('; '),
        expect: 'any',
      };
    },
  };
}

const structured = [
  mutations.bendSuperblock,
  mutations.flipMetadata,
  mutations.bendInode,
  mutations.bendSize,
  mutations.bendLayout,
  mutations.bendDirent,
  mutations.bendAttributes,
  mutations.bendIndexes,
  mutations.bendContent,
  mutations.bendChunks,
  mutations.switchFeature,
  mutations.forgeCompressed,
];

const several = (dice: Dice) => Array.from({ length: dice.between(2, 5) }, () => dice.of(structured));

const intact: Kind = {
  id: 'intact',
  weight: 0,
  make: ingredients => ({
    initrd: Buffer.concat([ingredients.image, trailing(ingredients)]),
    images: [{ bytes: ingredients.image, tree: treeFolder }],
    did: 'nothing',
    expect: 'intact',
  }),
};

const truncated: Kind = {
  id: 'truncated',
  weight: 5,
  make(ingredients) {
    const { dice, image } = ingredients;
    const near = [1, 2, 4, 512, 1024, 1025, 1151, 1152, 1153, 4095, 4096, 4097];
    const left = dice.oneIn(3)
      ? dice.oneIn(2)
        ? dice.of(near)
        : image.length - dice.of(near)
      : dice.between(1, image.length - 1);
    const before = dice.oneIn(3) ? leading(ingredients) : Buffer.alloc(0);
    const kept = image.subarray(0, left);
    const parts = [before, zerosAfter(before.length, blockBytes), kept];
    // with an archive behind, bytes enough for the image may be there
    const filled = dice.oneIn(4);
    return {
      initrd: Buffer.concat(filled ? [...parts, zerosAfter(left, 4), trailing(ingredients)] : parts),
      images: [{ bytes: kept, tree: treeFolder }],
      did: `cut to ${left} of ${image.length} bytes${filled ? ', an archive behind' : ''}`,
      expect: filled ? 'any' : 'refused',
    };
  },
};

/** Of the same length, so that it can be put in the place of the other. */
const treeNumbered = (digit: number) => `${treeFolder.slice(0, -1)}${digit}`;

/** Another name for the tree, so that one image does not hide the files of another. */
function renameTree(image: Buffer, map: ImageMap, name: string): void {
  const root = map.inodes[0]!;
  const entry = root.dirents.find(
    ({ name }) => image.toString('latin1', name.offset, name.offset + name.bytes) === treeFolder,
  )!;
  image.write(name, entry.name.offset, 'latin1');
}

/** A sound image, others behind it, sound or not; archives in between. */
const stacked: Kind = {
  id: 'several-images',
  weight: 6,
  make(ingredients) {
    const { dice, image, others } = ingredients;
    const parts = [dice.oneIn(4) ? leading(ingredients) : Buffer.alloc(0)];
    parts.push(zerosAfter(parts[0]!.length, blockBytes), image);
    const did: string[] = [];
    const images = [{ bytes: image, tree: treeFolder }];
    for (let number = 1, last = dice.between(1, 4); number <= last; number++) {
      if (dice.oneIn(3)) {
        const member = dice.oneIn(2)
          ? initMember(ingredients.walker)
          : fileMember(`between-${number}`, dice.bytes(50));
        parts.push(archiveOf([member]));
      }
      const offset = parts.reduce((sum, { length }) => sum + length, 0);
      // most are aligned; one that is not is copied
      parts.push(
        dice.oneIn(4) ? zerosAfter(offset, dice.of([4, 4, 512, 1])) : zerosAfter(offset, blockBytes),
      );
      const { bytes, map } = dice.of(others);
      const another = Buffer.from(bytes);
      renameTree(another, map, treeNumbered(number));
      const harm = dice.oneIn(3) ? undefined : dice.of(structured)({ dice, image: another, map });
      if (!dice.oneIn(6)) sealErofs(another);
      const left = dice.oneIn(8) ? another.subarray(0, dice.between(1, another.length)) : another;
      images.push({ bytes: left, tree: treeNumbered(number) });
      parts.push(left);
      did.push(`image ${number}: ${harm ?? 'sound'}`);
    }
    parts.push(dice.oneIn(8) ? Buffer.alloc(0) : trailing(ingredients));
    // what is said of the first image is hidden by nothing that follows, but by an archive before it
    const expect = parts[0]!.length === 0 ? 'whole' : 'any';
    return { initrd: Buffer.concat(parts), images, did: did.join('; '), expect };
  },
};

/** More than there may be layers, or less; the walker is in an archive before them, so that it is found anyway. */
const many: Kind = {
  id: 'many-images',
  weight: 2,
  make({ dice, walker }) {
    const count = dice.of([10, 40, 62, 63, 64, 65, 126, 127, 128, 130, dice.between(2, 140)]);
    const between = dice.of([0, 0, 1, 2, 8]);
    const harmed = dice.oneIn(3) ? dice.below(count) : -1;
    const first = archiveOf([folderMember('tree'), initMember(walker)]);
    const parts = [first, zerosAfter(first.length, blockBytes)];
    for (let number = 0; number < count; number++) {
      const image = miniImage(`mini-${number}`);
      if (number === harmed) {
        const place = erofsMagicOffset + dice.below(512);
        image[place] = image[place]! ^ (1 << dice.below(8));
        sealErofs(image);
      }
      parts.push(image);
      if (between === 0 || number % between > 0) continue;
      const archive = archiveOf([fileMember(`between-${number}`, dice.bytes(20))]);
      parts.push(archive, zerosAfter(archive.length, dice.oneIn(8) ? 4 : blockBytes));
    }
    return {
      initrd: Buffer.concat(parts),
      did: `${count} images, an archive after ${between ? `each ${between}` : 'none'}, ${harmed < 0 ? 'all sound' : `number ${harmed} is not`}`,
      expect: 'any',
    };
  },
};

const junkBehind: Kind = {
  id: 'junk-behind',
  weight: 3,
  make(ingredients) {
    const { dice, image } = ingredients;
    const [what, junk] = dice.of([
      ['noise', dice.bytes(dice.between(1, 10000))],
      ['ones', Buffer.alloc(dice.between(1, 10000), 0xff)],
      ['a gzip header', Buffer.concat([Buffer.from('1f8b0800', 'hex'), dice.bytes(500)])],
      ['an lz4 header', Buffer.concat([Buffer.from('02214c18', 'hex'), dice.bytes(500)])],
      ['a zstd header', Buffer.concat([Buffer.from('28b52ffd', 'hex'), dice.bytes(500)])],
      ['an archive without end', archiveOf([fileMember('x', dice.bytes(100))], false)],
      ['half a header', Buffer.from('07070100000')],
      ['a superblock alone', image.subarray(0, 1152)],
      ['a bootconfig tail', Buffer.concat([dice.bytes(8), Buffer.from('#BOOTCONFIG\n')])],
    ] as const);
    const parts = [image, trailing(ingredients)];
    if (dice.oneIn(2)) parts.push(zerosAfter(parts[1]!.length, dice.of([4, 512, 4096])));
    const initrd = Buffer.concat(dice.oneIn(3) ? [image, junk, trailing(ingredients)] : [...parts, junk]);
    return { initrd, did: `${what} behind, ${junk.length} bytes`, expect: 'whole' };
  },
};

const nested: Kind = {
  id: 'nested-magic',
  weight: 3,
  make(ingredients) {
    const { dice, image, walker } = ingredients;
    const inner = dice.of([
      image,
      image.subarray(0, 8192),
      Buffer.concat([Buffer.alloc(dice.of([0, 4])), image]),
    ]);
    // the name's length decides where in the archive, and in memory, the file's bytes begin
    const name = `image${'-'.repeat(dice.below(64))}`;
    const members = [fileMember(name, inner), initMember(walker)];
    const archive = archiveOf(dice.oneIn(2) ? members : members.reverse());
    const zeros = Buffer.alloc(dice.of([0, 0, 4, 1024, 4096]));
    return {
      initrd: Buffer.concat([zeros, archive]),
      did: `an image of ${inner.length} bytes as a file of an archive behind ${zeros.length} zeros`,
      expect: 'archive',
    };
  },
};

const brokenBefore: Kind = {
  id: 'broken-archive-before',
  weight: 4,
  make(ingredients) {
    const { dice, image } = ingredients;
    const { bytes, did } = breakArchive(dice, leading(ingredients));
    const gap = dice.oneIn(4) ? Buffer.alloc(dice.below(9)) : zerosAfter(bytes.length, blockBytes);
    return { initrd: Buffer.concat([bytes, gap, image, trailing(ingredients)]), did, expect: 'any' };
  },
};

const brokenBehind: Kind = {
  id: 'broken-archive-behind',
  weight: 4,
  make(ingredients) {
    const { dice, image } = ingredients;
    const members = [
      folderMember('tree'),
      fileMember('tree/above', dice.bytes(300)),
      { name: 'tree/program/100', mode: dice.of([0o040755, 0o120777, 0o100644]), data: Buffer.from('x') },
    ];
    const { bytes, did } = breakArchive(dice, archiveOf(members));
    const sound = trailing(ingredients);
    const parts = dice.oneIn(2) ? [sound, bytes] : [bytes, zerosAfter(bytes.length, 4), sound];
    return { initrd: Buffer.concat([image, ...parts]), did, expect: 'any' };
  },
};

const zeros: Kind = {
  id: 'zeros',
  weight: 3,
  make(ingredients) {
    const { dice, image } = ingredients;
    const before = dice.oneIn(2) ? leading(ingredients) : Buffer.alloc(0);
    const gap = dice.of([0, 1, 2, 3, 4, 8, 512, 1020, 1024, 1028, 2048, 4092, 4096, 4100, 8192, 65536]);
    const behind = dice.of([0, 1, 3, 4, 511, 512, 1024, 4096, 8192]);
    const parts = [before, Buffer.alloc(gap), image, Buffer.alloc(behind), trailing(ingredients)];
    return {
      initrd: Buffer.concat(parts),
      did: `${before.length} bytes of archive and ${gap} zeros before, ${behind} behind`,
      expect: 'any',
    };
  },
};

const misplaced: Kind = {
  id: 'misplaced-magic',
  weight: 1,
  make(ingredients) {
    const { dice, image } = ingredients;
    const bytes = Buffer.from(image);
    // what stands before the superblock must be zeros
    dice.bytes(dice.between(1, 64)).copy(bytes, dice.below(erofsMagicOffset));
    return {
      initrd: Buffer.concat([bytes, trailing(ingredients)]),
      did: 'no zeros before the superblock',
      expect: 'refused',
    };
  },
};

export const kinds: readonly Kind[] = [
  truncated,
  bending('superblock-flipped', 2, false, () => [mutations.flipSuperblock]),
  bending('superblock-flipped-sealed', 3, true, () => [mutations.flipSuperblock]),
  bending('superblock-fields', 4, true, () => [mutations.bendSuperblock]),
  bending('block-size', 2, true, () => [mutations.bendBlockSize]),
  bending('block-size-unsealed', 1, false, () => [mutations.bendBlockSize]),
  bending('metadata-flipped', 8, true, () => [mutations.flipMetadata]),
  bending('flipped-anywhere', 3, true, () => [mutations.flipAnywhere]),
  bending('blocks-replaced', 4, true, () => [mutations.replaceBlocks]),
  bending('inode-fields', 7, true, () => [mutations.bendInode]),
  bending('sizes', 5, true, () => [mutations.bendSize]),
  bending('layout', 5, true, () => [mutations.bendLayout]),
  bending('dirents', 7, true, () => [mutations.bendDirent]),
  bending('attributes', 7, true, () => [mutations.bendAttributes]),
  bending('indexes', 8, true, () => [mutations.bendIndexes]),
  bending('content', 4, true, () => [mutations.bendContent]),
  bending('chunks', 4, true, () => [mutations.bendChunks]),
  bending('features', 6, true, () => [mutations.switchFeature]),
  bending('forged-indexes', 6, true, () => [mutations.forgeCompressed]),
  bending('several', 12, true, several),
  stacked,
  many,
  junkBehind,
  nested,
  brokenBefore,
  brokenBehind,
  zeros,
  misplaced,
];

export { intact };
