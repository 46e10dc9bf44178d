// SPDX-License-Identifier: GPL-2.0-only
/** R7: "no boot-time bulk copy or unpack" (Hellwig, April 2025): neither time nor memory grow with the image but by the
 *  image itself. */
import type { Segment } from '../verify/files.ts';
import { claim, kernels, requirement, type Shown, type Trial } from '../verify/requirement.ts';
import { endsWell, linesWith, memoryAt, noTrouble } from '../verify/shown.ts';

const mebi = 2 ** 20;
const busybox = (mib: number, format: string): Segment => ({
  payload: 'busybox',
  padBytes: mib * mebi,
  format,
});

/** Figures: the probe as /init, instructions counted. */
const counted = (segment: Segment): Trial => ({
  kernel: kernels.series,
  initrd: [segment],
  checks: [],
  clock: 'icount',
  memoryMiB: 2048,
  quiet: true,
});
/** As little memory as an image that is not copied needs; every file is read. */
const tight = (segment: Segment, imageMiB: number): Trial => ({
  kernel: kernels.series,
  initrd: [segment],
  checks: [],
  memoryMiB: imageMiB + 64,
  append: ['INITBENCH_USED=100'],
});

/** Instructions for each further MiB: a copy costs 0.2 to 0.4 per byte, unpacking 1.5 to 17. */
const mostPerMiB = 0.01e6;

const tooLittle = /unpacking failed|Out of memory|out of memory/;

export default requirement({
  id: 'r07',
  title: 'no bulk copy, nothing unpacked',
  askedBy: 'Hellwig',
  weight: 'hard',
  boots: {
    floor: counted({ payload: 'probe', format: 'cpio' }),
    small: counted(busybox(16, 'erofs')),
    large: counted(busybox(256, 'erofs')),
    smallArchive: counted(busybox(16, 'cpio')),
    largeArchive: counted(busybox(256, 'cpio')),
    tight: tight(busybox(256, 'erofs'), 259),
    tightArchive: tight(busybox(256, 'cpio'), 259),
  },
  judge(shown) {
    const { floor, small, large, smallArchive, largeArchive, tight: fits, tightArchive } = shown;
    const slope = (a: Shown, b: Shown) =>
      (b.toInit! - a.toInit!) / ((b.initrd!.bytes - a.initrd!.bytes) / mebi);
    const million = (value: number) => `${(value / 1e6).toFixed(4)} M instructions per MiB`;
    const used = (one: Shown) => (memoryAt(floor, 'init').total - memoryAt(one, 'init').free) / 1024;
    const image = (large.initrd!.bytes - small.initrd!.bytes) / mebi;
    const grown = used(large) - used(small);
    const over = used(large) - large.initrd!.bytes / mebi;
    return [
      ...[floor, small, large, fits].map((one, index) =>
        endsWell(['the floor', '16 MiB', '256 MiB', '256 MiB in little memory'][index]!, one),
      ),
      claim(
        'the way to /init does not grow with the image',
        Math.abs(slope(small, large)) < mostPerMiB,
        million(slope(small, large)),
      ),
      claim(
        'with an archive it does: the bound can be failed',
        slope(smallArchive, largeArchive) > 10 * mostPerMiB,
        million(slope(smallArchive, largeArchive)),
      ),
      claim(
        'memory at /init grows by the image once',
        Math.abs(grown - image) < 2,
        `${grown.toFixed(1)} MiB for ${image.toFixed(1)} MiB of image`,
      ),
      claim('at /init no more than image + 8 MiB is used', over <= 8, `image + ${over.toFixed(1)} MiB`),
      claim(
        `an archive is not unpacked in the ${fits.memoryMiB} MiB that are enough for the image`,
        tightArchive.outcome.kind !== 'ready' && linesWith(tightArchive, tooLittle).length > 0,
        linesWith(tightArchive, tooLittle)[0] ?? tightArchive.outcome.kind,
      ),
      noTrouble({ small, large, fits }),
    ];
  },
});
