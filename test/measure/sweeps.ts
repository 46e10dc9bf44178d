// SPDX-License-Identifier: GPL-2.0-only
/** A made-up sweep: three rows and their floor, two sizes, one boot that failed. */
import { spreadOf } from '../../src/measure/spread.ts';
import type { Sweep, SweepPoint } from '../../src/measure/sweep.ts';

const mebi = 2 ** 20;
const million = 1e6;
/** Three samples, half a million apart. */
const around = (millions: number) =>
  spreadOf([millions * million, (millions + 0.5) * million, (millions - 0.5) * million])!;

interface Costs {
  readonly row: string;
  readonly format: string;
  readonly family?: string;
  /** Millions to /init, for each MiB of payload, and for each MiB that is read. */
  readonly init: number;
  readonly perMiB: number;
  readonly reading: number;
  readonly stage1?: number;
}

const rows: readonly Costs[] = [
  { row: 'floor@base', format: 'cpio', family: 'none', init: 190, perMiB: 0, reading: 0 },
  { row: 'initramfs', format: 'cpio-lz4', init: 192, perMiB: 4, reading: 0.2 },
  { row: 'userspace', format: 'erofs-lz4hc', init: 196, perMiB: 0, reading: 0.5, stage1: 191 },
  { row: 'kernelspace', format: 'erofs-lz4hc', init: 191, perMiB: 0, reading: 0.7 },
];

function pointOf(costs: Costs, sizeMiB: number): SweepPoint {
  const { row, format, family = 'lz4', perMiB, reading, stage1 } = costs;
  const flow = row.split('@')[0]!;
  const init = costs.init + perMiB * sizeMiB;
  const used = [10, 100].map(percent => {
    const read = reading * sizeMiB * (percent / 100);
    return { percent, total: around(init + read), reading: around(read) };
  });
  const isFloor = flow === 'floor';
  const failed = flow === 'userspace' && sizeMiB > 100;
  return {
    place: { sizeBytes: sizeMiB * mebi, memoryMiB: 2048, cpus: 1 },
    ...{ row, flow, format, family, kernel: flow === 'kernelspace' ? 'initoverlayfs' : 'base' },
    payloadBytes: isFloor ? 20_000 : (sizeMiB + 2) * mebi,
    imageBytes: (sizeMiB / 2) * mebi,
    loaderBytes: (sizeMiB / 2) * mebi,
    outcome: failed ? { kind: 'panic', message: 'no root <b>&' } : { kind: 'ready' },
    ...(!failed && { init: around(init), overFloor: (init - 190) * million }),
    used: failed || isFloor ? [] : used,
    marks: failed ? {} : { init: around(init), ...(stage1 !== undefined && { stage1: around(stage1) }) },
    memory: [
      ...(failed
        ? []
        : [
            {
              ...{ at: 'init' as const, total: 2e9, free: 1e9, perCpuLists: 0, shmem: 0, cached: 0 },
              ...{ carvedOut: 0, used: 20 * mebi },
            },
          ]),
    ],
    notes: flow === 'userspace' ? ['disk: memory, reads cost nothing'] : [],
    runs: [1, 2, 3].map(
      i => `20261125T0000${isFloor ? '00' : String(sizeMiB % 60).padStart(2, '0')}-${flow.slice(0, 3)}${i}`,
    ),
  };
}

export const sweep: Sweep = {
  schema: 'initbench.sweep/1',
  id: '0123456789abcdef'.repeat(4),
  started: '2026-11-25T01:00:00Z',
  ended: '2026-11-25T02:00:00Z',
  clock: 'icount',
  unit: 'instructions',
  command: ['initbench', 'sweep', '--size', '16M,256M'],
  complete: true,
  payload: 'busybox',
  rows: rows.map(({ row }) => row),
  axes: {
    sizeBytes: [16 * mebi, 256 * mebi],
    memoryMiB: [2048],
    cpus: [1],
    usedPercent: [10, 100],
  },
  samples: 3,
  points: [16, 256].flatMap(size => rows.map(costs => pointOf(costs, size))),
  smallestMemory: [],
  crossovers: [],
  warnings: [{ about: 'one thing is doubtful', remedy: 'do it again' }],
  conditions: {
    tree: '7.3.4',
    arch: 'x86_64',
    qemu: '7.2.22 (Debian)',
    accelerator: 'tcg',
    host: 'a processor',
    hostCpus: 2,
    kernels: { base: 'a'.repeat(64), initoverlayfs: 'b'.repeat(64) },
    payloads: { [String(16 * mebi)]: 'c'.repeat(64), [String(256 * mebi)]: 'd'.repeat(64) },
  },
  boots: { total: 24, known: 0, seconds: 120 },
};
