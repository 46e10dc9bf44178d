// SPDX-License-Identifier: GPL-2.0-only
/** Nothing but the probe: what any boot costs at least. */
import { readFileSync } from 'node:fs';
import type { PayloadKind } from '../image.ts';
import { addConsole } from '../skeleton.ts';

export default {
  id: 'probe',
  summary: 'the probe alone, for the floor',
  probe: 'none',
  inputs: async () => null,
  async collect({ guest }, draft) {
    for (const path of ['dev', 'proc', 'sys']) draft.directory(path);
    addConsole(draft);
    draft.file('init', readFileSync(guest.probe), { mode: 0o755 });
  },
} satisfies PayloadKind;
