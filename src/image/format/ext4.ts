// SPDX-License-Identifier: GPL-2.0-only
/** A disk with an ext4 file system through `mke2fs -d`, for a root file system behind the initramfs. mke2fs takes
 *  inode times from the staged files; debugfs then sets them to 0, so that the same payload gives the same disk. */
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Work } from '../../events.ts';
import { exec } from '../../host/exec.ts';
import type { Entry, Format, PackRequest, Payload } from '../image.ts';
import { stagedArgv, stagePayload, stageTools } from '../stage.ts';

const uuid = '696e6974-6265-4e63-8000-000000000002';
const blockBytes = 4096;
/** Root and lost+found come before what the payload brings. */
const firstInode = 12;
const ownInodes = [2, 11];
const times = ['atime', 'ctime', 'mtime', 'crtime'] as const;
/** 0 would be taken for "not given". */
const environment = { E2FSPROGS_FAKE_TIME: '1' };

/** Inodes that a payload takes: hard links share theirs. */
export function inodeCount(entries: readonly Entry[]): number {
  const links = new Set(entries.flatMap(({ link }) => link ?? []));
  return entries.filter(({ link }) => !link).length + links.size;
}

/** Blocks of the file system: the content, an inode table for it, a journal, and a quarter to write to. */
export function ext4Blocks({ bytes, entries }: Pick<Payload, 'bytes' | 'entries'>): number {
  const content = Math.ceil(bytes / blockBytes) + entries.length;
  const tables = Math.ceil(((inodeCount(entries) + 64) * 2 * 256) / blockBytes);
  return Math.ceil((content * 5) / 4) + tables + 4096;
}

export const mke2fsArgv = (payload: Payload, target: string, source: string): string[] => [
  ...['mke2fs', '-q', '-t', 'ext4', '-b', String(blockBytes), '-I', '256', '-m', '0', '-L', 'initbench'],
  ...['-N', String((inodeCount(payload.entries) + 64) * 2), '-U', uuid],
  ...['-E', `hash_seed=${uuid},lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0`],
  ...['-d', source, target, String(ext4Blocks(payload))],
];

/** debugfs(8) commands that set every time of `count` inodes of the payload. */
export function timeCommands(count: number): string {
  const inodes = [...ownInodes, ...Array.from({ length: count }, (_, index) => firstInode + index)];
  const fields = times.flatMap(time => [`${time} @1`, `${time}_extra 0`]);
  return inodes.flatMap(inode => fields.map(field => `sif <${inode}> ${field}\n`)).join('');
}

export default {
  id: 'ext4',
  summary: 'ext4 disk, for a root file system',
  family: 'none',
  container: 'ext4',
  tools: ['mke2fs', ...stageTools],
  parameters: { uuid, blockBytes },
  spaceBytes: payload => 3 * ext4Blocks(payload) * blockBytes,
  async *write(request: PackRequest): Work<void> {
    const { job, target, signal, payload } = request;
    const folder = `${target}.stage`;
    try {
      const stage = yield* stagePayload(request, folder);
      const argv = stagedArgv(stage, mke2fsArgv(payload, target, stage.folder));
      yield* exec(argv, { job, env: environment, signal });
      const commands = path.join(folder, 'times');
      await writeFile(commands, timeCommands(inodeCount(payload.entries)));
      yield* exec(['debugfs', '-w', '-f', commands, target], { job, env: environment, signal });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
} satisfies Format;
