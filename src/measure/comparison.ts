// SPDX-License-Identifier: GPL-2.0-only
/** The comparison of several flows' boots: from finished runs to the record that tables, JSON and mails are made of. */
import { z } from 'zod';
import type { BootRun } from '../boot/boot.ts';
import { document, list, number, object, table, text, texts } from '../document.ts';
import { clockSchema, outcomeSchema } from '../events.ts';
import { costsSchema } from './costs.ts';
import { type RunFigures, runFigures } from './figures.ts';
import { floorOf, type Kin } from './floor.ts';
import {
  judgeLayouts,
  type Judgement,
  judgementSchema,
  judgeRounds,
  type Noise,
  noiseSchema,
} from './judgement.ts';
import { againstFloor, memoryOf, memoryUseSchema, totalAtInit } from './memory.ts';
import { type Spread, spreadOf, spreadSchema } from './spread.ts';
import { unitOf, unitNameSchema } from './unit.ts';
import { type Evidence, oversubscribed, type Warning, warningSchema, warningsOf } from './warnings.ts';

const rowSchema = object({
  /** FLOW[:FORMAT][@KERNEL] */
  id: text,
  flow: text,
  kernel: text,
  format: text,
  imageBytes: number,
  /** That of the first run that was not ready, else ready. */
  outcome: outcomeSchema,
  /** RunFigures.init of the boots that were ready. */
  init: spreadSchema.exactOptional(),
  /** RunFigures.total of those that read something. */
  used: spreadSchema.exactOptional(),
  /** RunFigures.steps; `used` is the last. */
  steps: list(object({ percent: number, total: spreadSchema })),
  /** The row that is its floor. Absent where there is none of its kernel, and in records of old. */
  floor: text.exactOptional(),
  /** init less that of the floor, medians. Absent where the floor failed. */
  overFloor: number.exactOptional(),
  /** icount only: virtual nanoseconds at the end that no instruction took, the clock skipped them. */
  idle: number.exactOptional(),
  /** At each moment the guest told of. */
  memory: list(memoryUseSchema),
  /** Most memory that QEMU had on the host. */
  hostPeakBytes: number.exactOptional(),
  /** Against the reference; absent for that itself, for floors, and with a single layout. */
  against: judgementSchema.exactOptional(),
  /** At /init: the floor's MemTotal less what is free here, per-CPU lists counted as free, carve-outs as absent. */
  memoryUsedBytes: number.exactOptional(),
  /** used (init when nothing was read) over that of the reference, medians. Absent where no order may follow. */
  ratio: number.exactOptional(),
  /** Said beside the row: 'disk: memory, reads cost nothing'. */
  notes: texts,
  runs: texts,
});
export type Row = z.infer<typeof rowSchema>;

export const comparisonDocument = document(
  'initbench.comparison/1',
  'compare, and comparisons/ID.json: rows, what each costs and whether they differ',
  object({
    clock: clockSchema,
    unit: unitNameSchema,
    reference: text,
    payload: object({ name: text, digest: text, bytes: number }),
    /** The most that was read. */
    usedPercent: number,
    /** All of them, ascending. */
    usedPercents: list(number),
    rows: list(rowSchema),
    warnings: list(warningSchema),
    /** wall: the reference with itself. */
    noise: noiseSchema.exactOptional(),
    sampling: object({
      /** Why there were no more boots: as many as asked for, precise enough, out of time. */
      stopped: z.enum(['count', 'precision', 'budget']),
      precisionPercent: number.exactOptional(),
      budgetMs: number.exactOptional(),
    }),
    conditions: object({
      /** Version of the source, and what has to be said of it. */
      tree: text,
      treeNote: text.exactOptional(),
      /** The guests', as kernels are called: 'x86_64', 'arm64'. */
      arch: text,
      /** Absent where something else ran the guests: `platform`. */
      qemu: text.exactOptional(),
      platform: text.exactOptional(),
      accelerator: text,
      memoryMiB: number,
      cpus: number,
      /** Boots of each row: rounds, or layouts. */
      rounds: number,
      host: text,
      hostCpus: number,
      /** Short digest of each kernel, by name. */
      kernels: table(text),
      /** What they were compiled with; figures of two compilers are not those of one kernel. Absent in older records. */
      compilers: texts.exactOptional(),
      /** By the wall clock alone. */
      costs: costsSchema.exactOptional(),
    }),
  }),
);
export type Comparison = z.infer<typeof comparisonDocument.schema>;

