// SPDX-License-Identifier: GPL-2.0-only
/** Disks with an ext2 or ext4 file system through `mke2fs -d`. mke2fs takes inode times from the staged files; debugfs
 *  then sets them to 0, so that the same payload gives the same disk. */
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Work } from '../events.ts';
import { exec } from '../host/exec.ts';
import type { Entry } from './entry.ts';
import type { Format, PackRequest, Payload } from './image.ts';
import { stagedArgv, stagePayload, stageTools } from './stage.ts';

const uuid = '696e6974-6265-4e63-8000-000000000002';
const blockBytes = 4096;
/** Root and lost+found come before what the payload brings. */
const firstInode = 12;
const ownInodes = [2, 11];
const times = ['atime', 'ctime', 'mtime', 'crtime'] as const;
/** 0 would be taken for "not given". */
const environment = { E2FSPROGS_FAKE_TIME: '1' };

/** One of the family. */
export interface Extfs {
  readonly id: 'ext2' | 'ext4';
  readonly summary: string;
  readonly options: readonly string[];
  /** Blocks of 4 KiB beside content and inode tables, for that many blocks of content. */
  readonly spare: (content: number) => number;
}

/** One entry for each inode that a payload takes: hard links share theirs. */
const inodesOf = (entries: readonly Entry[]): Entry[] => [
  ...new Map(entries.map(entry => [entry.link ? entry.link : entry.path, entry])).values(),
];

export const inodeCount = (entries: readonly Entry[]): number => inodesOf(entries).length;

/** Blocks that the inode itself has no room for. */
function blocksOf({ kind, bytes, target }: Entry): number {
  if (kind === 'file') return Math.ceil(bytes / blockBytes);
  if (kind === 'symlink') return target!.length < 60 ? 0 : 1;
  return kind === 'dir' ? 1 : 0;
}

/** Blocks of the whole file system. Names take their length and 8 bytes; 64 is more than that, as a rule. */
export function extfsBlocks(entries: readonly Entry[], { spare }: Extfs): number {
  const inodes = inodesOf(entries);
  const data = inodes.reduce((sum, entry) => sum + blocksOf(entry), 0);
  const content = data + Math.ceil((entries.length * 64) / blockBytes);
  const tables = Math.ceil(((inodes.length + 64) * 2 * 256) / blockBytes);
  return content + tables + spare(content);
}

export const mke2fsArgv = (payload: Payload, extfs: Extfs, target: string, source: string): string[] => [
  ...['mke2fs', '-q', '-t', extfs.id, '-b', String(blockBytes), '-I', '256', '-m', '0', '-L', 'initbench'],
  ...['-N', String((inodeCount(payload.entries) + 64) * 2), '-U', uuid, ...extfs.options],
  ...['-E', `hash_seed=${uuid},lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0`],
  ...['-d', source, target, String(extfsBlocks(payload.entries, extfs))],
];

/** debugfs(8) commands that set every time of `count` inodes of the payload. */
export function timeCommands(count: number): string {
  const inodes = [...ownInodes, ...Array.from({ length: count }, (_, index) => firstInode + index)];
  const fields = times.flatMap(time => [`${time} @1`, `${time}_extra 0`]);
  return inodes.flatMap(inode => fields.map(field => `sif <${inode}> ${field}\n`)).join('');
}

export const extFormat = (extfs: Extfs): Format => ({
  id: extfs.id,
  summary: extfs.summary,
  family: 'none',
  container: extfs.id,
  tools: ['mke2fs', ...stageTools],
  parameters: { uuid, blockBytes, options: extfs.options.join(' ') },
  spaceBytes: payload => 3 * extfsBlocks(payload.entries, extfs) * blockBytes,
  async *write(request: PackRequest): Work<void> {
    const { job, target, signal, payload } = request;
    const folder = `${target}.stage`;
    try {
      const stage = yield* stagePayload(request, folder);
      const argv = stagedArgv(stage, mke2fsArgv(payload, extfs, target, stage.folder));
      yield* exec(argv, { job, env: environment, signal });
      const commands = path.join(folder, 'times');
      await writeFile(commands, timeCommands(inodeCount(payload.entries)));
      yield* exec(['debugfs', '-w', '-f', commands, target], { job, env: environment, signal });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
});
