// SPDX-License-Identifier: GPL-2.0-only
/** Locks between processes: TARGET.lock is a folder with its holder's name in it, which is renamed into place, and
 *  rename(2) refuses where such a folder is. What a dead holder has left is renamed away to a name of that holder's:
 *  of two who judge it dead only one succeeds, and none takes a living one's by mistake. It is removed when nobody
 *  judges: whoever does has a folder of its own there. No clock decides. */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { WorkEvent } from '../events.ts';
import { environmentProblem, NoRoom } from './environment.ts';
import { exitCodes, Interrupted, UserError } from './errors.ts';
import { lifeOf, type Owner, ourselves, tagOf, taggedOwner } from './owner.ts';
import { reaperOwner } from './reaper.ts';

export interface Holder extends Owner {
  /** Of this one time that it is held. */
  readonly id: string;
  /** ISO 8601. */
  readonly since: string;
  /** 'initbench build base' */
  readonly doing: string;
  /** As long as this process is there, the holder's children may be. */
  readonly reaper?: Owner;
}

export interface LockOptions {
  /** What is done meanwhile, for those who wait. Default: the command. */
  readonly doing?: string;
  readonly waitMs?: number;
}

const pollMs = 100;
/** Shorter waits are not worth a word. */
const silentMs = 400;
const usualWaitMs = 3_600_000;
/** A lock without a readable holder is one in the making, or what a power failure has left. */
const makingMs = 10_000;

const command = () => ['initbench', ...process.argv.slice(2)].join(' ');
const lockOf = (target: string) => `${target}.lock`;
const holderFile = (lock: string) => path.join(lock, 'holder.json');
const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;
const isTaken = (error: unknown) => ['ENOTEMPTY', 'EEXIST'].includes(codeOf(error) ?? '');

/** Holds a lock named by a path for the length of the work; waits for another holder, and says for whom.
 *  @throws UserError naming the holder when that keeps it longer than `waitMs`, Interrupted */
export async function* withLock<Events, Product>(
  target: string,
  signal: AbortSignal,
  work: () => AsyncGenerator<Events, Product, void>,
  { doing, waitMs = usualWaitMs }: LockOptions = {},
): AsyncGenerator<Events | WorkEvent, Product, void> {
  const lock = lockOf(target);
  const reaper = reaperOwner();
  const me: Holder = {
    ...ourselves,
    id: randomBytes(8).toString('hex'),
    since: new Date().toISOString(),
    doing: doing ?? command(),
    ...(reaper ? { reaper } : {}),
  };
  const began = performance.now();
  let named: string | undefined;
  while (!(await take(lock, me))) {
    if (signal.aborted) throw new Interrupted();
    const waited = performance.now() - began;
    const holder = await readHolder(lock);
    if (waited > waitMs) {
      throw new UserError(`${target} is in use: ${describeHolder(holder)}`, {
        hint: holder ? `wait for it to end, or stop it: kill ${holder.pid}` : 'wait for it to end',
        exitCode: exitCodes.environment,
      });
    }
    if (holder && waited > silentMs && named !== holder.id) {
      named = holder.id;
      const message = `waiting for ${target}: ${describeHolder(holder)}`;
      // A warning: -q keeps those.
      yield { job: path.basename(target), type: 'notice', level: 'warning', message };
    }
    await new Promise(resolve => setTimeout(resolve, pollMs));
  }
  try {
    if (signal.aborted) throw new Interrupted();
    return yield* work();
  } finally {
    await leave(lock, me);
  }
}

/** 'process 4711 has it since 14:02:11 (initbench build base)' */
export function describeHolder(holder: Holder | undefined): string {
  if (!holder) return 'another process has it';
  const time = new Date(holder.since).toTimeString().slice(0, 8);
  return `process ${holder.pid} has it since ${time} (${holder.doing})`;
}

/** Who has a lock folder; undefined when nobody has, or it does not say. */
export async function readHolder(lock: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(holderFile(lock), 'utf8')) as Holder;
  } catch {
    return undefined;
  }
}

/** Whether nothing of the holder runs any more. */
export function isDead(holder: Holder): boolean {
  return lifeOf(holder) === 'gone' && (!holder.reaper || lifeOf(holder.reaper) === 'gone');
}

