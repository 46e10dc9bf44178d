// SPDX-License-Identifier: GPL-2.0-only
/** Files and folders: digests, whole-or-nothing writes and publishes, locks, free space. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, open, readFile, rename, rm, stat, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { lock as lockFile } from 'proper-lockfile';
import type { Digest } from '../events.ts';
import { exitCodes, Interrupted, UserError } from './errors.ts';

/** sha256 of values, as JSON with sorted keys: the same content gives the same digest. */
export function digestOf(value: unknown): Digest {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown): unknown =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : inner,
  );
}

/** sha256 of a file's bytes. */
export async function digestOfFile(file: string): Promise<Digest> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** The first hex digits, as shown and as used in folder names. */
export const shortDigest = (digest: Digest): string => digest.slice(0, 12);

export async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

/** Text of a file, or undefined when there is none. Other errors are thrown. */
export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Replaces a file whole: readers see the old text or the new. */
export async function writeWhole(file: string, data: string | Uint8Array): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  const handle = await open(temporary, 'w');
  try {
    await handle.writeFile(data);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
}

/** A folder that appears complete or not at all: `fill` gets a scratch folder beside the target, which is then
 *  renamed onto it. When the target exists already, nothing is done. The scratch folder never survives. */
export async function* publishFolder<Events, Product>(
  target: string,
  fill: (scratch: string) => AsyncGenerator<Events, Product, void>,
): AsyncGenerator<Events, Product | undefined, void> {
  if (await exists(target)) return undefined;
  await mkdir(path.dirname(target), { recursive: true });
  const scratch = await mkdtemp(path.join(path.dirname(target), '.new-'));
  try {
    const product = yield* fill(scratch);
    try {
      await rename(scratch, target);
    } catch (error) {
      if (!(await exists(target))) throw error;
    }
    return product;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** A fresh folder for the time of one job; the caller removes it in its finally. */
export async function scratchFolder(name: string): Promise<string> {
  return mkdtemp(path.join(tmpdir(), `initbench-${name}-`));
}

/** Holds a lock named by a path for the length of the work; waits up to `waitMs` for another holder.
 *  @throws UserError when another initbench keeps it longer */
export async function* withLock<Events, Product>(
  target: string,
  signal: AbortSignal,
  work: () => AsyncGenerator<Events, Product, void>,
  waitMs = 600_000,
): AsyncGenerator<Events, Product, void> {
  await mkdir(path.dirname(target), { recursive: true });
  const deadline = Date.now() + waitMs;
  let release: (() => Promise<void>) | undefined;
  while (!release) {
    if (signal.aborted) throw new Interrupted();
    try {
      release = await lockFile(target, { realpath: false, lockfilePath: `${target}.lock`, stale: 30_000 });
    } catch (error) {
      if ((error as { code?: string }).code !== 'ELOCKED') throw error;
      if (Date.now() > deadline) {
        throw new UserError(`${target} is in use by another initbench`, {
          hint: 'wait for it to end, or stop it',
          exitCode: exitCodes.environment,
        });
      }
      await new Promise(resolve => setTimeout(resolve, 200));
    }
  }
  try {
    return yield* work();
  } finally {
    await release();
  }
}

/** @throws UserError when the file system that holds `folder` has fewer free bytes */
export async function requireSpace(folder: string, bytes: number, what: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= bytes) return;
  const gib = (n: number) => `${(n / 2 ** 30).toFixed(1)} GiB`;
  throw new UserError(`${what} needs ${gib(bytes)} in ${folder}, ${gib(free)} are free`, {
    hint: 'free some space, or move the cache with INITBENCH_CACHE',
    exitCode: exitCodes.environment,
  });
}
