// SPDX-License-Identifier: GPL-2.0-only
/** R8: "detection by a registered hook, not by including private headers in init/" (Viro, March 2025), and no false
 *  alarm on an archive that has an image as a file in it, which dracut makes. */
import { type Segment, witnessRoot } from '../verify/files.ts';
import { claim, kernels, requirement } from '../verify/requirement.ts';
import {
  endsClosed,
  endsWell,
  factOf,
  failsClosed,
  filesOf,
  linesWith,
  noTrouble,
  overlayRoot,
} from '../verify/shown.ts';

const image: Segment = { files: witnessRoot, format: 'erofs' };
const superblock = 1024;

/** An image by its magic, and nothing behind it. */
function garbage(bytes: Buffer): Buffer {
  const bent = Buffer.from(bytes);
  bent.fill(0xa5, superblock + 4, superblock + 128);
  return bent;
}

const fallback: Segment = { files: witnessRoot, format: 'cpio' };

/** Headers and names take 120 and 124 bytes: the second file's data starts at a page. */
const holder: Segment = {
  files: [
    { path: 'a-fill', noise: 4096 - 120 - 124 },
    { path: 'squash.img', segment: image },
  ],
  format: 'cpio',
};

export default requirement({
  id: 'r08',
  title: 'found by a registered hook, no false alarm',
  askedBy: 'Viro',
  weight: 'hard',
  quick: true,
  boots: {
    image: { kernel: kernels.series, initrd: [image], checks: ['mounts'] },
    inside: {
      kernel: kernels.series,
      initrd: [fallback, 'align', holder],
      checks: ['mounts', 'content'],
      append: ['INITBENCH_PATHS=/squash.img'],
    },
    garbage: {
      kernel: kernels.series,
      initrd: [fallback, 'align', { from: image, how: 'garbage behind the magic', change: garbage }],
      checks: ['mounts'],
    },
  },
  judge(shown, text) {
    const { added } = text;
    const hooks = Object.entries(added).filter(([file]) => /^(init|usr)\//.test(file));
    const includes = hooks.flatMap(([, lines]) =>
      lines.filter(line => /^\s*#\s*include\s+"\.\.\//.test(line)),
    );
    const registers = Object.entries(added).some(
      ([file, lines]) =>
        /^fs\/erofs\//.test(file) && lines.some(line => /initramfs_image|INITRAMFS_IMAGE/.test(line)),
    );
    const { fstype } = factOf(shown.inside, 'root');
    const file = filesOf(shown.inside).get('/squash.img');
    const rootOfGarbage = factOf(shown.garbage, 'root').fstype;
    return [
      claim(
        'init/ includes no private header of a file system',
        includes.length === 0,
        includes[0] ?? 'none',
      ),
      claim('the file system registers what recognises it', registers, registers ? 'in fs/erofs' : 'nowhere'),
      endsWell('the image', shown.image),
      overlayRoot('the image', shown.image),
      endsWell('an archive with an image in it', shown.inside),
      claim(
        'it stays an archive',
        fstype !== undefined && fstype !== 'overlay',
        fstype ?? 'no root reported',
      ),
      claim(
        'the image in it is a file, and whole',
        file?.sha256 === shown.image.initrd!.sha256,
        file?.sha256 ?? 'not there',
      ),
      ...(failsClosed(text)
        ? endsClosed('garbage with the magic', shown.garbage, linesWith(shown.garbage, /^erofs/))
        : [
            endsWell('an archive with garbage behind it', shown.garbage),
            claim(
              'garbage with the magic is no root',
              rootOfGarbage !== undefined && rootOfGarbage !== 'overlay',
              rootOfGarbage ?? 'no root reported',
            ),
          ]),
      noTrouble(shown),
    ];
  },
});