/** Removes a lock whose holder is dead; returns whether it did, or, told only to look, whether it would. */
export async function breakIfDead(lock: string, act = true): Promise<boolean> {
  if (!(await isLeft(lock, await readHolder(lock)))) return false;
  if (!act) return true;
  let judge: string | undefined;
  try {
    judge = await mkdtemp(`${lock}.${tagOf(ourselves)}-`);
    // Once more: what was read before there was a judge's folder may have been put away and removed meanwhile.
    const holder = await readHolder(lock);
    if (!(await isLeft(lock, holder))) return false;
    await rename(lock, `${lock}.dead-${holder?.id ?? 'unknown'}`);
    return true;
  } catch (error) {
    if (isTaken(error) || codeOf(error) === 'ENOENT') return false;
    throw error;
  } finally {
    if (judge) await rm(judge, { recursive: true, force: true });
    await removeRemains(lock);
  }
}

const isLeft = async (lock: string, holder: Holder | undefined): Promise<boolean> =>
  holder ? isDead(holder) : isAbandoned(lock);

/** Removes what is left of locks that were broken, and the folders of those who were killed at it, as long as nobody
 *  living judges: such a one may have read the holder of a lock that was broken since, and be about to rename what is
 *  there now to that holder's name. As long as that is taken, it cannot. */
export async function removeRemains(lock: string): Promise<void> {
  const remains = async () =>
    (await lockRemains(path.dirname(lock))).remains.filter(name => name.startsWith(`${lock}.`));
  const broken = (await remains()).filter(name => name.startsWith(`${lock}.dead-`));
  // In this order: a judge that comes after a lock was broken cannot read its holder any more.
  const judges = (await remains()).filter(name => !name.startsWith(`${lock}.dead-`));
  const gone = judges.filter(name => lifeOf(taggedOwner(path.basename(name))!) === 'gone');
  const left = gone.length === judges.length ? [...gone, ...broken] : gone;
  await Promise.all(left.map(name => rm(name, { recursive: true, force: true }).catch(() => {})));
}

/** A lock that names nobody, for a while already; or in the future, after the clock was set back. */
async function isAbandoned(lock: string): Promise<boolean> {
  const found = await stat(lock).catch(() => undefined);
  return found !== undefined && found.isDirectory() && Math.abs(Date.now() - found.mtimeMs) > makingMs;
}

async function take(lock: string, me: Holder): Promise<boolean> {
  const holder = await readHolder(lock);
  if (holder && !isDead(holder)) return false;
  await breakIfDead(lock);
  let mine: string | undefined;
  try {
    await mkdir(path.dirname(lock), { recursive: true });
    mine = await mkdtemp(`${lock}.${tagOf(me)}-`);
    await writeFile(holderFile(mine), JSON.stringify(me));
    await rename(mine, lock);
    return true;
  } catch (error) {
    if (mine) await rm(mine, { recursive: true, force: true });
    // ENOENT: the folder was deleted while we were at it.
    if (isTaken(error) || codeOf(error) === 'ENOENT') return false;
    const full = environmentProblem(Object.assign(error as Error, { path: path.dirname(lock) }));
    if (full instanceof NoRoom) throw full;
    throw new UserError(`cannot lock ${lock}: ${(error as Error).message}`, {
      hint: 'see that the folder can be written to, or move it with INITBENCH_CACHE and INITBENCH_STATE',
      exitCode: exitCodes.environment,
    });
  }
}

/** Gives back what is still ours: the whole cache may have been deleted meanwhile. */
async function leave(lock: string, me: Holder): Promise<void> {
  if ((await readHolder(lock))?.id !== me.id) return;
  const away = `${lock}.${tagOf(me)}-${me.id}`;
  try {
    await rename(lock, away);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
  await rm(away, { recursive: true, force: true });
  await removeRemains(lock);
}

/** Lock folders directly below a folder, and what is left of ones that were broken or in the making. */
export async function lockRemains(folder: string): Promise<{ locks: string[]; remains: string[] }> {
  const names = await readdir(folder).catch(() => [] as string[]);
  const inFolder = (found: string[]) => found.map(name => path.join(folder, name));
  return {
    locks: inFolder(names.filter(name => name.endsWith('.lock'))),
    remains: inFolder(
      names.filter(name => /\.lock\.(dead-([0-9a-f]{16}|unknown)|p\d+\.\d+\.[0-9a-z]+-\w+)$/.test(name)),
    ),
  };
}
