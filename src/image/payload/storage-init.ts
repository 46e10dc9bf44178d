// SPDX-License-Identifier: GPL-2.0-only
/** The mini-initramfs of the userspace flow: the first stage and the directories it mounts on. */
import { readFileSync } from 'node:fs';
import type { PayloadKind } from '../image.ts';
import { addConsole } from '../skeleton.ts';

export default {
  id: 'storage-init',
  summary: 'first stage of the userspace flow (packed as cpio)',
  probe: 'none',
  inputs: async () => null,
  async collect({ guest }, draft) {
    for (const path of ['dev', 'image', 'upper']) draft.directory(path);
    addConsole(draft);
    draft.file('init', readFileSync(guest.storageInit), { mode: 0o755 });
  },
} satisfies PayloadKind;
