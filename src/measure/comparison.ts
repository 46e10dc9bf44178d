// SPDX-License-Identifier: GPL-2.0-only
/** The comparison of several flows' boots: from finished runs to the record that tables, JSON and mails are made of. */
import type { BootRun } from '../boot/boot.ts';
import type { Outcome } from '../events.ts';
import { idleOf, sinceKernel, sinceKernelAt, sumOf } from './figures.ts';
import { againstFloor, memoryOf, totalAt } from './memory.ts';
import { type Spread, spreadOf } from './spread.ts';
import { type Evidence, type Warning, warningsOf } from './warnings.ts';

export interface Row {
  /** FLOW[:FORMAT][@KERNEL] */
  readonly id: string;
  readonly flow: string;
  readonly kernel: string;
  readonly format: string;
  readonly imageBytes: number;
  /** That of the first run that was not ready, else ready. */
  readonly outcome: Outcome;
  /** From start_kernel to the first instruction of /init. */
  readonly init?: Spread;
  /** From start_kernel to the end of the reading. */
  readonly used?: Spread;
  /** From start_kernel to the end of each step of the reading, the steps before it included; `used` is the last. */
  readonly steps: readonly { readonly percent: number; readonly total: Spread }[];
  /** init less that of the same kernel's floor, medians. */
  readonly overFloor?: number;
  /** icount only: virtual nanoseconds at the end that no instruction took, the clock skipped them. */
  readonly idle?: number;
  /** At /init: the floor's MemTotal less what is free here, per-CPU lists counted as free, carve-outs as absent. */
  readonly memoryUsedBytes?: number;
  /** used (init when nothing was read) over that of the reference, medians. */
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
  /** The most that was read. */
  readonly usedPercent: number;
  /** All of them, ascending. */
  readonly usedPercents: readonly number[];
  readonly rows: readonly Row[];
  readonly warnings: readonly Warning[];
  readonly conditions: {
    /** Version of the source, and what has to be said of it. */
    readonly tree: string;
    readonly treeNote?: string;
    /** The guests', as kernels are called: 'x86_64', 'arm64'. */
    readonly arch: string;
    readonly qemu: string;
    readonly accelerator: string;
    readonly memoryMiB: number;
    readonly cpus: number;
    readonly rounds: number;
    readonly host: string;
    /** Short digest of each kernel, by name. */
    readonly kernels: Readonly<Record<string, string>>;
  };
}

/** The runs of one row, in the order they were made. */
export interface Measured {
  readonly id: string;
  readonly flow: string;
  readonly kernel: string;
  readonly format: string;
  readonly family: string;
  readonly imageBytes: number;
  readonly notes: readonly string[];
  readonly runs: readonly BootRun[];
}

export interface ComparisonInput {
  readonly clock: 'icount' | 'wall';
  readonly reference: string;
  readonly payload: Comparison['payload'];
  /** Ascending. */
  readonly usedPercents: readonly number[];
  readonly measured: readonly Measured[];
  readonly conditions: Comparison['conditions'];
}

/** Folds the runs of each row. Rows stay in the order given; the reference must be one of them. */
export function compareRuns(input: ComparisonInput): Comparison {
  const floors = new Map(input.measured.filter(m => m.flow === 'floor').map(m => [m.kernel, m] as const));
  const reference = input.measured.find(m => m.id === input.reference);
  const referenceTotal = reference && totalOf(reference, input.clock);
  const rows = input.measured.map(m => rowOf(m, floors.get(m.kernel), referenceTotal, input));
  return {
    schema: 'initbench.comparison/1',
    clock: input.clock,
    unit: input.clock === 'icount' ? 'instructions' : 'milliseconds',
    reference: input.reference,
    payload: input.payload,
    usedPercent: input.usedPercents.at(-1) ?? 0,
    usedPercents: input.usedPercents,
    rows,
    warnings: warningsOf(
      rows.map((row, i) => evidenceOf(row, input.measured[i]!)),
      {
        clock: input.clock,
        accelerator: input.conditions.accelerator,
        hostCpus: input.measured[0]?.runs[0]?.host.cpus ?? 1,
        cpus: input.conditions.cpus,
        samples: input.conditions.rounds,
      },
    ),
    conditions: input.conditions,
  };
}

function evidenceOf(row: Row, { family, runs }: Measured): Evidence {
  return {
    ...{ id: row.id, flow: row.flow, family, boots: runs.map(run => ({ sum: sumOf(run), ...run.host })) },
    ...(row.idle !== undefined && { idle: row.idle }),
    total: row.used ?? row.init,
  };
}

function spreadBy(measured: Measured, of: (run: BootRun) => number | undefined): Spread | undefined {
  return spreadOf(
    measured.runs
      .filter(run => run.outcome.kind === 'ready')
      .map(of)
      .filter(value => value !== undefined),
  );
}

const samplesOf = (measured: Measured, mark: 'init' | 'used', clock: 'icount' | 'wall') =>
  spreadBy(measured, run => sinceKernel(run, mark, clock));

function stepsOf(measured: Measured, percents: readonly number[], clock: 'icount' | 'wall'): Row['steps'] {
  return percents.flatMap(percent => {
    const total = spreadBy(measured, run => sinceKernelAt(run, percent, clock));
    return total ? [{ percent, total }] : [];
  });
}

function totalOf(measured: Measured, clock: 'icount' | 'wall'): number | undefined {
  return (samplesOf(measured, 'used', clock) ?? samplesOf(measured, 'init', clock))?.median;
}

function rowOf(
  measured: Measured,
  floor: Measured | undefined,
  referenceTotal: number | undefined,
  { clock, usedPercents }: Pick<ComparisonInput, 'clock' | 'usedPercents'>,
): Row {
  const init = samplesOf(measured, 'init', clock);
  // The floor has no payload: its mark only says that there was nothing to read.
  const used = measured.flow === 'floor' ? undefined : samplesOf(measured, 'used', clock);
  const floorInit = floor && samplesOf(floor, 'init', clock);
  const total = used?.median ?? init?.median;
  const first = measured.runs.find(run => run.outcome.kind === 'ready');
  const idle = first && idleOf(first);
  const memory = first && againstFloor(memoryOf(first), totalAt(floor?.runs[0]))[0]?.used;
  return {
    id: measured.id,
    flow: measured.flow,
    kernel: measured.kernel,
    format: measured.format,
    imageBytes: measured.imageBytes,
    outcome: measured.runs.find(run => run.outcome.kind !== 'ready')?.outcome ?? { kind: 'ready' },
    ...(init && { init }),
    ...(used && { used }),
    steps: measured.flow === 'floor' ? [] : stepsOf(measured, usedPercents, clock),
    ...(init && floorInit && { overFloor: init.median - floorInit.median }),
    ...(idle !== undefined && { idle }),
    ...(memory !== undefined && { memoryUsedBytes: memory }),
    ...(total !== undefined && referenceTotal && { ratio: total / referenceTotal }),
    notes: measured.notes,
    runs: measured.runs.map(run => run.id),
  };
}
