// SPDX-License-Identifier: GPL-2.0-only
/** R12: "compressed images work, on demand" (Ruiz, Stecklina, Stanoszek): only what is touched is unpacked, and it is
 *  what went in. */
import { type Item, witnessRoot } from '../verify/files.ts';
import { type Claim, claim, kernels, requirement, type Shown, type Trial } from '../verify/requirement.ts';
import { endsWell, factsOf, filesOf, noTrouble, overlayRoot } from '../verify/shown.ts';

const prose = Array.from({ length: 6 }, (_, index) => `prose${index}`);
const bytes = 2 << 20;
const files: readonly Item[] = [
  ...witnessRoot,
  ...prose.map(name => ({ path: `data/${name}`, prose: bytes })),
  /** Does not get smaller: stored as it is. */
  { path: 'data/noise', noise: bytes },
  { path: 'data/short', text: 'shorter than a block' },
  { path: 'data/empty', text: '' },
  { path: 'data/odd', prose: 123_457 },
];
const touched = '/data/prose3';
const all = [...prose, 'noise'].map(name => `/data/${name}`);

/** First one file, then the census, then every byte. */
const trial = (format: string): Trial => ({
  kernel: kernels.series,
  initrd: [{ files, format }],
  checks: ['mounts', 'memory', 'read', 'memory', 'resident', 'tree'],
  append: [`INITBENCH_PATHS=${touched}`, `INITBENCH_RESIDENT=${all.join(',')}`, 'INITBENCH_TREE=/data'],
});

function claimsOf(what: string, shown: Shown, archive: Shown): Claim[] {
  const pages = new Map(factsOf(shown, 'resident').map(one => [one.path!, Number(one.pages)]));
  const others = [...pages].filter(([path, count]) => path !== touched && count > 0).map(([path]) => path);
  const [before, after] = factsOf(shown, 'memory').map(({ Cached }) => Number(Cached) * 1024);
  const grown = (after ?? Number.NaN) - (before ?? Number.NaN);
  const [ours, theirs] = [filesOf(shown), filesOf(archive)];
  const differ = [...theirs].filter(
    ([path, one]) => ours.get(path)?.sha256 !== one.sha256 || ours.get(path)?.bytes !== one.bytes,
  );
  return [
    endsWell(what, shown),
    overlayRoot(what, shown),
    claim(
      `${what}: the file that is read is in memory, whole`,
      pages.get(touched) === bytes / 4096,
      `${pages.get(touched)} pages`,
    ),
    claim(
      `${what}: no page of another file is`,
      pages.size === all.length && others.length === 0,
      others.join(' ') || 'none',
    ),
    claim(
      `${what}: memory grows by that file, not by the image`,
      grown > 0.9 * bytes && grown < 1.25 * bytes,
      `${Math.round(grown / 1024)} KiB cached for ${bytes / 1024} KiB read`,
    ),
    claim(
      `${what}: every file is what an archive of the same files gives`,
      theirs.size === files.length - witnessRoot.length && differ.length === 0,
      differ.map(([path]) => path).join(' ') || `${theirs.size} files`,
    ),
  ];
}

export default requirement({
  id: 'r12',
  title: 'compressed images work, on demand',
  askedBy: 'Ruiz, Stecklina',
  weight: 'hard',
  boots: { lz4hc: trial('erofs-lz4hc'), big: trial('erofs-lz4hc-64k'), archive: trial('cpio') },
  judge(shown) {
    const { lz4hc, big, archive } = shown;
    return [
      endsWell('the archive', archive),
      ...claimsOf('lz4hc, 4 KiB clusters', lz4hc, archive),
      ...claimsOf('lz4hc, 64 KiB clusters', big, archive),
      claim(
        'the images are smaller than what is in them',
        Math.max(lz4hc.initrd!.bytes, big.initrd!.bytes) < archive.initrd!.bytes / 2,
        `${lz4hc.initrd!.bytes} and ${big.initrd!.bytes} bytes of ${archive.initrd!.bytes}`,
      ),
      noTrouble(shown),
    ];
  },
});
