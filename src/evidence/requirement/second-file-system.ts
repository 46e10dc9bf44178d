// SPDX-License-Identifier: GPL-2.0-only
/** R34: another file system as the alternative (asked for in 2023 with btrfs in mind). A demonstration series teaches
 *  cramfs to mount a file and registers it as a second type of image, without a line in init/: initoverlayfs-demo. */
import { type Item, type Segment, witnessRoot } from '../verify/files.ts';
import { claim, kernels, requirement, type Shown, type Trial } from '../verify/requirement.ts';
import { endsWell, factsOf, filesOf, linesWith, noTrouble, overlayRoot } from '../verify/shown.ts';

const own: Item = { path: 'data/own', prose: 100_000 };
const first: Item = { path: 'data/both', text: 'the lower image' };
const second: Item = { path: 'data/both', text: 'the upper image' };
const image = (format: string, files: readonly Item[]): Segment => ({ files, format });

const trial = (...initrd: readonly Segment[]): Trial => ({
  kernel: kernels.demo,
  initrd,
  checks: ['mounts', 'content'],
  append: ['INITBENCH_PATHS=/data/own,/data/both'],
});
const whole = [...witnessRoot, own, first];

const types = (shown: Shown) =>
  linesWith(shown, /^initramfs: root is an overlay on/).map(line => /the (\w+) image/.exec(line)?.[1] ?? '?');
const digest = (shown: Shown, path: string) => filesOf(shown).get(path)?.sha256 ?? 'none';

export default requirement({
  id: 'r34',
  title: 'a second file system can register',
  askedBy: 'Gompa',
  weight: 'soft',
  boots: {
    archive: trial(image('cpio', [...witnessRoot, own, second])),
    beside: trial(image('erofs', whole)),
    alone: trial(image('cramfs', whole)),
    below: trial(image('cramfs', whole), 'align', image('erofs', [second])),
    above: trial(image('erofs', whole), 'align', image('cramfs', [second])),
  },
  judge(shown) {
    const { archive, beside, alone, below, above } = shown;
    const recognised = (name: string, boot: Shown, expected: string) =>
      claim(
        `${name} is recognised as what it is`,
        types(boot).join(' ') === expected,
        types(boot).join(' ') || 'nothing said',
      );
    const same = (name: string, boot: Shown, path: string) =>
      claim(
        `${name}: ${path} is what the archive has`,
        digest(boot, path) === digest(archive, path),
        digest(boot, path),
      );
    return [
      endsWell('the archive', archive),
      recognised('an EROFS image, beside a second registrant,', beside, 'erofs'),
      recognised('a cramfs image', alone, 'cramfs'),
      recognised('EROFS on cramfs', below, 'cramfs erofs'),
      recognised('cramfs on EROFS', above, 'erofs cramfs'),
      ...Object.entries({ beside, alone, below, above }).flatMap(([name, boot]) => [
        endsWell(name, boot),
        overlayRoot(name, boot),
        same(name, boot, '/data/own'),
      ]),
      same('below', below, '/data/both'),
      same('above', above, '/data/both'),
      claim(
        'the mounts are on no block device',
        factsOf(alone, 'mount').every(({ dev }) => dev?.startsWith('0:')),
        factsOf(alone, 'mount')
          .map(({ dev }) => dev)
          .join(' '),
      ),
      noTrouble(shown),
    ];
  },
});
