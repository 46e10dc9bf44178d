// SPDX-License-Identifier: GPL-2.0-only
/** R14: "one backend API over several backends rather than a third path" in EROFS (Gao, August 2025): the same image
 *  gives the same tree from memory, disk and file, and fs/erofs gets no way of its own to fill pages. */
import { type Item, type Segment, witnessRoot } from '../verify/files.ts';
import {
  claim,
  kernels,
  requirement,
  type SeriesText,
  type Shown,
  type Trial,
} from '../verify/requirement.ts';
import { endsWell, factsOf, filesOf, noTrouble, type Values } from '../verify/shown.ts';

const files: readonly Item[] = [
  ...witnessRoot,
  ...['disk', 'file', 'none', 'copy'].map(name => ({ path: `mnt/${name}`, dir: true }) as const),
  { path: 'data/prose', prose: 300_001 },
  { path: 'data/noise', noise: 70_001 },
  { path: 'data/short', text: 'inline' },
  { path: 'data/link', link: 'data/short' },
  { path: 'data/pointer', symlink: 'short' },
  { path: 'data/owned', text: 'not root', uid: 1000, gid: 100, mode: 0o640 },
  { path: 'data/node', device: 'block', major: 7, minor: 9 },
  { path: 'data/fifo', fifo: true },
  ...Array.from({ length: 200 }, (_, index) => ({ path: `data/many/file${index}`, text: `${index}` })),
];
const trial = (format: string): Trial => {
  const image: Segment = { files, format };
  return {
    kernel: kernels.series,
    initrd: [image],
    disks: [image],
    checks: ['mount-disk', 'mount-file', 'tree'],
    append: ['INITBENCH_TREE=/data,/mnt/disk/data,/mnt/file/data'],
  };
};

/** What can be seen of a file, its number left out: an overlay has its own. */
function treeAt(shown: Shown, top: string): Map<string, string> {
  const below = [...filesOf(shown)].filter(([path]) => path.startsWith(`${top}/`));
  return new Map(below.map(([path, values]) => [path.slice(top.length), comparable(values)]));
}
const comparable = ({ path: _, inode: __, ...values }: Values) => JSON.stringify(values);

function compared(shown: Shown, other: string): { same: boolean; seen: string } {
  const [ours, theirs] = [treeAt(shown, '/data'), treeAt(shown, other)];
  const differ = [...ours].filter(([path, values]) => theirs.get(path) !== values).map(([path]) => path);
  const same = ours.size > 200 && ours.size === theirs.size && differ.length === 0;
  return { same, seen: differ.slice(0, 3).join(' ') || `${ours.size} entries and ${theirs.size}` };
}

/** Lines that would make a third way of reading: operations on pages, or a bio that is not one. */
function ownPaths({ added }: SeriesText): string[] {
  return Object.entries(added)
    .filter(([file]) => /^fs\/erofs\/.*\.[ch]$/.test(file))
    .flatMap(([file, lines]) =>
      lines
        .filter(line => /^(static )?const struct address_space_operations \w+ = \{/.test(line))
        .map(line => `${file}: ${line.replace(/ = \{$/, '')}`),
    );
}

export default requirement({
  id: 'r14',
  title: 'one backend API in EROFS, no third path',
  askedBy: 'Gao',
  weight: 'soft',
  boots: { plain: trial('erofs'), lz4hc: trial('erofs-lz4hc') },
  judge(shown, text) {
    const erofs = text.series.patches
      .flatMap(patch => patch.files)
      .filter(({ path }) => path.startsWith('fs/erofs/'))
      .reduce((sum, { added, removed }) => ({ added: sum.added + added, removed: sum.removed + removed }), {
        added: 0,
        removed: 0,
      });
    const paths = ownPaths(text);
    const layouts = Object.entries({ plain: shown.plain, lz4hc: shown.lz4hc }).flatMap(([name, boot]) => {
      const [disk, file] = [compared(boot, '/mnt/disk/data'), compared(boot, '/mnt/file/data')];
      const failed = factsOf(boot, 'image-mount').filter(({ errno }) => errno !== '0');
      return [
        endsWell(name, boot),
        claim(`${name}: it mounts from disk and file too`, failed.length === 0, failed[0] ?? 'both'),
        claim(`${name}: from memory as from a disk`, disk.same, disk.seen),
        claim(`${name}: from memory as from a file`, file.same, file.seen),
      ];
    });
    return [
      ...layouts,
      claim(
        'EROFS gets no page operations of its own for it',
        paths.length === 0,
        `${paths[0] ?? 'none'}; fs/erofs +${erofs.added} -${erofs.removed}`,
      ),
      noTrouble(shown),
    ];
  },
});
