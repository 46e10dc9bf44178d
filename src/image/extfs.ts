// SPDX-License-Identifier: GPL-2.0-only
/** Disks with an ext2 or ext4 file system through `mke2fs -d`. mke2fs takes inode times from the staged files; debugfs
 *  then sets them to 0, so that the same payload gives the same disk. */
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Work } from '../events.ts';
import { exec } from '../host/exec.ts';
import type { Entry, Format, PackRequest, Payload } from './image.ts';
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

type Sized = Pick<Payload, 'bytes' | 'entries'>;

/** Inodes that a payload takes: hard links share theirs. */
export function inodeCount(entries: readonly Entry[]): number {
  const links = new Set(entries.flatMap(({ link }) => link ?? []));
  return entries.filter(({ link }) => !link).length + links.size;
}

/** Blocks of the whole file system. */
export function extfsBlocks({ bytes, entries }: Sized, { spare }: Extfs): number {
  const content = Math.ceil(bytes / blockBytes) + entries.length;
  const tables = Math.ceil(((inodeCount(entries) + 64) * 2 * 256) / blockBytes);
  return content + tables + spare(content);
}

export const mke2fsArgv = (payload: Sized, extfs: Extfs, target: string, source: string): string[] => [
  ...['mke2fs', '-q', '-t', extfs.id, '-b', String(blockBytes), '-I', '256', '-m', '0', '-L', 'initbench'],
  ...['-N', String((inodeCount(payload.entries) + 64) * 2), '-U', uuid, ...extfs.options],
  ...['-E', `hash_seed=${uuid},lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0`],
  ...['-d', source, target, String(extfsBlocks(payload, extfs))],
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
  spaceBytes: payload => 3 * extfsBlocks(payload, extfs) * blockBytes,
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
