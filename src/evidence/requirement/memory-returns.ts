// SPDX-License-Identifier: GPL-2.0-only
/** R23: "the memory returns to the system when the early root goes away" (Hellwig's flexible memory management; what
 *  an archive does today), and not before its last user goes. */
import { type Item, witnessRoot } from '../verify/files.ts';
import { instances, leaving, realRoot } from '../verify/leaving.ts';
import { claim, kernels, requirement, type Trial } from '../verify/requirement.ts';
import { endsWell, factOf, factsOf, less, linesWith, memories, near, noTrouble } from '../verify/shown.ts';

const payloadKiB = 24 << 10;
const heldBytes = 1 << 20;
const files: readonly Item[] = [
  ...witnessRoot,
  { path: 'data/noise', noise: payloadKiB << 10 },
  { path: 'data/held', prose: heldBytes },
];
const then = ['settle', 'blocks', 'memory'];

const trial = (format: string, checks: readonly string[], after: readonly string[]): Trial => ({
  kernel: kernels.series,
  initrd: [{ files, format }],
  checks,
  append: leaving('pivot', after),
  disks: [realRoot],
});
const leaves = ['blocks', 'memory', 'leave'];

export default requirement({
  id: 'r23',
  title: 'the memory comes back with the last user',
  askedBy: 'Hellwig',
  weight: 'hard',
  boots: {
    plain: trial('erofs', leaves, then),
    lz4hc: trial('erofs-lz4hc', leaves, then),
    archive: trial('cpio', leaves, then),
    held: trial('erofs', ['hold', 'memory', 'leave'], [...then, 'held', 'release', ...then]),
  },
  judge(shown) {
    const { archive, held } = shown;
    const [usualBefore, usual] = memories(archive);
    const each = (['plain', 'lz4hc'] as const).flatMap(name => {
      const [before, after] = memories(shown[name]);
      const image = Math.ceil(shown[name].initrd!.bytes / 1024);
      const alive = instances(shown[name]).at(-1) ?? [];
      return [
        endsWell(name, shown[name]),
        near(
          `${name}: at /init the image is not counted`,
          before?.total,
          less(usualBefore?.total, image),
          1024,
        ),
        near(
          `${name}: MemTotal after pivot_root is what an archive leaves`,
          after?.total,
          usual?.total,
          1024,
        ),
        near(`${name}: so is what is free`, after?.free, usual?.free, 1024),
        claim(`${name}: the file system is gone`, alive.length === 0, alive.join(' ') || 'none'),
        claim(
          `${name}: the kernel says that it is freed, once`,
          linesWith(shown[name], /Freeing initrd memory/).length === 1,
          linesWith(shown[name], /Freeing initrd memory/).join(' | ') || 'no line',
        ),
      ];
    });
    const [, pinned, released] = memories(held);
    const image = Math.ceil(held.initrd!.bytes / 1024);
    const open = factOf(held, 'held');
    const [whileOpen = [], afterwards = []] = instances(held);
    return [
      endsWell('an archive', archive),
      ...each,
      endsWell('an open file on the old root', held),
      claim('an open file keeps the file system', whileOpen.length === 1, whileOpen.join(' ') || 'none'),
      near('an open file keeps the memory', pinned?.total, less(usual?.total, image), 1024),
      claim(
        'it can be read to its end then',
        open.bytes === String(heldBytes) && (open.content ?? '').startsWith('data/held '),
        `${open.bytes ?? 'no'} bytes, errno ${open.errno ?? '?'}`,
      ),
      claim('closed, the file system goes', afterwards.length === 0, afterwards.join(' ') || 'none'),
      near('closed, the memory comes back', released?.total, usual?.total, 1024),
      claim(
        'it was really held and released',
        factOf(held, 'hold').errno === '0' && factOf(held, 'release').errno === '0',
        factsOf(held, 'hold'),
      ),
      noTrouble(shown),
    ];
  },
});
