// SPDX-License-Identifier: GPL-2.0-only
/** R34: another file system as the alternative (asked for in 2023 with btrfs in mind): a demonstration patch of its own
 *  registers a second one. That the first is found as before, beside it, is what is booted here. */
import { witnessRoot } from '../verify/files.ts';
import { claim, requirement } from '../verify/requirement.ts';
import { endsWell, linesWith, noTrouble, overlayRoot } from '../verify/shown.ts';

export default requirement({
  id: 'r34',
  title: 'a second file system can register',
  askedBy: 'Gompa',
  weight: 'soft',
  boots: {
    beside: {
      kernel: { carries: 'initoverlayfs-demo', fragments: [] },
      initrd: [{ files: witnessRoot, format: 'erofs' }],
      checks: ['mounts'],
    },
  },
  judge({ beside }) {
    const found = linesWith(beside, /^initramfs: \w+ image/);
    return [
      endsWell('an image beside a second registrant', beside),
      overlayRoot('an image beside a second registrant', beside),
      claim(
        'it is recognised by the first one',
        found.length === 1 && found[0]!.includes('erofs'),
        found[0] ?? 'nothing said',
      ),
      noTrouble({ beside }),
    ];
  },
});
