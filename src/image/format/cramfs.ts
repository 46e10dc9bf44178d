// SPDX-License-Identifier: GPL-2.0-only
/** A cramfs image through mkfs.cramfs(8), for kernels that are taught to boot from one. It has no times, no hard links,
 *  and eight bits for a group. */
import { rm } from 'node:fs/promises';
import type { Work } from '../../events.ts';
import { exec } from '../../host/exec.ts';
import type { Format, PackRequest } from '../image.ts';
import { stagedArgv, stagePayload, stageTools } from '../stage.ts';

export const mkfsCramfsArgv = (target: string, source: string): string[] => [
  ...['mkfs.cramfs', '-n', 'initbench', '-b', '4096'],
  source,
  target,
];

export default {
  id: 'cramfs',
  summary: 'cramfs, for a series that registers it',
  family: 'none',
  container: 'cramfs',
  tools: ['mkfs.cramfs', ...stageTools],
  parameters: {},
  // The cpio, the stage in whole blocks, and the image.
  spaceBytes: ({ bytes, entries }) => 3 * (bytes + entries.length * 4096),
  async *write(request: PackRequest): Work<void> {
    const { job, target, signal } = request;
    const folder = `${target}.stage`;
    try {
      const stage = yield* stagePayload(request, folder);
      yield* exec(stagedArgv(stage, mkfsCramfsArgv(target, stage.folder)), { job, signal });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
} satisfies Format;
