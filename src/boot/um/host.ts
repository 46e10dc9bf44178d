// SPDX-License-Identifier: GPL-2.0-only
/** Whether this host lets a User-Mode Linux run: its confinement, and the memory of its guest. */
import { readFile, statfs } from 'node:fs/promises';
import { exitCodes, UserError } from '../../host/errors.ts';
import { capture } from '../../host/exec.ts';
import { hostMemory } from '../../host/memory.ts';
import type { Vm } from '../machine.ts';
import { memoryFolder, probeArgv } from './argv.ts';

const probed = new Map<string, Promise<boolean>>();

/** Whether bubblewrap is installed, and this host lets it make namespaces: a program that does nothing is confined. */
export function confines(signal: AbortSignal): Promise<boolean> {
  const key = process.env.PATH ?? '';
  const known = probed.get(key) ?? tryConfined(signal);
  probed.set(key, known);
  known.catch(() => probed.delete(key));
  return known;
}

const tryConfined = (signal: AbortSignal): Promise<boolean> =>
  capture(probeArgv, { signal }).then(
    () => true,
    (error: unknown) => {
      // not installed, or not allowed
      if (error instanceof UserError || (error as Error).name === 'ToolError') return false;
      throw error;
    },
  );

/** What the guest's memory would lie in. */
export interface MemoryPlace {
  readonly noexec: boolean;
  readonly freeBytes: number;
  /** Of the whole host, or what a control group leaves of it. */
  readonly hostBytes: number;
}

/** @throws UserError when the guest's memory cannot be had, with what to do */
export async function requireHost(vm: Vm, signal: AbortSignal): Promise<void> {
  const confined = await confines(signal);
  const hostBytes = hostMemory().bytes;
  const none = { noexec: false, freeBytes: Infinity, hostBytes };
  requireRoom(vm.memoryMiB, confined ? none : { ...(await sharedMemory()), hostBytes });
}

async function sharedMemory(): Promise<Omit<MemoryPlace, 'hostBytes'>> {
  const mounts = await readFile('/proc/self/mounts', 'utf8').catch(() => '');
  const { bavail, bsize } = await statfs(memoryFolder).catch(() => ({ bavail: 0, bsize: 1 }));
  return { noexec: isNoexec(mounts), freeBytes: bavail * bsize };
}

/** Whether /dev/shm, or what it lies in, is mounted so (proc(5): source, path, type, options); the last mount counts. */
export function isNoexec(mounts: string): boolean {
  const own = mounts
    .split('\n')
    .map(line => line.split(' '))
    .filter(([, at]) => at === memoryFolder || at === '/dev' || at === '/');
  const deepest = own.reduce(
    (best, mount) => (mount[1]!.length >= (best?.[1]?.length ?? 0) ? mount : best),
    own[0],
  );
  return deepest?.[3]?.split(',').includes('noexec') ?? false;
}

const mib = 2 ** 20;

/** @throws UserError naming what is in the way */
export function requireRoom(memoryMiB: number, { noexec, freeBytes, hostBytes }: MemoryPlace): void {
  const environment = { exitCode: exitCodes.environment };
  if (noexec) {
    throw new UserError(
      `${memoryFolder} is mounted noexec, and User-Mode Linux needs executable memory there`,
      {
        hint: `mount -o remount,exec ${memoryFolder}, or install bubblewrap: a confined guest has a ${memoryFolder} of its own`,
        ...environment,
      },
    );
  }
  if (memoryMiB * mib > freeBytes) {
    throw new UserError(
      `the guest's ${memoryMiB} MiB of memory do not fit into ${memoryFolder}, which has ${Math.floor(freeBytes / mib)} MiB free`,
      {
        hint: `give the guest less with --mem, or ${memoryFolder} more: mount -o remount,size=SIZE ${memoryFolder}`,
        ...environment,
      },
    );
  }
  if (memoryMiB * mib > hostBytes) {
    throw new UserError(
      `the guest's ${memoryMiB} MiB of memory are more than the ${Math.floor(hostBytes / mib)} MiB there are for it`,
      { hint: 'give the guest less with --mem', ...environment },
    );
  }
}
