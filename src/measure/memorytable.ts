// SPDX-License-Identifier: GPL-2.0-only
/** Memory of several rows in one table: at /init, after the reading, behind the move to the root. ASCII only. */
import { namedGrid } from './grid.ts';
import type { MemoryUse } from './memory.ts';

export interface MemoryRow {
  readonly id: string;
  readonly memory: readonly MemoryUse[];
  readonly hostPeakBytes?: number;
}

const points = [
  ['init', 'at /init'],
  ['used', 'after the reading'],
  ['rootfs', 'on the root file system'],
] as const;

const mebi = (bytes: number | undefined): string =>
  bytes === undefined ? '-' : (bytes / 2 ** 20).toFixed(1);

/** One block for each moment that some row has; the peak of QEMU stands with the first. */
export function formatMemory(rows: readonly MemoryRow[]): string[] {
  const blocks = points.flatMap(([at, words]) => {
    const members = rows.flatMap(row => {
      const use = row.memory.find(candidate => candidate.at === at);
      return use ? [{ row, use }] : [];
    });
    if (members.length === 0) return [];
    const head = ['used', 'total', 'free', 'lists', 'shmem', 'cached', 'reserved', 'disk', 'QEMU'] as const;
    const lines = members.map(
      ({ row, use }) =>
        [
          row.id,
          mebi(use.used),
          mebi(use.total),
          mebi(use.free),
          mebi(use.perCpuLists),
          mebi(use.shmem),
          mebi(use.cached),
          mebi(use.reserved),
          use.carvedOut > 0 ? mebi(use.carvedOut) : '-',
          at === 'rootfs' ? '-' : mebi(row.hostPeakBytes),
        ] as const,
    );
    return [...namedGrid([[words, ...head], ...lines]), ''];
  });
  if (blocks.length === 0) return [];
  return [
    ...blocks,
    "MiB. used: the floor's MemTotal less free; free: with the per-CPU lists; reserved: not the kernel's (the initrd);",
    'disk: taken away as a disk in memory, not counted; QEMU: peak of the process on the host.',
  ];
}
