// SPDX-License-Identifier: GPL-2.0-only
/** R19: "the old root can be unmounted and vanishes" (the contract of nullfs, Brauner 2026; asked for by Poettering at
 *  LPC 2024), by the system calls and by the programs that switch roots today. */
import type { Fact } from '../../events.ts';
import type { Item, Segment } from '../verify/files.ts';
import { instances, leaving, realRoot, systemRoot } from '../verify/leaving.ts';
import { type Claim, claim, kernels, requirement, type Shown, type Trial } from '../verify/requirement.ts';
import { endsWell, factOf, factsOf, linesWith, noTrouble } from '../verify/shown.ts';

const then = ['settle', 'mounts', 'blocks'];
const disks = [realRoot];

const byCalls = (how: 'pivot' | 'move', format: string): Trial => ({
  kernel: kernels.series,
  initrd: [{ files: systemRoot, format }],
  checks: ['mounts', 'blocks', 'leave'],
  append: leaving(how, then),
  disks,
});

const applets = ['sh', 'mount', 'umount', 'pivot_root', 'switch_root', 'chroot', 'rm', 'stat'];
const busybox: readonly Item[] = [
  { path: 'bin/busybox', tool: 'busybox' },
  ...applets.map(name => ({ path: `bin/${name}`, symlink: 'busybox' })),
];

/** A root whose /init is a script, the way a small initramfs is written. */
const scripted = (lines: readonly string[], more: readonly Item[] = []): readonly Item[] => [
  ...systemRoot.filter(({ path }) => path !== 'init'),
  ...busybox,
  ...more,
  {
    path: 'init',
    mode: 0o755,
    text: [
      '#!/bin/sh',
      'mount -t proc proc /proc',
      'mount -t sysfs sys /sys',
      'mount -t devtmpfs dev /dev',
      ...lines,
      '',
    ].join('\n'),
  },
];
const mountDisk = 'mount -t ext4 -o ro /dev/vda /mnt';

const byProgram = (files: readonly Item[], format: string, disk: Segment = realRoot): Trial => ({
  kernel: kernels.series,
  initrd: [{ files, format }],
  checks: then,
  disks: [disk],
});

const withBusybox = scripted([mountDisk, 'exec switch_root /mnt /init']);
const utilLinux = scripted(
  [mountDisk, 'exec /usr/sbin/switch_root /mnt /init'],
  [{ path: 'usr/sbin/switch_root', tool: 'switch_root' }],
);
/** What the documentation tells to do instead. */
const pivoting = scripted([
  mountDisk,
  'cd /mnt',
  'pivot_root . .',
  "exec chroot . sh -c 'umount -l .; exec /init' < dev/console > dev/console 2>&1",
]);
const diskWithShell: Segment = { files: [...systemRoot, ...busybox], format: 'ext4' };

const space = (at: string) =>
  `stat -f -c 'initbench: upper at=${at} blocks=%b left=%f inodes=%c inodes_left=%d' /`;
const many = 1000;
const emptied: readonly Item[] = [
  ...scripted(
    [space('before'), 'rm -rf /data', space('after'), 'exec /witness'],
    [{ path: 'witness', program: 'witness', mode: 0o755 }],
  ),
  ...Array.from({ length: many }, (_, index) => ({
    path: `data/${index % 10}/${index}`,
    text: 'to be removed',
  })),
];

/** systemd in an image of Debian's packages; a small archive behind it says where to go. */
const switchService = `[Unit]
Description=Go to the real root
DefaultDependencies=no
Requires=sysinit.target
After=sysinit.target

[Service]
Type=oneshot
ExecStart=/usr/bin/mount -t ext4 -o ro /dev/vda /sysroot
ExecStart=/usr/bin/systemctl --no-block switch-root /sysroot /init
`;
const bySystemd = (format: string): Trial => ({
  kernel: kernels.verify,
  initrd: [
    { payload: 'debian', format },
    {
      files: [{ path: 'usr/lib/systemd/system/initbench.service', text: switchService }],
      format: 'cpio',
    },
  ],
  checks: then,
  append: ['rd.systemd.unit=initbench.target', 'systemd.show_status=0'],
  disks,
  memoryMiB: 1024,
  timeoutMs: 600_000,
});

const gone = (what: string, shown: Shown): Claim[] => {
  const left = factsOf(shown, 'mount').slice(-20);
  const last = lastMounts(shown).filter(isOfOldRoot);
  const alive = instances(shown).at(-1) ?? [];
  return [
    onDisk(what, shown),
    claim(
      `${what}: no mount of the old root is left`,
      left.length > 0 && last.length === 0,
      mountsSeen(shown),
    ),
    claim(`${what}: no EROFS instance is alive`, alive.length === 0, alive.join(' ') || 'none'),
  ];
};

