// SPDX-License-Identifier: GPL-2.0-only
/** A small real root file system to arrive at, for --rootfs: busybox and the directories to mount on. Its init is for
 *  who gets there by a switch of roots: it says so and ends the machine. */
import { readFile } from 'node:fs/promises';
import type { Work } from '../../events.ts';
import { addBusybox, busyboxDigest } from '../busybox.ts';
import type { PayloadKind } from '../image.ts';
import { addDirectories } from '../skeleton.ts';

export default {
  id: 'rootfs',
  summary: 'a small root file system for --rootfs (packed as ext4)',
  probe: 'none',
  async *inputs(request): Work<unknown> {
    return { busybox: yield* busyboxDigest(request) };
  },
  async *collect(request, draft): Work<void> {
    addDirectories(draft);
    yield* addBusybox(request, draft);
    draft.file('sbin/init', await readFile(request.guest.arrival), { mode: 0o755 });
    draft.symlink('init', 'sbin/init');
    // what switch-root of systemd asks of a root
    draft.directory('usr/lib');
    draft.file('usr/lib/os-release', Buffer.from('ID=initbench\nNAME="root of initbench --rootfs"\n'));
    draft.symlink('etc/os-release', '../usr/lib/os-release');
    draft.file('etc/initbench-rootfs', Buffer.from('the root file system of initbench --rootfs\n'));
  },
} satisfies PayloadKind;
