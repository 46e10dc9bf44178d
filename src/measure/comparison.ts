// SPDX-License-Identifier: GPL-2.0-only
/** The comparison of several flows' boots: the record that tables, charts, JSON and mails are made from. */
import type { Outcome } from '../events.ts';

/** Spread of raw samples; absent samples stay absent, never zero. In the comparison's unit. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly samples: readonly number[];
}

export interface Row {
  /** FLOW[:FORMAT][@KERNEL] */
  readonly id: string;
  readonly flow: string;
  readonly kernel: string;
  readonly format: string;
  readonly imageBytes: number;
  readonly outcome: Outcome;
  /** From start_kernel to the first instruction of /init. */
  readonly init?: Spread;
  /** From start_kernel to the end of the reading. */
  readonly used?: Spread;
  /** init less that of the same kernel's floor. */
  readonly overFloor?: number;
  /** icount: virtual nanoseconds that the clock skipped, not executed. */
  readonly idle?: number;
  /** At /init: MemTotal of the floor, carve-outs added back, less what is free. */
  readonly memoryUsedBytes?: number;
  /** init over that of the reference. */
  readonly ratio?: number;
  /** Said beside the row: 'disk: memory, reads cost nothing'. */
  readonly notes: readonly string[];
  readonly runs: readonly string[];
}

export interface Comparison {
  readonly schema: 'initbench.comparison/1';
  readonly clock: 'icount' | 'wall';
  readonly unit: 'instructions' | 'milliseconds';
  readonly reference: string;
  readonly payload: { readonly name: string; readonly digest: string; readonly bytes: number };
  readonly usedPercent: number;
  readonly rows: readonly Row[];
  readonly warnings: readonly { readonly about: string; readonly remedy: string }[];
  readonly conditions: {
    readonly qemu: string;
    readonly accelerator: string;
    readonly memoryMiB: number;
    readonly cpus: number;
    readonly rounds: number;
    readonly tree: string;
    readonly host: string;
  };
}
