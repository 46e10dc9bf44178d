// SPDX-License-Identifier: GPL-2.0-only
/** Files and folders: digests, whole-or-nothing writes and publishes, scratch folders that bear their owner, free space. */
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import {
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  stat,
  statfs,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Digest } from '../events.ts';
import { exitCodes, UserError } from './errors.ts';
import { lifeOf, ourselves, tagOf, taggedOwner } from './owner.ts';

export { withLock } from './lock.ts';

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

/** The JSON of a file of ours, or undefined when there is none. @throws UserError when it is damaged */
export async function readRecord<Record>(file: string): Promise<Record | undefined> {
  const text = await readIfThere(file);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as Record;
  } catch {
    throw damaged(file);
  }
}

/** The same, as `read` makes it of the JSON, which throws when it is no such record; `schema` is the name that the record
 *  has to say.
 *  @throws UserError when another version wrote it, or it is damaged */
export async function readTyped<Value>(
  file: string,
  read: (record: unknown) => Value,
  schema?: string,
): Promise<Value | undefined> {
  const record = await readRecord<{ readonly schema?: unknown } | null>(file);
  if (record === undefined) return undefined;
  const found = record?.schema;
  if (schema !== undefined && found !== schema) {
    if (typeof found !== 'string') throw damaged(file);
    throw new UserError(`${file} is '${found}'`, { hint: `this initbench reads '${schema}'` });
  }
  try {
    return read(record);
  } catch {
    throw damaged(file);
  }
}

const damaged = (file: string): UserError =>
  new UserError(`${file} is damaged`, {
    hint: 'initbench fsck removes what is damaged and can be made again',
    exitCode: exitCodes.environment,
  });

/** For a folder whose files another program has written without a word about a full disk.
 *  @throws ENOSPC, EDQUOT or what else the system says of two more blocks */
export async function requireRoomLeft(folder: string): Promise<void> {
  const file = path.join(folder, '.room');
  try {
    await writeFile(file, Buffer.alloc(2 * 4096, 1));
  } finally {
    await rm(file, { force: true });
  }
}

/** Notes that something in the cache was used now: `clean` goes by that. A cache that is only read stays as it is. */
export async function touch(file: string): Promise<void> {
  const now = new Date();
  await utimes(file, now, now).catch(() => {});
}

/** Replaces a file whole: readers see the old text or the new, after a power failure too. */
export async function writeWhole(file: string, data: string | Uint8Array): Promise<void> {
  await (await stageFiles([{ file, data }])).publish();
}

/** Files that lie on the disk beside their places, until publish() puts each there or discard() removes them. */
export interface Staged {
  publish(): Promise<void>;
  discard(): Promise<void>;
}

/** Several files, of which none is replaced before there was room for all. @throws as writeFile(); then nothing is left */
export async function stageFiles(
  files: readonly { readonly file: string; readonly data: string | Uint8Array }[],
): Promise<Staged> {
  const staged: { readonly file: string; readonly temporary: string }[] = [];
  const made: string[] = [];
  const discard = async () => {
    for (const { temporary } of staged) await rm(temporary, { force: true });
    for (const folder of made.reverse()) await rmdir(folder).catch(() => {});
  };
  try {
    for (const { file, data } of files) {
      made.push(...(await makeFolder(path.dirname(file))));
      const temporary = `${file}.${tagOf(ourselves)}-${randomBytes(4).toString('hex')}`;
      staged.push({ file, temporary });
      await writeSynced(temporary, data).catch((error: unknown) => {
        // Node names no file that was open already.
        throw Object.assign(error as Error, { path: file });
      });
    }
  } catch (error) {
    await discard();
    throw error;
  }
  return {
    discard,
    async publish() {
      try {
        for (const { file, temporary } of staged) await rename(temporary, file);
      } finally {
        await discard();
      }
    },
  };
}

/** Returns the folders that were not there, the first one first. */
async function makeFolder(folder: string): Promise<readonly string[]> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return [];
  const made = [first];
  for (const name of path.relative(first, folder).split(path.sep).filter(Boolean))
    made.push(path.join(made.at(-1)!, name));
  return made;
}

