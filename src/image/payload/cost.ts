// SPDX-License-Identifier: GPL-2.0-only
/** The program that measures what a guest's system calls and page faults cost. */
import { readFileSync } from 'node:fs';
import type { PayloadKind } from '../image.ts';
import { addConsole } from '../skeleton.ts';

export default {
  id: 'cost',
  summary: 'what system calls and page faults cost in a guest',
  probe: 'none',
  inputs: async () => null,
  async collect({ guest }, draft) {
    draft.directory('dev');
    addConsole(draft);
    draft.file('init', readFileSync(guest.cost), { mode: 0o755 });
  },
} satisfies PayloadKind;