/** What systemd keeps in /dev and /run goes along with the switch. */
const isOfOldRoot = ({ at = '', fstype = '' }: Fact['values']): boolean =>
  /^(erofs|overlay|rootfs)$/.test(fstype) ||
  (/^(tmpfs|ramfs)$/.test(fstype) && !/^\/(dev|run)(\/|$)/.test(at));

const onDisk = (what: string, shown: Shown): Claim => {
  const { fstype } = factOf(shown, 'root');
  return claim(`${what}: the root is the disk`, fstype === 'ext4', fstype ?? 'no root reported');
};

/** The mounts of the last report: facts before the last `root` belong to the old one. */
function lastMounts({ facts }: Shown) {
  const start = facts.findLastIndex(({ name }) => name === 'root');
  return facts
    .slice(start)
    .filter(({ name }) => name === 'mount')
    .map(({ values }) => values);
}
const mountsSeen = (shown: Shown) =>
  lastMounts(shown)
    .map(({ at, fstype }) => `${at} ${fstype}`)
    .join(', ') || 'no mounts reported';

const said = (shown: Shown, pattern: RegExp) => linesWith(shown, pattern)[0] ?? 'nothing';

export default requirement({
  id: 'r19',
  title: 'the old root can be left, and vanishes',
  askedBy: 'Brauner, Poettering',
  weight: 'implied',
  boots: {
    pivot: byCalls('pivot', 'erofs'),
    pivotArchive: byCalls('pivot', 'cpio'),
    move: byCalls('move', 'erofs'),
    busybox: byProgram(withBusybox, 'erofs'),
    busyboxArchive: byProgram(withBusybox, 'cpio'),
    busyboxPivot: byProgram(pivoting, 'erofs', diskWithShell),
    utilLinux: byProgram(utilLinux, 'erofs'),
    utilLinuxArchive: byProgram(utilLinux, 'cpio'),
    emptied: byProgram(emptied, 'erofs'),
    systemd: bySystemd('erofs-lz4hc'),
    /** Not lz4: what follows an archive in its legacy format is taken for its next block. */
    systemdArchive: bySystemd('cpio-zstd'),
  },
  judge(shown) {
    const { pivot, pivotArchive, move, busybox: refused, busyboxArchive, busyboxPivot } = shown;
    const { utilLinux: moved, utilLinuxArchive, emptied: bare, systemd, systemdArchive } = shown;
    const before = instances(pivot)[0] ?? [];
    const hidden = instances(move).at(-1) ?? [];
    const kept = instances(moved).at(-1) ?? [];
    const [full, empty] = factsOf(bare, 'upper');
    const blocks = Number(full?.left) - Number(empty?.left);
    const inodes = Number(full?.inodes_left) - Number(empty?.inodes_left);
    return [
      claim('before, one EROFS is alive', before.length === 1, before.join(' ') || 'none'),
      endsWell('pivot_root and a lazy umount', pivot),
      ...gone('pivot_root and a lazy umount', pivot),
      ...gone('the same from an archive', pivotArchive),
      endsWell('MS_MOVE and chroot', move),
      onDisk('MS_MOVE and chroot', move),
      claim(
        'MS_MOVE and chroot: the image stays in memory, as documented',
        hidden.length === 1,
        hidden.join(' '),
      ),
      endsWell('busybox switch_root from an archive', busyboxArchive),
      claim(
        'busybox switch_root refuses the overlay, and says so',
        refused.outcome.kind === 'panic' && linesWith(refused, /not ramfs\/tmpfs/).length === 1,
        said(refused, /switch_root/),
      ),
      endsWell('pivot_root, umount and chroot of busybox', busyboxPivot),
      ...gone('pivot_root, umount and chroot of busybox', busyboxPivot),
      endsWell('switch_root of util-linux', moved),
      onDisk('switch_root of util-linux', moved),
      claim(
        'switch_root of util-linux warns and removes nothing',
        linesWith(moved, /old root filesystem is not an initramfs/).length === 1,
        said(moved, /old root filesystem/),
      ),
      claim('it moves, so that the image stays, as documented', kept.length === 1, kept.join(' ') || 'none'),
      endsWell('switch_root of util-linux from an archive', utilLinuxArchive),
      endsWell('switch-root of systemd', systemd),
      ...gone('switch-root of systemd', systemd),
      ...gone('switch-root of systemd from an archive', systemdArchive),
      claim(
        `removing ${many} files leaves little in the upper layer`,
        blocks <= 64 && inodes <= 64,
        `${blocks} blocks, ${inodes} inodes`,
      ),
      noTrouble(shown),
    ];
  },
});
