// SPDX-License-Identifier: GPL-2.0-only
/** R27: "authentication of every component" (Poettering; Gao: the kernel should check again). Here its minimum: what is
 *  mounted is bit for bit the file that a signature over the initrd covers, and nobody writes to it. */
import { type Item, type Segment, witnessRoot } from '../verify/files.ts';
import { claim, kernels, requirement, type Trial } from '../verify/requirement.ts';
import { endsWell, factOf, factsOf, filesOf, noTrouble, overlayRoot } from '../verify/shown.ts';

const files: readonly Item[] = [
  ...witnessRoot,
  { path: 'data/noise', noise: 1 << 20 },
  { path: 'data/prose', prose: 1 << 20 },
];
/** A later archive replaces a file of the image: who signs the initrd signs it too. */
const late: Segment = { files: [{ path: 'data/prose', text: 'of the archive\n' }], format: 'cpio' };
const append = ['retain_initrd', 'INITBENCH_PATHS=/data/noise,/data/prose'];
const trial = (initrd: readonly Segment[]): Trial => ({
  kernel: kernels.series,
  initrd,
  checks: ['mounts', 'initrd', 'content', 'initrd'],
  append,
});

export default requirement({
  id: 'r27',
  title: 'bit-identical image (minimum of R27)',
  askedBy: 'Poettering, Gao',
  weight: 'hard',
  quick: true,
  boots: {
    plain: trial([{ files, format: 'erofs' }]),
    lz4hc: trial([{ files, format: 'erofs-lz4hc' }]),
    archive: trial([{ files, format: 'cpio' }]),
    covered: trial([{ files, format: 'erofs' }, late]),
  },
  judge(shown) {
    const { plain, lz4hc, archive, covered } = shown;
    const each = Object.entries({ plain, lz4hc, covered }).flatMap(([name, boot]) => {
      const hashes = factsOf(boot, 'initrd').map(({ sha256 }) => sha256);
      return [
        endsWell(name, boot),
        overlayRoot(name, boot),
        claim(
          `${name}: in memory it is the file, before and after all was read`,
          hashes.length === 2 && hashes.every(hash => hash === boot.initrd!.sha256),
          `sha256 ${boot.initrd!.sha256}`,
        ),
      ];
    });
    const differing = ['/data/noise', '/data/prose'].filter(at =>
      [plain, lz4hc].some(boot => filesOf(boot).get(at)?.sha256 !== filesOf(archive).get(at)?.sha256),
    );
    return [
      ...each,
      claim('every file is what an archive gives', differing.length === 0, differing.join(' ') || 'all'),
      claim(
        'an archive behind the image wins, and is part of what is measured',
        filesOf(covered).get('/data/prose')?.bytes === '15',
        filesOf(covered).get('/data/prose') ?? factOf(covered, 'file'),
      ),
      noTrouble(shown),
    ];
  },
});
