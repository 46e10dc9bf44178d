// SPDX-License-Identifier: GPL-2.0-only
/** The record of a sweep: one point for each row at each place of the axes, figures since start_kernel with their
 *  spread. What reports, charts and screens read; campaign/sweep.ts makes it. */
import type { Digest, Mark, Outcome } from '../events.ts';
import type { Crossover } from './crossover.ts';
import type { MemoryUse } from './memory.ts';
import type { Spread } from './spread.ts';
import type { Unit } from './unit.ts';
import type { Warning } from './warnings.ts';

/** A place on the axes; `used` is no axis of a boot: one boot reads in steps and reports them all. */
export interface Place {
  /** What --size asked for: bytes of filler in the payload. */
  readonly sizeBytes: number;
  readonly memoryMiB: number;
  readonly cpus: number;
}

/** A share of the payload's bytes that was read, and what it took. */
export interface UsedFigures {
  readonly percent: number;
  /** From start_kernel to the end of that step; the steps before it are in it. */
  readonly total: Spread;
  /** From the first instruction of /init. */
  readonly reading: Spread;
}

export interface SweepPoint {
  readonly place: Place;
  /** FLOW[:FORMAT][@KERNEL][+WORD...] */
  readonly row: string;
  readonly flow: string;
  readonly format: string;
  readonly kernel: string;
  /** Compressors cost alike within a family only. */
  readonly family: string;
  readonly payloadBytes: number;
  /** The payload packed in that format, wherever it lies. */
  readonly imageBytes: number;
  /** What the boot loader hands over beside the kernel; the rest is read on demand. */
  readonly loaderBytes: number;
  /** That of the first boot that was not ready, else ready. */
  readonly outcome: Outcome;
  /** RunFigures.init of the boots that were ready. Absent: none was. */
  readonly init?: Spread;
  /** In the order they were read. */
  readonly used: readonly UsedFigures[];
  /** Each mark that was passed, from start_kernel: for phases. `init` and the last `used` are among them. */
  readonly marks: Readonly<Partial<Record<Mark, Spread>>>;
  /** The row that is its floor, at the same memory and CPUs. Absent of floors, and in records of old. */
  readonly floor?: string;
  /** init less that of the floor, medians. Absent where the floor failed. */
  readonly overFloor?: number;
  /** icount: virtual nanoseconds that the clock skipped while nothing ran. */
  readonly idle?: number;
  readonly memory: readonly MemoryUse[];
  /** Most memory that QEMU had on the host, the guest's and its own. */
  readonly hostPeakBytes?: number;
  readonly notes: readonly string[];
  /** In the order of the samples: variant 0, the unperturbed one, first; of boots that failed, too. */
  readonly runs: readonly string[];
}

/** What --smallest-mem found for a row and a size. */
export interface SmallestMemory {
  readonly row: string;
  readonly sizeBytes: number;
  /** The smallest -m that booted. Absent: not even the largest that was tried. */
  readonly bootsMiB?: number;
  /** The largest below it that did not; absent when the smallest that can be asked for booted. */
  readonly failsMiB?: number;
  /** How it failed there. */
  readonly failure?: Outcome;
  readonly runs: readonly string[];
}

export interface Sweep {
  readonly schema: 'initbench.sweep/1';
  /** Digest of what was asked; names the record, sweeps/<id>.json. */
  readonly id: string;
  readonly started: string;
  readonly ended: string;
  readonly clock: 'icount' | 'wall';
  readonly unit: Unit['name'];
  /** The command that goes on with it, or gives it again. */
  readonly command: readonly string[];
  /** False: it was stopped, points are missing. */
  readonly complete: boolean;
  readonly payload: string;
  /** Rows in the order asked for, floors first. */
  readonly rows: readonly string[];
  readonly axes: {
    readonly sizeBytes: readonly number[];
    readonly memoryMiB: readonly number[];
    readonly cpus: readonly number[];
    readonly usedPercent: readonly number[];
  };
  /** Boots of each point: perturbed variants under icount, rounds on the wall clock. */
  readonly samples: number;
  readonly points: readonly SweepPoint[];
  readonly smallestMemory: readonly SmallestMemory[];
  readonly crossovers: readonly Crossover[];
  readonly warnings: readonly Warning[];
  readonly conditions: {
    readonly tree: string;
    readonly treeNote?: string;
    readonly arch: string;
    /** Absent where something else ran the guests: `platform`. */
    readonly qemu?: string;
    readonly platform?: string;
    readonly accelerator: string;
    readonly host: string;
    readonly hostCpus: number;
    /** Digest of each kernel, by name. */
    readonly kernels: Readonly<Record<string, Digest>>;
    /** Digest of each payload, by size in bytes. */
    readonly payloads: Readonly<Record<string, Digest>>;
  };
  readonly boots: {
    readonly total: number;
    /** How many of them were known when the sweep was asked for last. */
    readonly known: number;
    /** Seconds of the host that the boots took, one after the other. */
    readonly seconds: number;
  };
}
