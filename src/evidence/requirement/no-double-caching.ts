// SPDX-License-Identifier: GPL-2.0-only
/** R11: "no double caching of plain data" (Gao, and the ramfs documentation): what is read must not be in memory twice,
 *  in the image and in the page cache. Measured as bytes cached for each byte read. */
import { type Item, witnessRoot } from '../verify/files.ts';
import { claim, kernels, requirement, type Shown, type Trial } from '../verify/requirement.ts';
import { endsWell, factsOf, noTrouble } from '../verify/shown.ts';

const names = ['a', 'b', 'c', 'd'];
const files: readonly Item[] = [
  ...witnessRoot,
  ...names.map(name => ({ path: `data/${name}`, noise: 2 << 20 })),
];
const trial = (format: string): Trial => ({
  kernel: kernels.series,
  initrd: [{ files, format }],
  checks: ['memory', 'read', 'memory', 'drop', 'memory'],
  append: [`INITBENCH_PATHS=${names.map(name => `/data/${name}`).join(',')}`],
});

const cached = (shown: Shown) => factsOf(shown, 'memory').map(({ Cached }) => Number(Cached) * 1024);
const bytesRead = (shown: Shown) => factsOf(shown, 'read').reduce((sum, one) => sum + Number(one.bytes), 0);

export default requirement({
  id: 'r11',
  title: 'plain data is not in memory twice',
  askedBy: 'Gao',
  weight: 'hard',
  boots: { plain: trial('erofs'), archive: trial('cpio') },
  judge(shown) {
    const { plain, archive } = shown;
    const total = names.length * (2 << 20);
    const perByte = (one: Shown) => (cached(one)[1]! - cached(one)[0]!) / bytesRead(one);
    const kept = (cached(plain)[2]! - cached(plain)[0]!) / bytesRead(plain);
    return [
      endsWell('the image', plain),
      endsWell('the archive', archive),
      claim(
        'all is read',
        bytesRead(plain) === total && bytesRead(archive) === total,
        `${bytesRead(plain)} bytes`,
      ),
      claim(
        'what is read is not cached beside the image',
        perByte(plain) < 0.1,
        `${perByte(plain).toFixed(2)} bytes cached per byte read; archive ${perByte(archive).toFixed(2)}`,
      ),
      claim(
        'what is cached can be reclaimed',
        kept < 0.1,
        `${kept.toFixed(2)} bytes per byte read after dropping caches`,
      ),
      noTrouble(shown),
    ];
  },
});
