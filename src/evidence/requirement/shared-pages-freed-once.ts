// SPDX-License-Identifier: GPL-2.0-only
/** R24: pages that an image shares with its neighbours, and pages outside of it: freed once each, and in time. On a
 *  kernel that checks every page (DEBUG_VM, page poisoning, init_on_free, KASAN). */
import { type Item, type Segment, witnessRoot } from '../verify/files.ts';
import { instances, leaving, realRoot } from '../verify/leaving.ts';
import { claim, kernels, requirement, type Shown, type Trial } from '../verify/requirement.ts';
import { endsWell, filesOf, less, memories, near, noTrouble, overlayRoot } from '../verify/shown.ts';

const main: readonly Item[] = [...witnessRoot, { path: 'data/main', noise: (4 << 20) + 77 }];
const image: Segment = { files: main, format: 'erofs' };
const second: Segment = { files: [{ path: 'data/second', noise: 1 << 20 }], format: 'erofs' };
/** What stands around: sizes that are no multiple of a page. */
const before: Segment = { files: [{ path: 'data/before', noise: (2 << 20) + 5000 }], format: 'cpio' };
const behind: Segment = { files: [{ path: 'data/behind', noise: (2 << 20) + 333 }], format: 'cpio' };
const paths = ['/data/main', '/data/before', '/data/behind', '/data/second'];

const trial = (initrd: readonly Segment[]): Trial => ({
  kernel: kernels.debug,
  initrd,
  checks: ['mounts', 'memory', 'content', 'leave'],
  append: [
    'init_on_free=1',
    `INITBENCH_PATHS=${paths.join(',')}`,
    ...leaving('pivot', ['settle', 'blocks', 'memory']),
  ],
  disks: [realRoot],
  memoryMiB: 768,
  timeoutMs: 600_000,
  options: ['DEBUG_VM', 'PAGE_POISONING', 'INIT_ON_FREE_DEFAULT_ON'],
});

const pageKiB = 4;
const digests = (shown: Shown) => paths.map(at => filesOf(shown).get(at)?.sha256 ?? 'none');

export default requirement({
  id: 'r24',
  title: 'shared pages, pages around: freed once',
  askedBy: 'existing behaviour',
  weight: 'implied',
  boots: {
    aligned: trial([before, 'align', image, behind, 'align', second]),
    midPage: trial([before, 'align', { zeros: 516 }, image, behind, { zeros: 8 }, second]),
    /** Two images with a page in common. */
    neighbours: trial([before, behind, { zeros: 512 }, image, { zeros: 0 }, second]),
    archives: trial([before, { files: main, format: 'cpio' }, behind, { ...second, format: 'cpio' }]),
  },
  judge(shown) {
    const { archives } = shown;
    const [usual, usualAfter] = memories(archives);
    const each = (['aligned', 'midPage', 'neighbours'] as const).flatMap(name => {
      const boot = shown[name];
      const [atInit, after] = memories(boot);
      const images = 5.5 * 1024;
      const whole = digests(boot).join() === digests(archives).join();
      const alive = instances(boot).at(-1) ?? [];
      return [
        endsWell(name, boot),
        overlayRoot(name, boot),
        claim(`${name}: every file is whole`, whole, whole ? 'all four' : digests(boot)),
        claim(
          `${name}: what is around the images is free at /init`,
          (atInit?.total ?? 0) >= (less(usual?.total, images) ?? Infinity),
          `MemTotal ${atInit?.total ?? '?'} KiB, ${usual?.total ?? '?'} from archives`,
        ),
        claim(`${name}: after pivot_root no image is left`, alive.length === 0, alive.join(' ') || 'none'),
        near(`${name}: every page came back`, after?.total, usualAfter?.total, pageKiB),
      ];
    });
    return [
      claim('the kernel checks its pages', archives.options.DEBUG_VM === 'y', archives.options),
      endsWell('archives alone', archives),
      ...each,
      noTrouble(shown),
    ];
  },
});
