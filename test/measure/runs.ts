// SPDX-License-Identifier: GPL-2.0-only
/** Made-up boot runs for the tests of measure/. */
import type { BootRun } from '../../src/boot/boot.ts';

export interface Given {
  readonly kernelTsc?: number;
  readonly initTsc?: number;
  readonly usedTsc?: number;
  readonly endTsc?: number;
  readonly icount?: number;
  readonly initMs?: number;
  readonly usedMs?: number;
  readonly totalKiB?: number;
  readonly freeKiB?: number;
  readonly pcpKiB?: number;
  readonly carvedOutBytes?: number;
  readonly sum?: string;
  readonly outcome?: BootRun['outcome'];
  /** Percent, and the clock in ticks or nanoseconds. Default: 10% where `used` is given. */
  readonly steps?: readonly (readonly [number, number])[];
}

let number = 0;

export function run(figures: Given): BootRun {
  const mark = (tsc?: number, ms?: number) => ({
    host: 0,
    ...(tsc !== undefined && { tsc }),
    ...(ms !== undefined && { boottime: ms * 1e6 }),
  });
  const wall = (figures.initMs ?? figures.usedMs) !== undefined;
  const used = figures.usedTsc ?? (figures.usedMs === undefined ? undefined : figures.usedMs * 1e6);
  const steps = figures.steps ?? (used === undefined ? [] : ([[10, used]] as const));
  return {
    id: `run-${++number}`,
    folder: '/runs/x',
    flow: 'initramfs',
    row: 'initramfs',
    started: '2026-01-01T00:00:00Z',
    clock: wall ? 'wall' : 'icount',
    accelerator: 'tcg',
    acceleratorReason: '',
    kernel: { digest: 'k', name: 'base', release: '7.3.4', configDigest: 'c' },
    images: [],
    payload: { name: 'busybox', digest: 'p' },
    argv: ['qemu'],
    qemuVersion: '7.2.22',
    memoryMiB: 2048,
    cpus: 1,
    host: { cpu: 'x', cpus: 2, kernel: 'y', loadBefore: 0, loadAfter: 0 },
    outcome: figures.outcome ?? { kind: 'ready' },
    marks: {
      kernel: mark(figures.kernelTsc ?? 30e6),
      ...((figures.initTsc ?? figures.initMs) !== undefined && {
        init: mark(figures.initTsc, figures.initMs),
      }),
      ...((figures.usedTsc ?? figures.usedMs) !== undefined && {
        used: mark(figures.usedTsc, figures.usedMs),
      }),
      ...(figures.endTsc !== undefined && { end: mark(figures.endTsc) }),
    },
    used: steps.map(([percent, value]) => ({
      percent,
      host: 0,
      tsc: value,
      boottime: value,
    })),
    facts: [
      {
        name: 'memory',
        values: {
          at: 'init',
          MemTotal: String(figures.totalKiB ?? 2_000_000),
          MemFree: String(figures.freeKiB ?? 1_900_000),
          pcp: String(figures.pcpKiB ?? 0),
        },
      },
      ...(figures.sum ? [{ name: 'used', values: { sum: figures.sum } }] : []),
    ],
    ...(figures.icount !== undefined && { icount: figures.icount }),
    carvedOutBytes: figures.carvedOutBytes ?? 0,
    notes: [],
  };
}