async function writeSynced(file: string, data: string | Uint8Array): Promise<void> {
  const handle = await open(file, 'wx');
  try {
    await handle.writeFile(data);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A folder that appears complete or not at all: `fill` gets a scratch folder beside the target, which is then
 *  renamed onto it. When the target exists already, nothing is done. The scratch folder never survives. */
export async function* publishFolder<Events, Product>(
  target: string,
  fill: (scratch: string) => AsyncGenerator<Events, Product, void>,
): AsyncGenerator<Events, Product | undefined, void> {
  if (await exists(target)) return undefined;
  const scratch = await scratchIn(path.dirname(target));
  try {
    const product = yield* fill(scratch);
    await syncFiles(scratch);
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

/** Puts a filled scratch folder where another one may be. Two renames: between them the target is not there, and what a
 *  kill has left then is settled by settleReplaced(). */
export async function replaceFolder(scratch: string, target: string): Promise<void> {
  await syncFiles(scratch);
  const before = `${target}.before-${tagOf(ourselves)}`;
  await rm(before, { recursive: true, force: true });
  await rename(target, before).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await rename(scratch, target).catch(async (error: unknown) => {
    await rename(before, target).catch(() => {});
    throw error;
  });
  await rm(before, { recursive: true, force: true });
}

/** Folders directly below `parent` that dead processes were replacing: the new one is there, or the old one comes back.
 *  Returns what was done, or, told only to look, what would be. */
export async function settleReplaced(
  parent: string,
  act = true,
): Promise<readonly { readonly path: string; readonly action: 'removed' | 'completed' }[]> {
  const settled: { path: string; action: 'removed' | 'completed' }[] = [];
  for (const name of await readdir(parent).catch(() => [] as string[])) {
    const target = /^(.+)\.before-p/.exec(name)?.[1];
    const owner = taggedOwner(name);
    if (target === undefined || !owner || lifeOf(owner) !== 'gone') continue;
    const [before, place] = [path.join(parent, name), path.join(parent, target)];
    const replaced = await exists(place);
    if (act) await (replaced ? rm(before, { recursive: true, force: true }) : rename(before, place));
    settled.push({ path: replaced ? before : place, action: replaced ? 'removed' : 'completed' });
  }
  return settled;
}

/** A name is believed for as long as it is there: what it stands for has to be on the disk first. */
async function syncFiles(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const handle = await open(path.join(entry.parentPath, entry.name), 'r');
    await handle.sync().finally(() => handle.close());
  }
}

/** A fresh folder in a place of the cache or the state, for what is renamed out of it; the caller removes it in its
 *  finally. What dead processes have left there goes away. */
export async function scratchIn(parent: string, name = 'new'): Promise<string> {
  await mkdir(parent, { recursive: true });
  for (const left of await leftBehind(parent)) await rm(left, { recursive: true, force: true });
  return mkdtemp(path.join(parent, `.${name}-${tagOf(ourselves)}-`));
}

/** A fresh folder for the time of one job; the caller removes it in its finally. Nobody else may look into it. */
export async function scratchFolder(name: string): Promise<string> {
  return mkdtemp(path.join(tmpdir(), `initbench-${name}-${tagOf(ourselves)}-`));
}

/** The path of a unix socket has 107 bytes at most (unix(7)). */
const longestSocket = 107;

/** Where a folder for sockets called `qmp` and the like may be; undefined: no path is short enough. */
function socketPlace(own: string): string | undefined {
  const fits = (place: string) =>
    Buffer.byteLength(path.join(place, `${own}XXXXXX`, 'socket')) <= longestSocket;
  return [tmpdir(), process.env.XDG_RUNTIME_DIR || '/tmp', '/tmp'].find(fits);
}

/** Where scratch folders of ours may be, outside the cache and the state. */
export const scratchPlaces = (): string[] => [
  ...new Set([tmpdir(), socketPlace(`initbench-qemu-${tagOf(ourselves)}-`) ?? tmpdir()]),
];

/** A scratch folder whose path leaves room for sockets. @throws UserError when there is no place with a path that short */
export async function socketFolder(name: string): Promise<string> {
  const own = `initbench-${name}-${tagOf(ourselves)}-`;
  const place = socketPlace(own);
  if (place !== undefined) return mkdtemp(path.join(place, own));
  throw new UserError(`${tmpdir()} is too long a path for sockets`, {
    hint: 'set TMPDIR to a folder with a shorter one',
    exitCode: exitCodes.environment,
  });
}

/** Scratch folders and unfinished files directly below a folder whose owner is gone. */
export async function leftBehind(parent: string): Promise<string[]> {
  const names = await readdir(parent).catch(() => [] as string[]);
  return names
    .filter(name => {
      const owner = taggedOwner(name);
      return owner !== undefined && !/\.lock\.|\.before-/.test(name) && lifeOf(owner) === 'gone';
    })
    .map(name => path.join(parent, name));
}

/** @throws UserError when the file system that holds `folder` has fewer free bytes */
export const requireSpace = (folder: string, bytes: number, what: string): Promise<void> =>
  requireRoom([{ folder, bytes }], what);

/** As requireSpace() for work in several folders, which may be on one file system. */
export async function requireRoom(
  needs: readonly { readonly folder: string; readonly bytes: number }[],
  what: string,
): Promise<void> {
  const disks = new Map<number, { folder: string; bytes: number }>();
  for (const { folder, bytes } of needs) {
    await mkdir(folder, { recursive: true });
    const { dev } = await stat(folder);
    const disk = disks.get(dev);
    disks.set(dev, { folder: disk?.folder ?? folder, bytes: (disk?.bytes ?? 0) + bytes });
  }
  for (const { folder, bytes } of disks.values()) {
    const { bavail, bsize } = await statfs(folder);
    const free = bavail * bsize;
    if (free >= bytes) continue;
    throw new UserError(`${what} needs ${sizeText(bytes)} in ${folder}, ${sizeText(free)} are free`, {
      hint: 'free some space (initbench clean), or move the cache with INITBENCH_CACHE',
      exitCode: exitCodes.environment,
    });
  }
}

const sizeText = (bytes: number): string =>
  bytes < 2 ** 30 ? `${(bytes / 2 ** 20).toFixed(1)} MiB` : `${(bytes / 2 ** 30).toFixed(1)} GiB`;
