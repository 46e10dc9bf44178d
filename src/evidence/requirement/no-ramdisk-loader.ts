// SPDX-License-Identifier: GPL-2.0-only
/** R36: nothing of what goes in January 2027: neither the ramdisk driver nor the ramdisk loader. */
import { witnessRoot } from '../verify/files.ts';
import { claim, kernels, requirement } from '../verify/requirement.ts';
import { endsWell, linesWith, noTrouble, overlayRoot } from '../verify/shown.ts';

const leaving = ['init/do_mounts_rd.c', 'init/do_mounts_initrd.c', 'drivers/block/brd.c'];

export default requirement({
  id: 'r36',
  title: 'nothing of what is removed in January 2027',
  askedBy: 'Safin, Brauner',
  weight: 'hard',
  quick: true,
  boots: {
    image: {
      kernel: kernels.series,
      initrd: [{ files: witnessRoot, format: 'erofs' }],
      checks: ['mounts', 'blocks'],
      options: ['BLK_DEV_RAM'],
    },
  },
  judge({ image }, { added }) {
    const touched = leaving.filter(file => file in added);
    const uses = Object.entries(added)
      .filter(([file]) => /\.[ch]$/.test(file))
      .flatMap(([, lines]) =>
        lines.filter(line => /\b(rd_load_\w+|initrd_load|Root_RAM0|BLK_DEV_RAM)\b/.test(line)),
      );
    const warned = linesWith(image, /January 2027|deprecated/i);
    return [
      claim(
        'neither ramdisk nor its loader is in the kernel',
        image.options.BLK_DEV_RAM === 'n',
        image.options,
      ),
      endsWell('an image', image),
      overlayRoot('an image', image),
      claim('no file that goes is touched', touched.length === 0, touched.join(' ') || 'none'),
      claim('nothing added uses them', uses.length === 0, uses[0]?.trim() ?? 'nothing'),
      claim('the kernel warns of nothing that goes', warned.length === 0, warned[0] ?? 'no line'),
      noTrouble({ image }),
    ];
  },
});
