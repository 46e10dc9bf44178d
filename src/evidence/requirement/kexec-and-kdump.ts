// SPDX-License-Identifier: GPL-2.0-only
/** R25: kexec and kdump: an image is the initrd of the next kernel as of the first, captures a crash in less memory than
 *  an archive, and nothing of a crash kernel's memory is given away. */
import { type Item, type Segment, witnessRoot } from '../verify/files.ts';
import { claim, kernels, requirement, type Shown, type Trial } from '../verify/requirement.ts';
import { endsWell, factsOf, filesOf, linesWith, noTrouble, overlayRoot } from '../verify/shown.ts';

const payloadBytes = 32 << 20;
const capture: readonly Item[] = [...witnessRoot, { path: 'data/capture', noise: payloadBytes }];
const captureChecks = 'mounts,memory,content';
const cmdline = [
  ...['console=ttyS0', 'panic=-1', 'loglevel=7', 'nokaslr', 'nr_cpus=1', 'no_timer_check'],
  ...[`INITBENCH_CHECK=${captureChecks}`, 'INITBENCH_PATHS=/data/capture'],
].join(' ');

/** A root with the next kernel and its initrd in it. */
const holding = (format: string): Segment => ({
  files: [
    ...witnessRoot,
    { path: 'boot/kernel', kernel: true },
    { path: 'boot/initrd', segment: { files: capture, format } },
    { path: 'boot/cmdline', text: cmdline },
  ],
  format: 'erofs',
});

const again: Trial = {
  kernel: kernels.verify,
  initrd: [holding('erofs')],
  checks: ['mounts', 'kexec'],
  memoryMiB: 768,
};
const crash = (format: string, crashMiB: number): Trial => ({
  kernel: kernels.verify,
  initrd: [holding(format)],
  checks: ['mounts', 'crash'],
  append: [`crashkernel=${crashMiB}M`],
  memoryMiB: 768,
  timeoutMs: 120_000,
});

const sizes = [48, 64, 80, 96, 112, 128, 144, 160, 192] as const;
type Size = (typeof sizes)[number];
type Sweep<Format extends string> = Readonly<Record<`${Format}${Size}`, Trial>>;
const sweep = <Format extends string>(format: Format): Sweep<Format> =>
  Object.fromEntries(sizes.map(size => [`${format}${size}`, crash(format, size)])) as Sweep<Format>;

/** QEMU puts the initrd at the end of 512 MiB, where this is. On x86 a crash kernel is refused what is in use; elsewhere
 *  the series copies the image. */
const overlap: Trial = {
  kernel: kernels.verify,
  initrd: [{ files: [...witnessRoot, { path: 'data/noise', noise: 8 << 20 }], format: 'erofs' }],
  checks: ['mounts', 'content'],
  append: ['crashkernel=128M@376M', 'INITBENCH_PATHS=/data/noise'],
};

/** The second kernel came to its end with all of its files. */
const captured = (shown: Shown | undefined): boolean =>
  shown !== undefined &&
  shown.outcome.kind === 'ready' &&
  factsOf(shown, 'init').length === 2 &&
  filesOf(shown).get('/data/capture')?.bytes === String(payloadBytes);

const smallest = (shown: Readonly<Record<string, Shown>>, format: string): number =>
  sizes.find(size => captured(shown[`${format}${size}`])) ?? Infinity;

export default requirement({
  id: 'r25',
  title: 'kexec and kdump, in less memory than cpio',
  askedBy: 'existing behaviour',
  weight: 'implied',
  boots: { again, overlap, ...sweep('erofs'), ...sweep('cpio') },
  judge(shown) {
    const [kexeced, over] = [shown.again, shown.overlap];
    const roots = factsOf(kexeced, 'root').map(({ fstype }) => fstype);
    const [image, archive] = [smallest(shown, 'erofs'), smallest(shown, 'cpio')];
    const enough = sizes.filter(size => size >= image);
    const reserved = linesWith(over, /crashkernel/).filter(line => !/Command line/i.test(line));
    return [
      endsWell('kexec from an image to an image', kexeced),
      claim('both kernels have an overlay as root', roots.join() === 'overlay,overlay', roots.join(' ')),
      claim(
        'the second one reads its image',
        captured(kexeced),
        filesOf(kexeced).get('/data/capture') ?? 'nothing',
      ),
      claim(
        'a crash is captured from an image, and from all larger sizes',
        image < Infinity && enough.every(size => captured(shown[`erofs${size}`])),
        enough.join(' '),
      ),
      claim(
        'crashkernel= can be smaller than with an archive of the same files',
        image < archive,
        `${image} MiB and ${archive} MiB`,
      ),
      endsWell('a crash kernel asked for where the image is', over),
      overlayRoot('a crash kernel asked for where the image is', over),
      claim(
        'the image is whole, and not where a crash kernel will be written to',
        filesOf(over).get('/data/noise')?.errno === '0' &&
          reserved.some(line => /reservation failed/.test(line)),
        reserved[0] ?? 'nothing is said of a crash kernel',
      ),
      noTrouble({ kexeced, over }),
    ];
  },
});
