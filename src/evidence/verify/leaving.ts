// SPDX-License-Identifier: GPL-2.0-only
/** Leaving the first root for a disk: the disk, and the words that tell vm/check/leave.c how. */
import { type Item, type Segment, witnessRoot } from './files.ts';
import type { Shown } from './requirement.ts';
import { factsOf, listOf } from './shown.ts';

/** What programs that switch roots look for in the new one: that it is a system, and where to mount on. */
export const systemRoot: readonly Item[] = [
  ...witnessRoot,
  { path: 'usr/lib/os-release', text: 'ID=initbench\nNAME="real root"\n' },
  { path: 'etc/os-release', symlink: '../usr/lib/os-release' },
  ...['bin', 'lib', 'root', 'run', 'sbin', 'tmp', 'usr/sbin', 'var'].map(
    path => ({ path, dir: true }) as const,
  ),
];

/** The disk where all roads lead. */
export const realRoot: Segment = { files: systemRoot, format: 'ext4' };

/** For the kernel command line: how to leave, and what the new root's witness looks at. */
export const leaving = (how: 'pivot' | 'move', then: readonly string[]): string[] => [
  `INITBENCH_LEAVE=${how}`,
  `INITBENCH_THEN=${then.join(',')}`,
];

/** EROFS instances at each report of the devices, in the order of the boot: what is still in memory. */
export const instances = (shown: Pick<Shown, 'facts'>): string[][] =>
  factsOf(shown, 'devices').map(values => listOf(values, 'erofs').filter(name => name !== 'features'));
