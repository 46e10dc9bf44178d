// SPDX-License-Identifier: GPL-2.0-only
/** R10: "use DAX where data is mapped directly" (Gao; Wilcox of a neighbouring case): a plain, page-aligned file that
 *  is mapped needs no page of the page cache. */
import { witnessRoot } from '../verify/files.ts';
import { claim, kernels, requirement } from '../verify/requirement.ts';
import { endsWell, factOf, factsOf, noTrouble } from '../verify/shown.ts';

const bytes = 4 << 20;

export default requirement({
  id: 'r10',
  title: 'plain data is mapped in place (DAX)',
  askedBy: 'Gao, Wilcox',
  weight: 'hard',
  boots: {
    plain: {
      kernel: kernels.series,
      initrd: [{ files: [...witnessRoot, { path: 'data/plain', noise: bytes }], format: 'erofs' }],
      checks: ['resident', 'memory', 'map', 'memory', 'resident'],
      append: ['INITBENCH_PATHS=/data/plain'],
    },
  },
  judge({ plain }) {
    const [before, after] = factsOf(plain, 'memory').map(({ Cached }) => Number(Cached));
    const grown = (after ?? Number.NaN) - (before ?? Number.NaN);
    const [untouched, touched] = factsOf(plain, 'resident');
    return [
      endsWell('the image', plain),
      claim(
        'a mapped file is read to its end',
        factOf(plain, 'mapped').bytes === String(bytes),
        `${factOf(plain, 'mapped').bytes ?? 'no'} bytes`,
      ),
      claim('nothing of it is cached before', untouched?.pages === '0', `${untouched?.pages} pages`),
      claim(
        'mapping it puts nothing into the page cache',
        grown < bytes / 1024 / 10,
        `${grown} KiB of cache for ${bytes / 1024} KiB mapped, ${touched?.pages} of ${touched?.of} pages`,
      ),
      noTrouble({ plain }),
    ];
  },
});
