// SPDX-License-Identifier: GPL-2.0-only
/** R26: large and odd memory: struct pages that are made later (8 GiB, two CPUs), an initrd that is to be retained. What
 *  needs other machines (highmem, SME, ARCH_KEEP_MEMBLOCK) is argued in the cover letter. */
import { type Item, witnessRoot } from '../verify/files.ts';
import { instances, leaving, realRoot } from '../verify/leaving.ts';
import { claim, kernels, requirement, type Trial } from '../verify/requirement.ts';
import { endsWell, factsOf, less, memories, near, noTrouble, overlayRoot } from '../verify/shown.ts';

const files: readonly Item[] = [...witnessRoot, { path: 'data/noise', noise: 24 << 20 }];
const large = (format: string): Trial => ({
  kernel: kernels.verify,
  initrd: [{ files, format }],
  checks: ['mounts', 'memory', 'leave'],
  append: leaving('pivot', ['settle', 'blocks', 'memory']),
  disks: [realRoot],
  memoryMiB: 8192,
  cpus: 2,
  options: ['DEFERRED_STRUCT_PAGE_INIT'],
});
const retained: Trial = {
  kernel: kernels.verify,
  initrd: [{ files, format: 'erofs' }],
  checks: ['mounts', 'memory', 'leave'],
  append: ['retain_initrd', ...leaving('pivot', ['settle', 'blocks', 'memory', 'initrd'])],
  disks: [realRoot],
};

export default requirement({
  id: 'r26',
  title: 'deferred struct pages, retained initrd',
  askedBy: 'existing behaviour',
  weight: 'implied',
  boots: { image: large('erofs'), archive: large('cpio'), retained },
  judge(shown) {
    const { image, archive, retained: kept } = shown;
    const [before, after] = memories(image);
    const [, usual] = memories(archive);
    const [keptBefore, keptAfter] = memories(kept);
    const imageKiB = Math.ceil(image.initrd!.bytes / 1024);
    const initrd = factsOf(kept, 'initrd').at(-1) ?? {};
    const alive = instances(kept).at(-1) ?? [];
    return [
      claim(
        'the kernel makes struct pages later',
        image.options.DEFERRED_STRUCT_PAGE_INIT === 'y',
        image.options,
      ),
      endsWell('an image in 8 GiB', image),
      overlayRoot('an image in 8 GiB', image),
      endsWell('an archive in 8 GiB', archive),
      near('8 GiB: before, the image is not counted', before?.total, less(usual?.total, imageKiB), 1024),
      near('8 GiB: after pivot_root all is there', after?.total, usual?.total, 1024),
      endsWell('retain_initrd', kept),
      claim('retain_initrd: the file system goes', alive.length === 0, alive.join(' ') || 'none'),
      near('retain_initrd: its memory stays', keptAfter?.total, keptBefore?.total, 64),
      claim(
        'retain_initrd: it is whole in /sys/firmware/initrd even then',
        initrd.sha256 === kept.initrd!.sha256,
        initrd,
      ),
      noTrouble(shown),
    ];
  },
});
