// SPDX-License-Identifier: GPL-2.0-only
/** A build directory that starts from the objects of a finished one: kbuild then compiles only what differs, as it
 *  does for a developer who switches branches. kbuild decides by file times and by the options a file uses, so the
 *  copies all get one time, later than every source file, and the sources that differ get a later one. */
import { constants } from 'node:fs';
import { copyFile, cp, lutimes, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Digest, Work } from '../events.ts';
import { ToolError } from '../host/errors.ts';
import { digestOf, exists, readIfThere, readRecord, withLock } from '../host/files.ts';
import { git } from '../host/git.ts';
import type { Worktree } from '../tree/tree.ts';
import { type Changes, differingOptions, objectsOf } from './affected.ts';
import { type Build, folderOf } from './make.ts';

/** What a build directory remembers of the last build in it that ended well: initbench.json. */
export interface Memory {
  readonly config: Digest;
  /** What was built, and with which make variables. */
  readonly commit: string;
  readonly variables: Digest;
  /** What its steps, and those of builds before, warned of. */
  readonly warnings: Readonly<Record<string, readonly string[]>>;
}

export const memoryFile = (folder: string): string => path.join(folder, 'initbench.json');
/** The log of a build that has not ended yet, or has failed. */
export const logFile = (folder: string): string => path.join(folder, 'initbench.log');

export async function readMemory(folder: string): Promise<Memory | undefined> {
  // A memory that is damaged is none: then everything is made again.
  return readRecord<Memory>(memoryFile(folder)).catch(() => undefined);
}

export const variablesDigest = (build: Pick<Build, 'variables'>): Digest => digestOf(build.variables);

/** Fills a build directory that was never built in from a finished one of the same tree with the same make variables: the
 *  one from which `dotConfig` makes the fewest objects anew. Returns whether it did. */
export async function* seedBuild(build: Build, dotConfig: string, signal: AbortSignal): Work<boolean> {
  const target = path.join(build.worktree.path, folderOf(build));
  if ((await exists(memoryFile(target))) || (await exists(logFile(target)))) return false;
  const source = await findSource(build, target, dotConfig, signal);
  if (!source) return false;
  return yield* withLock(source, signal, async function* (): Work<boolean> {
    const memory = await readMemory(source);
    if (!memory) return false;
    const job = `build ${build.name}`;
    yield { job, type: 'progress', done: 0, label: `take over the objects of ${source}` };
    const differing = await differingFiles(build.worktree, memory.commit, signal);
    // The memory comes last: without it a copy that was cut short is made again.
    // `source` is kbuild's link to the worktree, which each build directory makes for itself.
    const left = [memoryFile(source), path.join(source, 'source')];
    const filter = (file: string) => !left.includes(file);
    const mode = constants.COPYFILE_FICLONE;
    await cp(source, target, { recursive: true, force: true, verbatimSymlinks: true, mode, filter });
    const copied = new Date();
    await setTimes(target, copied);
    const later = new Date(copied.getTime() + 1);
    for (const file of differing) {
      const source = path.join(build.worktree.path, file);
      if (await exists(source)) await lutimes(source, later, later);
    }
    await copyFile(memoryFile(source), memoryFile(target));
    return true;
  });
}

/** Of all that lies below a folder; links are not followed (`source` leads out, and back in again). */
async function setTimes(folder: string, time: Date): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const name = path.join(folder, entry.name);
    if (entry.isDirectory()) await setTimes(name, time);
    await lutimes(name, time, time);
  }
}

interface Candidate {
  readonly folder: string;
  readonly changes: Changes;
}

/** Candidates whose objects are counted: the nearest ones by the files and options that differ. */
const mostCounted = 3;

async function findSource(
  build: Build,
  target: string,
  dotConfig: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const candidates: Candidate[] = [];
  for (const folder of await finishedBuilds(build, target)) {
    const changes = await changesSince(build, folder, dotConfig, signal);
    if (changes) candidates.push({ folder, changes });
  }
  const differences = ({ changes: { files, options } }: Candidate) => files.length + options.length;
  const near = candidates.sort((a, b) => differences(a) - differences(b)).slice(0, mostCounted);
  if (near.length < 2) return near[0]?.folder;
  let best: { folder: string; again: number } | undefined;
  for (const { folder, changes } of near) {
    const again = (await objectsOf(folder, changes)).size;
    if (!best || again < best.again) best = { folder, again };
  }
  return best?.folder;
}

/** Build directories of the tree's worktrees, the last one first; where a build broke off, some objects are newer than
 *  what the folder remembers. */
async function finishedBuilds(build: Build, target: string): Promise<readonly string[]> {
  const top = path.dirname(build.worktree.path);
  const found: { folder: string; ended: number }[] = [];
  for (const label of await readdir(top).catch(() => [])) {
    for (const name of await readdir(path.join(top, label)).catch(() => [])) {
      const folder = path.join(top, label, name);
      if (!/^build-[0-9a-f]{8}$/.test(name) || folder === target) continue;
      if (await exists(logFile(folder))) continue;
      if ((await readMemory(folder))?.variables !== variablesDigest(build)) continue;
      found.push({ folder, ended: (await stat(memoryFile(folder))).mtimeMs });
    }
  }
  return found.sort((a, b) => b.ended - a.ended).map(({ folder }) => folder);
}

/** What differs from the last build that ended well in a directory; undefined when there was none, or its commit is
 *  gone. */
export async function changesSince(
  build: Pick<Build, 'worktree'>,
  folder: string,
  dotConfig: string,
  signal: AbortSignal,
): Promise<Changes | undefined> {
  const memory = await readMemory(folder);
  if (!memory) return undefined;
  const files = await differingFiles(build.worktree, memory.commit, signal).catch((error: unknown) => {
    if (error instanceof ToolError) return undefined;
    throw error;
  });
  const before = (await readIfThere(path.join(folder, 'include/config/auto.conf'))) ?? '';
  return files && { files, options: differingOptions(before, dotConfig) };
}

/** Paths whose content is not that of the other commit. */
async function differingFiles(worktree: Worktree, other: string, signal: AbortSignal): Promise<string[]> {
  const words = ['diff', '--name-only', '-z', '--no-renames', other, worktree.commit];
  return (await git(worktree.path, words, signal)).split('\0').filter(Boolean);
}
