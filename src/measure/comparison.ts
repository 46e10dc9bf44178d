// SPDX-License-Identifier: GPL-2.0-only
/** The comparison of several flows' boots: from finished runs to the record that tables, JSON and mails are made of. */
import type { BootRun, UsedStep } from '../boot/boot.ts';
import type { Outcome } from '../events.ts';
import { type Spread, spreadOf } from './spread.ts';

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

/** Doubt is data: what is doubtful and what to do about it. */
export interface Warning {
  readonly about: string;
  readonly remedy: string;
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
    warnings: warningsOf(input, rows),
    conditions: input.conditions,
  };
}

/** Since start_kernel, in the clock's unit. Undefined when the run did not pass the mark. */
export function sinceKernel(
  run: BootRun,
  mark: 'init' | 'used',
  clock: 'icount' | 'wall',
): number | undefined {
  const reached = run.marks[mark];
  return reached && timeOf(run, reached, clock);
}

/** Since start_kernel, at the end of that step of the reading. Undefined when the run did not get there. */
export function sinceKernelAt(run: BootRun, percent: number, clock: 'icount' | 'wall'): number | undefined {
  const step = run.used.find(candidate => candidate.percent === percent);
  return step && timeOf(run, step, clock);
}

function timeOf(
  run: BootRun,
  reached: Pick<UsedStep, 'tsc' | 'boottime'>,
  clock: 'icount' | 'wall',
): number | undefined {
  if (clock === 'wall') return reached.boottime === undefined ? undefined : reached.boottime / 1e6;
  const entry = run.marks.kernel?.tsc;
  return entry === undefined || reached.tsc === undefined ? undefined : reached.tsc - entry;
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
  const last = measured.runs.findLast(run => run.outcome.kind === 'ready');
  const idle = last && idleOf(last);
  const memory = last && floor && memoryUsed(last, floor.runs.at(-1));
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

/** Virtual nanoseconds at the end less instructions executed. The guest reads its counter some ten thousand
 *  instructions before it stops, so that no idle at all would come out below zero. Undefined without both figures. */
export function idleOf(run: BootRun): number | undefined {
  const end = run.marks.end?.tsc;
  return end === undefined || run.icount === undefined ? undefined : Math.max(0, end - run.icount);
}

const memoryAt = (run: BootRun | undefined, point: string) =>
  run?.facts.find(fact => fact.name === 'memory' && fact.values.at === point)?.values;

/** Freed initrd pages sit on the per-CPU lists, which MemFree leaves out: `pcp` adds them. */
function memoryUsed(run: BootRun, floor: BootRun | undefined): number | undefined {
  const here = memoryAt(run, 'init');
  const total = memoryAt(floor, 'init')?.MemTotal;
  if (!here || total === undefined) return undefined;
  const freeKiB = Number(here.MemFree) + Number(here.pcp ?? 0);
  const bytes = (Number(total) - freeKiB) * 1024 - run.carvedOutBytes;
  return Number.isFinite(bytes) ? bytes : undefined;
}

/** One boot's checksum of what it read; the same on every row or the rows did not read the same. */
const sumOf = (run: BootRun) => run.facts.findLast(fact => fact.name === 'used')?.values.sum;

const idleTolerance = 0.001;

function warningsOf(input: ComparisonInput, rows: readonly Row[]): Warning[] {
  const warnings: Warning[] = [];
  const loaded = input.measured.filter(m => m.flow !== 'floor');
  const sums = new Set(loaded.flatMap(m => m.runs.map(sumOf)).filter(sum => sum !== undefined));
  if (sums.size > 1) {
    warnings.push({
      about: 'the flows did not read the same bytes',
      remedy: 'distrust this table; report it',
    });
  }
  const families = new Set(loaded.map(m => m.family));
  if (families.size > 1) {
    warnings.push({
      about: `compressors of different families are compared: ${[...families].sort().join(', ')}`,
      remedy: 'compare cpio-lz4 with erofs-lz4hc, cpio with erofs',
    });
  }
  const withIdle = rows.filter(row => row.idle !== undefined && row.used !== undefined);
  const first = withIdle[0];
  for (const row of withIdle.slice(1)) {
    const apart = Math.abs(row.idle! - first!.idle!);
    if (apart > idleTolerance * row.used!.median) {
      warnings.push({
        about: `${row.id} idles ${(apart / 1e6).toFixed(2)} M ${row.idle! > first!.idle! ? 'more' : 'less'} than ${first!.id}`,
        remedy: 'the difference is waiting that the clock skipped, not work: see idle in --json',
      });
    }
  }
  if (input.clock === 'wall') {
    if (input.conditions.rounds < 10) {
      warnings.push({
        about: `${input.conditions.rounds} rounds are few`,
        remedy: 'use --rounds 10 or more',
      });
    }
    const loads = loaded.flatMap(m => m.runs.map(run => run.host.loadBefore));
    const cpus = loaded[0]?.runs[0]?.host.cpus ?? 1;
    if (Math.max(0, ...loads) > cpus) {
      warnings.push({ about: 'the host was busy with other work', remedy: 'repeat on an idle machine' });
    }
    if (input.conditions.accelerator === 'tcg') {
      warnings.push({
        about: 'no KVM: the guest ran under TCG, whose wall clock favours no real machine',
        remedy: 'repeat where a KVM guest starts, or use --clock icount',
      });
    }
  }
  return warnings;
}
