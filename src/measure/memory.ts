// SPDX-License-Identifier: GPL-2.0-only
/** Guest memory as the guest itself reports it: at /init, after the reading, and after it has moved to the root. */
import { z } from 'zod';
import type { BootRun } from '../boot/boot.ts';
import { number, object } from '../document.ts';

/** In bytes. */
export const memoryUseSchema = object({
  at: z.enum(['init', 'used', 'rootfs']),
  total: number,
  /** MemFree and what sits on the per-CPU lists, where freed initrd pages go first. */
  free: number,
  perCpuLists: number,
  shmem: number,
  cached: number,
  /** Memory taken away from the kernel as a disk. */
  carvedOut: number,
  /** The floor's MemTotal at /init less this one: what the kernel does not count as memory, as an initrd that is
   *  kept. Carve-outs are left out. Absent without a floor. */
  reserved: number.exactOptional(),
  /** The floor's MemTotal at /init, less what is free here and the carve-out. Absent without a floor. */
  used: number.exactOptional(),
});
export type MemoryUse = z.infer<typeof memoryUseSchema>;

const points = ['init', 'used', 'rootfs'] as const;

type Reported = Pick<BootRun, 'facts'> & { readonly carvedOutBytes?: number | undefined };

/** What a run reported, in the order of its boot. */
export function memoryOf(run: Reported): MemoryUse[] {
  return points.flatMap(at => {
    const total = bytesAt(run, at, 'MemTotal');
    const unlisted = bytesAt(run, at, 'MemFree');
    if (total === undefined || unlisted === undefined) return [];
    const perCpuLists = bytesAt(run, at, 'pcp') ?? 0;
    return {
      ...{ at, total, free: unlisted + perCpuLists, perCpuLists },
      shmem: bytesAt(run, at, 'Shmem') ?? 0,
      cached: bytesAt(run, at, 'Cached') ?? 0,
      carvedOut: run.carvedOutBytes ?? 0,
    };
  });
}

/** MemTotal at /init. */
export const totalAtInit = (memory: readonly MemoryUse[]): number | undefined =>
  memory.find(({ at }) => at === 'init')?.total;

/** The same beside what the floor of its kernel, in a guest of that size, has at /init. */
export function againstFloor(memory: readonly MemoryUse[], floorTotal: number | undefined): MemoryUse[] {
  if (floorTotal === undefined) return [...memory];
  return memory.map(use => ({
    ...use,
    reserved: floorTotal - use.total - use.carvedOut,
    used: floorTotal - use.free - use.carvedOut,
  }));
}

/** A value of the guest's `memory` facts, which are in KiB, in bytes. */
function bytesAt(run: Reported, at: string, key: string): number | undefined {
  const text = run.facts.find(fact => fact.name === 'memory' && fact.values.at === at)?.values[key];
  const kib = text === undefined || text === '' ? Number.NaN : Number(text);
  return Number.isFinite(kib) ? kib * 1024 : undefined;
}
