// SPDX-License-Identifier: GPL-2.0-only
/** R18: "the built-in initramfs, rdinit=, retain_initrd, noinitrd, initramfs_async= and initramfs_options= as before":
 *  a matrix of command lines, each for an image, for an archive, and for an archive without the series. */
import { type Item, witnessRoot } from '../verify/files.ts';
import {
  type Claim,
  claim,
  type KernelNeed,
  kernels,
  requirement,
  type Shown,
  type Trial,
} from '../verify/requirement.ts';
import { endsWell, factOf, filesOf, noTrouble, overlayRoot } from '../verify/shown.ts';

/** By the name of a row: words, and the files when it is not the usual root. */
const rows = {
  none: [],
  rdinit: ['rdinit=/sbin/first'],
  retain: ['retain_initrd'],
  /** Which is about ramdisks: archives are unpacked all the same. */
  without: ['noinitrd'],
  sync: ['initramfs_async=0'],
  options: ['initramfs_options=size=8M,nr_inodes=1000'],
} as const satisfies Record<string, readonly string[]>;
type Row = keyof typeof rows;

const usual: readonly Item[] = [...witnessRoot, { path: 'data/file', prose: 10_000 }];
/** Nothing but what rdinit= names can be run. */
const other: readonly Item[] = usual.map(item =>
  item.path === 'init' ? { path: 'sbin/first', program: 'witness', mode: 0o755 } : item,
);

const trial = (row: Row, kernel: KernelNeed, format: string): Trial => ({
  kernel,
  initrd: [{ files: row === 'rdinit' ? other : usual, format }],
  checks: ['mounts', 'space', 'initrd', 'content'],
  append: [...rows[row], 'INITBENCH_PATHS=/data/file,/dev/console'],
});

/** The kernel of the requirements has a few texts of its own tree built in. */
const builtIn = ['/GPL-2.0', '/LGPL-2.1', '/BSD-3-Clause'];
const own = 'LGPL-2.1';
const withBuiltIn = (format: string): Trial => ({
  kernel: kernels.verify,
  initrd: [{ files: [...usual, { path: own, text: 'of the initrd\n' }], format }],
  checks: ['mounts', 'content'],
  append: [`INITBENCH_PATHS=${builtIn.join(',')}`],
  options: ['INITRAMFS_SOURCE'],
});

/** How it ended, what the root is, what is in it: everything that must not differ. */
function essence(shown: Shown): string {
  const names = ['root', 'mount', 'space', 'initrd', 'file'];
  const facts = shown.facts
    .filter(({ name }) => names.includes(name))
    .map(({ name, values }) => [name, { ...values, dev: '', inode: '', left: '', mtime: '' }]);
  const { outcome } = shown;
  return JSON.stringify([outcome.kind, outcome.kind === 'panic' ? outcome.message : '', facts]);
}

const sizeOf = (shown: Shown) => {
  const { block_bytes: block, blocks, inodes } = factOf(shown, 'space');
  return `${Number(block) * Number(blocks)} bytes, ${inodes} inodes`;
};

export default requirement({
  id: 'r18',
  title: 'command line, built-in initramfs unchanged',
  askedBy: 'existing behaviour',
  weight: 'implied',
  boots: {
    none: trial('none', kernels.series, 'erofs'),
    noneArchive: trial('none', kernels.series, 'cpio'),
    noneBase: trial('none', kernels.base, 'cpio'),
    rdinit: trial('rdinit', kernels.series, 'erofs'),
    rdinitArchive: trial('rdinit', kernels.series, 'cpio'),
    rdinitBase: trial('rdinit', kernels.base, 'cpio'),
    retain: trial('retain', kernels.series, 'erofs'),
    retainArchive: trial('retain', kernels.series, 'cpio'),
    retainBase: trial('retain', kernels.base, 'cpio'),
    without: trial('without', kernels.series, 'erofs'),
    withoutArchive: trial('without', kernels.series, 'cpio'),
    withoutBase: trial('without', kernels.base, 'cpio'),
    sync: trial('sync', kernels.series, 'erofs'),
    syncArchive: trial('sync', kernels.series, 'cpio'),
    syncBase: trial('sync', kernels.base, 'cpio'),
    options: trial('options', kernels.series, 'erofs'),
    optionsArchive: trial('options', kernels.series, 'cpio'),
    optionsBase: trial('options', kernels.base, 'cpio'),
    builtIn: withBuiltIn('erofs'),
    builtInArchive: withBuiltIn('cpio'),
  },
  judge(shown) {
    const unchanged = (Object.keys(rows) as Row[]).map((row): Claim => {
      const [ours, theirs] = [shown[`${row}Archive`], shown[`${row}Base`]];
      const words = rows[row].join(' ') || 'no such word';
      const same = essence(ours) === essence(theirs);
      return claim(
        `an archive with ${words}: as without the series`,
        same,
        same ? ours.outcome.kind : `${essence(ours)} and ${essence(theirs)}`,
      );
    });
    const images = (Object.keys(rows) as Row[]).flatMap(row => {
      const boot = shown[row];
      const file = filesOf(boot).get('/data/file')?.sha256;
      const expected = filesOf(shown[`${row}Base`]).get('/data/file')?.sha256;
      return [
        endsWell(`an image with ${rows[row].join(' ') || 'no such word'}`, boot),
        overlayRoot(row, boot),
        claim(`${row}: its file is whole`, file !== undefined && file === expected, file ?? 'not there'),
      ];
    });
    const kept = factOf(shown.retain, 'initrd');
    const { options, optionsArchive, none } = shown;
    const [texts, usualTexts] = [filesOf(shown.builtIn), filesOf(shown.builtInArchive)];
    const missing = builtIn.filter(at => {
      const hash = texts.get(at)?.sha256;
      return hash === undefined || hash !== usualTexts.get(at)?.sha256;
    });
    return [
      ...unchanged,
      ...images,
      claim(
        'retain_initrd keeps the image, whole, in /sys/firmware/initrd',
        kept.sha256 === shown.retain.initrd!.sha256,
        kept,
      ),
      claim('without the word it is not kept', factOf(none, 'initrd').errno !== '0', factOf(none, 'initrd')),
      claim(
        'initramfs_options= limits what can be written to',
        sizeOf(options) === sizeOf(optionsArchive) && sizeOf(options) !== sizeOf(none),
        `${sizeOf(options)}; archive ${sizeOf(optionsArchive)}; without ${sizeOf(none)}`,
      ),
      endsWell('an image over a built-in initramfs', shown.builtIn),
      overlayRoot('an image over a built-in initramfs', shown.builtIn),
      claim(
        'the built-in files are there, those of the initrd win',
        missing.length === 0 && texts.get(`/${own}`)?.bytes === String('of the initrd\n'.length),
        missing.join(' ') || texts.get(`/${own}`) || 'nothing reported',
      ),
      noTrouble(shown),
    ];
  },
});
