// SPDX-License-Identifier: GPL-2.0-only
/** R21: "early users see the assembled root": a driver in the kernel asks for firmware at late_initcall, from a worker,
 *  before there is an init. cfg80211 does, without hardware, and says whether it was given what it takes. */
import { type Item, witnessRoot } from '../verify/files.ts';
import { claim, kernels, requirement, type Shown, type Trial } from '../verify/requirement.ts';
import { endsWell, linesWith, noTrouble, overlayRoot } from '../verify/shown.ts';

/** Not a database: that it was read shows in what is said about it. */
const firmware: Item = { path: 'lib/firmware/regulatory.db', text: 'no database of regulations\n' };

const trial = (files: readonly Item[], format: string, ...append: string[]): Trial => ({
  kernel: kernels.verify,
  initrd: [{ files, format }],
  checks: ['mounts'],
  append,
});
const having = [...witnessRoot, firmware];

const said = (shown: Shown) => linesWith(shown, /regulatory\.db/).join(' | ') || 'nothing';
const wasRead = (shown: Shown) => /loaded regulatory\.db is malformed/.test(said(shown));

export default requirement({
  id: 'r21',
  title: 'firmware requests see the assembled root',
  askedBy: 'Ruiz',
  weight: 'implied',
  boots: {
    image: trial(having, 'erofs'),
    lz4hc: trial(having, 'erofs-lz4hc'),
    sync: trial(having, 'erofs', 'initramfs_async=0'),
    archive: trial(having, 'cpio'),
    without: trial(witnessRoot, 'erofs'),
  },
  judge(shown) {
    const { without, archive } = shown;
    return [
      ...(['image', 'lz4hc', 'sync'] as const).flatMap(name => [
        endsWell(name, shown[name]),
        overlayRoot(name, shown[name]),
        claim(`${name}: the driver was given the file of the image`, wasRead(shown[name]), said(shown[name])),
      ]),
      claim('an archive gives the same answer', wasRead(archive), said(archive)),
      claim('without the file the answer is another', !wasRead(without), said(without)),
      noTrouble(shown),
    ];
  },
});
