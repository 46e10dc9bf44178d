// SPDX-License-Identifier: GPL-2.0-only
/** A small real root file system to arrive at, for --rootfs: busybox and the directories to mount on. */
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
    draft.symlink('init', 'sbin/init');
    draft.file('etc/initbench-rootfs', Buffer.from('the root file system of initbench --rootfs\n'));
  },
} satisfies PayloadKind;
