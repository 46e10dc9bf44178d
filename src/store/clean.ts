// SPDX-License-Identifier: GPL-2.0-only
/** What `initbench clean` removes from the cache: first what was not used for longest, and never what a run or a series
 *  needs. Runs go only when that is asked for. */
import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { z } from 'zod';
import { listRuns } from '../boot/store.ts';
import { flag, list, number, object, text } from '../document.ts';
import type { Work } from '../events.ts';
import { readHolder } from '../host/lock.ts';
import { folders, type Workspace } from '../workspace.ts';
import { type Needs, needsOf } from './needs.ts';

export interface CleanRequest {
  /** What the cache may hold afterwards; more is kept when runs and series need it. */
  readonly budgetBytes: number;
  /** Goes whatever the budget says, when it was not used for so long. */
  readonly olderThanMs?: number | undefined;
  /** Runs that are older than that, too. */
  readonly runs: boolean;
  readonly dryRun: boolean;
}

const removedSchema = object({
  path: text,
  bytes: number,
  /** ISO 8601. */
  lastUsed: text,
});
export type Removed = z.infer<typeof removedSchema>;

export const cleanedSchema = object({
  removed: list(removedSchema),
  /** What the cache holds now, or would. */
  cacheBytes: number,
  /** How much of it runs and series need. */
  neededBytes: number,
  dryRun: flag,
});
export type Cleaned = z.infer<typeof cleanedSchema>;

/** Something that may be in use just now stays: images lie there before the run that names them. */
const freshMs = 3_600_000;
const job = 'clean';

interface Item {
  readonly path: string;
  readonly bytes: number;
  readonly usedMs: number;
  /** Build directories go after everything else: they cost the most to make again. */
  readonly last?: boolean;
}

export async function* cleanStore(
  workspace: Workspace,
  request: CleanRequest,
  signal: AbortSignal,
): Work<Cleaned> {
  const { budgetBytes, olderThanMs = Number.POSITIVE_INFINITY, dryRun } = request;
  const now = Date.now();
  const isOld = ({ usedMs }: Item) => now - usedMs > Math.max(olderThanMs, freshMs);
  const oldRuns = request.runs ? (await runItems(workspace)).filter(isOld) : [];
  const forgotten = new Set(oldRuns.map(item => path.basename(item.path)));
  const needs = await needsOf(workspace, forgotten, signal);
  yield { job, type: 'progress', done: 0, label: `measuring ${workspace.cache}` };
  const items = await cacheItems(workspace);
  const free = items.filter(item => needs.reason(item.path) === undefined && now - item.usedMs > freshMs);
  const whole = await sizeOf(workspace.cache);

  const going: Item[] = [...oldRuns];
  let left = whole;
  const inOrder = [...free].sort(
    (a, b) => Number(a.last ?? false) - Number(b.last ?? false) || a.usedMs - b.usedMs,
  );
  for (const item of inOrder) {
    if (!isOld(item) && left <= budgetBytes) continue;
    if (await isHeld(item.path)) continue;
    going.push(item);
    left -= item.bytes;
  }
  for (const [done, item] of going.entries()) {
    yield { job, type: 'progress', done, total: going.length, label: item.path };
    if (!dryRun) await rm(item.path, { recursive: true, force: true });
  }
  return {
    removed: going.map(({ path: at, bytes, usedMs }) => ({
      path: at,
      bytes,
      lastUsed: new Date(usedMs).toISOString(),
    })),
    cacheBytes: left,
    neededBytes: neededBytes(items, needs),
    dryRun,
  };
}

const neededBytes = (items: readonly Item[], needs: Needs) =>
  items.filter(item => needs.reason(item.path) !== undefined).reduce((sum, { bytes }) => sum + bytes, 0);

async function isHeld(file: string): Promise<boolean> {
  return (await readHolder(`${file}.lock`)) !== undefined;
}

/** Everything that can be made again, with its size and when it was last used. */
async function cacheItems(workspace: Workspace): Promise<Item[]> {
  const plain = ['kernels', 'images', 'payloads', 'configs', 'entries', 'devicetrees', 'guest', 'padded'];
  const found: Item[] = [];
  for (const name of plain) found.push(...(await itemsIn(path.join(workspace.cache, name))));
  for (const suite of await names(folders.debian(workspace))) {
    found.push(...(await itemsIn(path.join(folders.debian(workspace), suite))));
  }
  found.push(...(await worktreeItems(workspace)));
  return found.filter(item => path.basename(item.path) !== 'inputs');
}

/** Build directories; the worktrees around them stay: a person's changes may be in one. */
async function worktreeItems(workspace: Workspace): Promise<Item[]> {
  const found: Item[] = [];
  for (const tree of await names(folders.worktrees(workspace))) {
    const top = path.join(folders.worktrees(workspace), tree);
    for (const label of await names(top)) {
      const folder = path.join(top, label);
      for (const name of await names(folder)) {
        if (/^build-[0-9a-f]{8}$/.test(name))
          found.push({ ...(await item(path.join(folder, name))), last: true });
      }
    }
  }
  return found;
}

async function runItems(workspace: Workspace): Promise<Item[]> {
  const entries = await listRuns(workspace, { count: Number.POSITIVE_INFINITY });
  return Promise.all(
    entries.map(async ({ folder, run }) => {
      const { bytes, usedMs } = await item(folder);
      return { path: folder, bytes, usedMs: run ? Date.parse(run.started) : usedMs };
    }),
  );
}

const names = async (folder: string): Promise<string[]> =>
  (await readdir(folder).catch(() => [] as string[])).filter(
    name => !name.startsWith('.') && !/\.lock(\.|$)/.test(name),
  );

const itemsIn = async (folder: string): Promise<Item[]> =>
  Promise.all((await names(folder)).map(name => item(path.join(folder, name))));

async function item(file: string): Promise<Item> {
  const { mtimeMs } = await stat(file);
  return { path: file, bytes: await sizeOf(file), usedMs: mtimeMs };
}

/** Bytes on the disk, of a file or of everything below a folder. */
export async function sizeOf(file: string): Promise<number> {
  const found = await stat(file).catch(() => undefined);
  if (!found?.isDirectory()) return (found?.blocks ?? 0) * 512;
  let sum = 0;
  for (const entry of await readdir(file, { withFileTypes: true }).catch(() => [])) {
    const below = path.join(file, entry.name);
    if (entry.isDirectory()) sum += await sizeOf(below);
    else if (entry.isFile()) sum += ((await stat(below).catch(() => undefined))?.blocks ?? 0) * 512;
  }
  return sum;
}
