// SPDX-License-Identifier: GPL-2.0-only
/** R37: who is forked while the initrd is unpacked has the root that is there in the end. A usermode helper copies the
 *  fs_struct of PID 1 when it is forked, and then waits for the initramfs; a kernel whose devices call for a helper forks
 *  hundreds. Two CPUs, so that devices are found while an archive is unpacked that takes its time. */
import { type Item, type Segment, witnessRoot } from '../verify/files.ts';
import {
  type Claim,
  claim,
  type KernelNeed,
  requirement,
  type Shown,
  type Trial,
} from '../verify/requirement.ts';
import { endsWell, factOf, factsOf, linesWith, noTrouble, overlayRoot } from '../verify/shown.ts';

const kernel: KernelNeed = {
  carries: 'series',
  fragments: ['CONFIG_UEVENT_HELPER=y', 'CONFIG_UEVENT_HELPER_PATH="/sbin/hotplug"'],
};

/** It looks for what came last in the initrd. */
const helper = [
  '#!/bin/sh',
  '[ -e /last ] || echo "initbench: stale-helper path=$DEVPATH" > /dev/console',
  'echo ran >> /helpers',
  '',
].join('\n');

const init = [
  '#!/bin/sh',
  'mount -t devtmpfs dev /dev',
  'sleep 3',
  'echo "initbench: helpers count=$(wc -l < /helpers)"',
  'exec /witness',
  '',
].join('\n');

const system: readonly Item[] = [
  ...witnessRoot.filter(({ path }) => path !== 'init'),
  { path: 'bin/busybox', tool: 'busybox' },
  ...['sh', 'mount', 'sleep', 'wc'].map(name => ({ path: `bin/${name}`, symlink: 'busybox' })),
  { path: 'sbin/hotplug', text: helper, mode: 0o755 },
  { path: 'init', text: init, mode: 0o755 },
  { path: 'witness', program: 'witness', mode: 0o755 },
];
const image: Segment = { files: system, format: 'erofs' };
const slow: Item = { path: 'data/slow', prose: 64 << 20 };
const last: Item = { path: 'last', text: 'comes last' };

const trial = (...initrd: readonly Segment[]): Trial => ({
  kernel,
  initrd,
  checks: ['mounts'],
  cpus: 2,
  memoryMiB: 1024,
  timeoutMs: 300_000,
  options: ['UEVENT_HELPER'],
});

const onlyOne = /not the only one|only one image/;

function allThere(what: string, shown: Shown): Claim[] {
  const ran = Number(factOf(shown, 'helpers').count ?? 0);
  const stale = factsOf(shown, 'stale-helper');
  const used = linesWith(shown, /overlayfs:.*in-use/);
  return [
    endsWell(what, shown),
    overlayRoot(what, shown),
    claim(`${what}: helpers ran`, ran >= 10, `${ran} in the final root`),
    claim(
      `${what}: none was left on a root of before`,
      stale.length === 0,
      stale.length > 0 ? `${stale.length}, of ${stale[0]!.path}` : 'none',
    ),
    claim(`${what}: no layer is in use twice`, used.length === 0, used[0] ?? 'none'),
  ];
}

export default requirement({
  id: 'r37',
  title: 'who is forked early gets the final root',
  askedBy: 'existing behaviour',
  weight: 'implied',
  boots: {
    around: trial({ files: [slow], format: 'cpio-zstd' }, 'align', image, {
      files: [{ ...slow, path: 'data/slow2' }, last],
      format: 'cpio-zstd',
    }),
    several: trial(image, { files: [slow], format: 'cpio-zstd' }, 'align', {
      files: [last],
      format: 'erofs',
    }),
  },
  judge(shown) {
    const { around, several } = shown;
    const { outcome } = several;
    const refused = outcome.kind === 'panic' && onlyOne.test(outcome.message);
    return [
      ...allThere('an image between archives', around),
      ...(refused
        ? [
            claim(
              'a second image is refused, and nothing runs',
              factsOf(several, 'root').length === 0,
              outcome.message,
            ),
          ]
        : allThere('an archive between images', several)),
      noTrouble(shown),
    ];
  },
});
