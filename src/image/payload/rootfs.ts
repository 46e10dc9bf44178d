// SPDX-License-Identifier: GPL-2.0-only
/** A small real root file system to arrive at, for --rootfs: busybox and the directories to mount on. */
import type { PayloadKind } from '../image.ts';
import { addBusybox, addDirectories, busyboxDigest } from '../skeleton.ts';

export default {
  id: 'rootfs',
  summary: 'a small root file system for --rootfs (packed as ext4)',
  probe: 'none',
  inputs: async ({ workspace }) => ({ busybox: await busyboxDigest(workspace) }),
  async collect({ workspace, signal }, draft) {
    addDirectories(draft);
    await addBusybox(draft, workspace, signal);
    draft.symlink('init', 'sbin/init');
    draft.file('etc/initbench-rootfs', Buffer.from('the root file system of initbench --rootfs\n'));
  },
} satisfies PayloadKind;