/** The runs of one row, in the order they were made. */
export interface Measured {
  readonly id: string;
  readonly flow: string;
  readonly kernel: string;
  readonly format: string;
  readonly family: string;
  readonly imageBytes: number;
  readonly notes: readonly string[];
  /** Of its own for the kernel command line. */
  readonly words: readonly string[];
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

/** A row with the figures of each of its runs. */
interface Folded extends Measured {
  readonly figures: readonly RunFigures[];
}

/** Folds the runs of each row. Rows stay in the order given; the reference must be one of them. */
export function compareRuns(input: ComparisonInput): Comparison {
  const { clock, conditions } = input;
  const folded = input.measured.map((one): Folded => ({ ...one, figures: one.runs.map(runFigures) }));
  const reference = folded.find(({ id }) => id === input.reference);
  const rows = folded.map(one => rowOf(one, floorOf(one, folded, kinOf), reference, input));
  const percents = input.usedPercents.filter(percent => percent > 0);
  const warnings = warningsOf(
    rows.map((row, i) => evidenceOf(row, folded[i]!)),
    {
      clock,
      accelerator: conditions.accelerator,
      hostCpus: conditions.hostCpus,
      cpus: conditions.cpus,
      samples: conditions.rounds,
    },
  );
  return {
    schema: comparisonDocument.name,
    clock,
    unit: unitOf(clock).name,
    reference: input.reference,
    payload: input.payload,
    usedPercent: percents.at(-1) ?? 0,
    usedPercents: percents,
    rows,
    warnings: [...warnings, ...oneLayout(rows, input)],
    ...(input.noise && { noise: input.noise }),
    sampling: input.sampling,
    conditions,
  };
}

/** The same kernel is the same binary, in a machine of the same size. */
const kinOf = ({ flow, words, kernel, runs: [run] }: Measured): Kin => ({
  flow,
  words,
  kernel: run ? JSON.stringify([run.kernel.digest, run.memoryMiB, run.cpus]) : kernel,
});

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
  row: Folded,
  reference: Folded | undefined,
  { clock, noise, conditions: { accelerator, cpus, hostCpus } }: ComparisonInput,
): Judgement | undefined {
  if (!reference || row === reference || row.flow === 'floor') return undefined;
  if (clock === 'icount') {
    // the same layout of both; one that did not get there in either has no partner
    const pairs = row.figures.flatMap(({ total }, variant) => {
      const base = reference.figures[variant]?.total;
      return base === undefined || total === undefined ? [] : [[base, total] as const];
    });
    return judgeLayouts(
      pairs.map(([base]) => base),
      pairs.map(([, total]) => total),
    );
  }
  const [total, base] = [totalsOf(row), totalsOf(reference)];
  if (!total || !base) return undefined;
  const unranked = oversubscribed(accelerator, cpus, hostCpus) ? 'oversubscribed' : undefined;
  return judgeRounds(base.samples, total.samples, noise, unranked);
}

function evidenceOf(row: Row, { family, runs, figures }: Folded): Evidence {
  return {
    id: row.id,
    flow: row.flow,
    family,
    boots: runs.map((run, i) => ({ sum: figures[i]!.sum, ...run.host })),
    ...(row.idle !== undefined && { idle: row.idle }),
    total: row.used ?? row.init,
  };
}

/** Of the boots that have it: those that were not ready have no cost. */
const spreadBy = ({ figures }: Folded, of: (one: RunFigures) => number | undefined): Spread | undefined =>
  spreadOf(figures.flatMap(one => of(one) ?? []));

const totalsOf = (row: Folded): Spread | undefined => spreadBy(row, ({ total }) => total);

function stepsOf(row: Folded, percents: readonly number[]): Row['steps'] {
  return percents.flatMap(percent => {
    const total = spreadBy(row, ({ steps }) => steps.find(step => step.percent === percent)?.total);
    return total ? [{ percent, total }] : [];
  });
}

function rowOf(
  row: Folded,
  floor: Folded | undefined,
  reference: Folded | undefined,
  input: ComparisonInput,
): Row {
  const init = spreadBy(row, figures => figures.init);
  const used = spreadBy(row, ({ steps }) => steps.at(-1)?.total);
  const floorInit = floor && spreadBy(floor, figures => figures.init);
  const [total, base] = [totalsOf(row), reference && totalsOf(reference)];
  const against = judge(row, reference, input);
  const unranked = against?.verdict === 'not ranked';
  const first = firstReady(row);
  const pivoted = row.pivot ? memoryOf(row.pivot).filter(({ at }) => at === 'rootfs') : [];
  const memory = againstFloor(
    [...(first?.memory ?? []), ...pivoted],
    totalAtInit((floor && firstReady(floor)?.memory) ?? []),
  );
  const atInit = memory.find(({ at }) => at === 'init')?.used;
  const peaks = row.runs.flatMap(run => run.host.peakBytes ?? []);
  return {
    id: row.id,
    flow: row.flow,
    kernel: row.kernel,
    format: row.format,
    imageBytes: row.imageBytes,
    outcome: row.runs.find(run => run.outcome.kind !== 'ready')?.outcome ?? { kind: 'ready' },
    ...(init && { init }),
    ...(used && { used }),
    steps: stepsOf(row, input.usedPercents),
    ...(floor && { floor: floor.id }),
    ...(init && floorInit && { overFloor: init.median - floorInit.median }),
    ...(first?.idle !== undefined && { idle: first.idle }),
    memory,
    ...(peaks.length > 0 && { hostPeakBytes: Math.max(...peaks) }),
    ...(atInit !== undefined && { memoryUsedBytes: atInit }),
    ...(against && { against }),
    ...(total && base && !unranked && { ratio: total.median / base.median }),
    notes: row.notes,
    runs: row.runs.map(run => run.id),
  };
}

const firstReady = ({ runs, figures }: Folded): RunFigures | undefined =>
  figures[runs.findIndex(({ outcome }) => outcome.kind === 'ready')];
