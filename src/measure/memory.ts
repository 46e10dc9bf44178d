// SPDX-License-Identifier: GPL-2.0-only
/** Guest memory as the guest itself reports it at /init, after the reading, and after it has moved to the root. */
import type { BootRun } from '../boot/boot.ts';

/** In bytes. */
export interface MemoryUse {
  readonly at: 'init' | 'used' | 'rootfs';
  readonly total: number;
  /** MemFree and what sits on the per-CPU lists, where freed initrd pages go first. */
  readonly free: number;
  readonly perCpuLists: number;
  readonly shmem: number;
  readonly cached: number;
  /** The floor's MemTotal at /init less this one: what the kernel does not count as memory, as an initrd that is
   *  kept. Carve-outs are left out. Absent without a floor. */
  readonly reserved?: number;
  /** Memory taken away from the kernel as a disk. */
  readonly carvedOut: number;
  /** The floor's MemTotal at /init, less what is free here and the carve-out. Absent without a floor. */
  readonly used?: number;
}

const points = ['init', 'used', 'rootfs'] as const;

/** What a run reported, in the order of its boot; `floor` is a run of the same kernel and memory with nothing. */
export function memoryOf(run: BootRun, floor: BootRun | undefined): MemoryUse[] {
  const floorTotal = floor && numberAt(floor, 'init', 'MemTotal');
  return points.flatMap(at => {
    const total = numberAt(run, at, 'MemTotal');
    const unlisted = numberAt(run, at, 'MemFree');
    if (total === undefined || unlisted === undefined) return [];
    const perCpuLists = numberAt(run, at, 'pcp') ?? 0;
    const free = unlisted + perCpuLists;
    const carvedOut = run.carvedOutBytes;
    return {
      ...{ at, total, free, perCpuLists, carvedOut },
      shmem: numberAt(run, at, 'Shmem') ?? 0,
      cached: numberAt(run, at, 'Cached') ?? 0,
      ...(floorTotal !== undefined && {
        reserved: floorTotal - total - carvedOut,
        used: floorTotal - free - carvedOut,
      }),
    };
  });
}

/** A value of the guest's `memory` facts, which are in KiB, in bytes. */
function numberAt(run: BootRun, at: string, key: string): number | undefined {
  const text = run.facts.find(fact => fact.name === 'memory' && fact.values.at === at)?.values[key];
  const kib = text === undefined || text === '' ? Number.NaN : Number(text);
  return Number.isFinite(kib) ? kib * 1024 : undefined;
}
