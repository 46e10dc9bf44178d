// SPDX-License-Identifier: GPL-2.0-only
/** The comparison of several flows' boots: from finished runs to the record that tables, JSON and mails are made of. */
import type { BootRun } from '../boot/boot.ts';
import type { Outcome } from '../events.ts';
import { costOfRun, idleOf, sinceKernel, sinceKernelAt, sumOf } from './figures.ts';
import { type Judgement, judgeLayouts, judgeRounds, type Noise } from './judgement.ts';
import { againstFloor, memoryOf, type MemoryUse, totalAt } from './memory.ts';
import { type Spread, spreadOf } from './spread.ts';
import { type Evidence, oversubscribed, type Warning, warningsOf } from './warnings.ts';

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
  /** At each moment the guest told of. */
  readonly memory: readonly MemoryUse[];
  /** Most memory that QEMU had on the host. */
  readonly hostPeakBytes?: number;
  /** Against the reference; absent for that itself, for floors, and with a single layout. */
  readonly against?: Judgement;
  /** At /init: the floor's MemTotal less what is free here, per-CPU lists counted as free, carve-outs as absent. */
  readonly memoryUsedBytes?: number;
  /** used (init when nothing was read) over that of the reference, medians. Absent where no order may follow. */
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
  /** wall: the reference with itself. */
  readonly noise?: Noise;
  readonly sampling: {
    /** Why there were no more boots: as many as asked for, precise enough, out of time. */
    readonly stopped: 'count' | 'precision' | 'budget';
    readonly precisionPercent?: number;
    readonly budgetMs?: number;
  };
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
    /** Boots of each row: rounds, or layouts. */
    readonly rounds: number;
    readonly host: string;
    readonly hostCpus: number;
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
  /** One that went on to a root file system, for its memory alone. */
  readonly pivot?: BootRun;
}

export interface ComparisonInput {
  readonly clock: 'icount' | 'wall';
  readonly reference: string;
  readonly payload: Comparison['payload'];
  /** Ascending. */
  readonly usedPercents: readonly number[];
  readonly measured: readonly Measured[];
  readonly noise?: Noise;
  readonly sampling: Comparison['sampling'];
  readonly conditions: Comparison['conditions'];
}

/** Folds the runs of each row. Rows stay in the order given; the reference must be one of them. */
export function compareRuns(input: ComparisonInput): Comparison {
  const { clock, conditions } = input;
  const floors = new Map(input.measured.filter(m => m.flow === 'floor').map(m => [m.kernel, m] as const));
  const reference = input.measured.find(m => m.id === input.reference);
  const rows = input.measured.map(m => rowOf(m, floors.get(m.kernel), reference, input));
  const warnings = warningsOf(
    rows.map((row, i) => evidenceOf(row, input.measured[i]!)),
    {
      ...{ clock, accelerator: conditions.accelerator, hostCpus: conditions.hostCpus },
      ...{ cpus: conditions.cpus, samples: conditions.rounds },
    },
  );
  return {
    schema: 'initbench.comparison/1',
    clock,
    unit: clock === 'icount' ? 'instructions' : 'milliseconds',
    reference: input.reference,
    payload: input.payload,
    usedPercent: input.usedPercents.at(-1) ?? 0,
    usedPercents: input.usedPercents,
    rows,
    warnings: [...warnings, ...oneLayout(rows, input)],
    ...(input.noise && { noise: input.noise }),
    ...{ sampling: input.sampling, conditions },
  };
}

/** An unrelated change of layout moves a boot by that much. */
const layoutTolerance = 0.005;

/** A single layout cannot tell rows apart that are that close. */
function oneLayout(rows: readonly Row[], { clock, conditions, reference }: ComparisonInput): Warning[] {
  if (clock !== 'icount' || conditions.rounds > 1) return [];
  const close = rows.filter(
    row =>
      row.flow !== 'floor' &&
      row.id !== reference &&
      row.ratio !== undefined &&
      Math.abs(row.ratio - 1) < layoutTolerance,
  );
  if (close.length === 0) return [];
  return [
    {
      about: `${close.map(row => row.id).join(', ')}: within ${100 * layoutTolerance}% of ${reference}, which layout alone can move a boot by`,
      remedy: 'use --variants 8',
    },
  ];
}

function judge(
  measured: Measured,
  reference: Measured | undefined,
  { clock, noise, conditions: { accelerator, cpus, hostCpus } }: ComparisonInput,
): Judgement | undefined {
  if (!reference || measured === reference || measured.flow === 'floor') return undefined;
  if (clock === 'icount') {
    // the same layout of both; one that did not get there in either has no partner
    const pairs = measured.runs.flatMap((run, variant) => {
      const [a, b] = [readyCost(reference.runs[variant]), readyCost(run)];
      return a === undefined || b === undefined ? [] : [[a, b] as const];
    });
    return judgeLayouts(
      pairs.map(([a]) => a),
      pairs.map(([, b]) => b),
    );
  }
  const [total, base] = [totalsOf(measured), totalsOf(reference)];
  if (!total || !base) return undefined;
  const unranked = oversubscribed(accelerator, cpus, hostCpus) ? 'oversubscribed' : undefined;
  return judgeRounds(base.samples, total.samples, noise, unranked);
}

const readyCost = (run: BootRun | undefined): number | undefined =>
  run?.outcome.kind === 'ready' ? costOfRun(run) : undefined;

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

const totalsOf = (measured: Measured): Spread | undefined => spreadBy(measured, costOfRun);

function rowOf(
  measured: Measured,
  floor: Measured | undefined,
  reference: Measured | undefined,
  input: ComparisonInput,
): Row {
  const { clock, usedPercents } = input;
  const init = samplesOf(measured, 'init', clock);
  // The floor has no payload: its mark only says that there was nothing to read.
  const used = measured.flow === 'floor' ? undefined : samplesOf(measured, 'used', clock);
  const floorInit = floor && samplesOf(floor, 'init', clock);
  const [total, base] = [totalsOf(measured), reference && totalsOf(reference)];
  const against = judge(measured, reference, input);
  const unranked = against?.verdict === 'not ranked';
  const first = measured.runs.find(run => run.outcome.kind === 'ready');
  const idle = first && idleOf(first);
  const pivoted = measured.pivot ? memoryOf(measured.pivot).filter(({ at }) => at === 'rootfs') : [];
  const memory = againstFloor([...(first ? memoryOf(first) : []), ...pivoted], totalAt(floor?.runs[0]));
  const peaks = measured.runs.flatMap(run => run.host.peakBytes ?? []);
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
    memory,
    ...(peaks.length > 0 && { hostPeakBytes: Math.max(...peaks) }),
    ...(memory[0]?.used !== undefined && { memoryUsedBytes: memory[0].used }),
    ...(against && { against }),
    ...(total && base && !unranked && { ratio: total.median / base.median }),
    notes: measured.notes,
    runs: measured.runs.map(run => run.id),
  };
}
