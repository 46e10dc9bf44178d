// SPDX-License-Identifier: GPL-2.0-only
/** `initbench runs`: the boots on record, newest first, the comparisons and sweeps made of them, and which are stale. */
import { z } from 'zod';
import { type BootRun, bootRunSchema } from '../boot/boot.ts';
import { document, list, number, object, text, texts } from '../document.ts';
import { unitNameSchema } from '../measure/unit.ts';
import { listRuns, type RunEntry, runIds } from '../boot/store.ts';
import { type KeptEntry, keptStale, listKept } from '../campaign/records.ts';
import { type Stale, staleness, staleSchema } from '../campaign/stale.ts';
import type { Work } from '../events.ts';
import { shortDigest } from '../host/files.ts';
import { type RunFigures, runFigures } from '../measure/figures.ts';
import { figureWithUnit } from '../measure/unit.ts';
import type { Workspace } from '../workspace.ts';
import { command } from './command.ts';
import { option } from './options.ts';

interface RunsInput {
  readonly count: number;
  readonly flow: string | undefined;
}

export interface Listed {
  readonly entry: RunEntry;
  /** Absent where nothing of the record can be read. */
  readonly figures?: RunFigures;
  readonly stale: readonly Stale[];
}

export interface RunsProduct {
  readonly runs: readonly Listed[];
  /** How many there are on disk. */
  readonly total: number;
  readonly kept: readonly { readonly entry: KeptEntry; readonly stale: readonly string[] }[];
  readonly now: Date;
}

const { id, folder, started, flow, row, clock, kernel, outcome } = bootRunSchema.unwrap().shape;
const judged = { remark: text.exactOptional(), stale: list(staleSchema) } as const;
const runsDocument = document(
  'initbench.runs/1',
  'runs: the boots on record, the comparisons and sweeps made of them, and which are stale',
  object({
    /** How many there are on disk. */
    total: number,
    runs: list(
      z.union([
        object({
          ...{ id, folder, started, flow, row, format: text, clock, kernel, outcome },
          figure: number.nullable(),
          unit: unitNameSchema.optional(),
          ...judged,
        }),
        /** Nothing of its record can be read. */
        object({ id, folder, ...judged }),
      ]),
    ),
    kept: list(
      object({
        kind: z.enum(['comparison', 'sweep']),
        ...{ id: text, file: text, when: text, stale: texts, remark: text.exactOptional() },
      }),
    ),
  }),
);

export const runs = command({
  id: 'runs',
  summary: 'the boots on record, newest first, and which of them are stale',
  examples: ['runs', 'runs --flow kernelspace --count 5', 'runs --count 10000 --json'],
  options: [option.count, { ...option.flow, summary: 'only those of this flow' }],
  parse: ({ options }): RunsInput => options,
  run: readHistory,
  text: formatHistory,
  json: ({ runs: listed, total, kept }) =>
    runsDocument.of({
      total,
      runs: listed.map(runJson),
      kept: kept.map(({ entry: { kind, id, file, when, remark }, stale }) => ({
        ...{ kind, id, file, when: when.toISOString(), stale },
        ...(remark !== undefined && { remark }),
      })),
    }),
});

async function* readHistory(
  workspace: Workspace,
  { count, flow }: RunsInput,
  signal: AbortSignal,
): Work<RunsProduct> {
  const wanted = (entry: RunEntry) => flow === undefined || entry.run?.flow === flow;
  const entries = await listRuns(workspace, { count, wanted });
  const judge = staleness(workspace, signal);
  const listed: Listed[] = [];
  for (const entry of entries) {
    const { run } = entry;
    listed.push(run ? { entry, figures: runFigures(run), stale: await judge(run) } : { entry, stale: [] });
  }
  const kept: RunsProduct['kept'][number][] = [];
  for (const entry of flow === undefined ? await listKept(workspace, Math.ceil(count / 4)) : []) {
    kept.push({ entry, stale: entry.kept ? await keptStale(workspace, entry.kept, judge) : [] });
  }
  return { runs: listed, total: (await runIds(workspace)).length, kept, now: new Date() };
}

function runJson({ entry, figures, stale }: Listed) {
  const { id, folder, run, remark } = entry;
  const judged = { ...(remark !== undefined && { remark }), stale };
  if (!run) return { id, folder, ...judged };
  return {
    ...{ id, folder },
    started: run.started,
    flow: run.flow,
    row: run.row,
    format: formatOf(run),
    clock: run.clock,
    kernel: run.kernel,
    outcome: run.outcome,
    figure: figures?.total ?? null,
    unit: figures?.unit,
    ...judged,
  };
}

const formatOf = (run: BootRun): string =>
  (run.images.find(({ role }) => role === 'payload') ?? run.images[0])?.format ?? '-';

/** How long ago, as people say it. */
export function ago(then: Date, now: Date): string {
  const minutes = Math.max(0, now.getTime() - then.getTime()) / 60_000;
  if (!Number.isFinite(minutes)) return '?';
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${Math.floor(minutes)} min ago`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ago`;
  return `${Math.floor(minutes / 60 / 24)} days ago`;
}

/** The table; reasons why something is stale stand below it, each once, by its number. */
function formatHistory({ runs: listed, total, kept, now }: RunsProduct, width: number): string[] {
  if (total === 0 && kept.length === 0) return ['no run yet; make one: initbench boot floor'];
  const reasons: string[] = [];
  const refer = (texts: readonly string[]) => {
    const numbers = texts.map(text => {
      if (!reasons.includes(text)) reasons.push(text);
      return reasons.indexOf(text) + 1;
    });
    return numbers.length > 0 ? `stale ${numbers.join(',')}` : '';
  };
  const rows = listed.map(({ entry: { id, run, remark }, figures, stale }) => ({
    id,
    when: run ? ago(new Date(run.started), now) : '-',
    row: run?.row ?? '-',
    format: run ? formatOf(run) : '-',
    name: run?.kernel.name ?? '-',
    kernel: run ? shortDigest(run.kernel.digest).slice(0, 7) : '-',
    total: figures ? figureWithUnit(figures.total, figures.clock) : '-',
    end: remark ?? [run!.outcome.kind, refer(stale.map(({ reason }) => reason))].filter(Boolean).join(', '),
  }));
  const full = [
    ['run', 'when', 'row', 'format', 'kernel', '', 'total', 'outcome'],
    ...rows.map(row => [row.id, row.when, row.row, row.format, row.name, row.kernel, row.total, row.end]),
  ];
  const narrow = [
    ['run', 'when', 'row', 'kernel', 'total', 'outcome'],
    ...rows.map(row => [row.id, row.when, row.row, row.kernel, row.total, row.end]),
  ];
  const whole = grid(full, Infinity, [6]);
  return [
    ...(whole.every(line => line.length <= width) ? whole : grid(narrow, width, [4])),
    ...(listed.length < total ? [`${listed.length} of ${total} runs; --count shows more`] : []),
    ...(kept.length > 0 ? [''] : []),
    ...grid(
      kept.map(({ entry: { kind, id, when, kept: record, remark }, stale }) => [
        kind,
        id.length > 24 ? id.slice(0, 12) : id,
        ago(when, now),
        [remark ?? wordsOf(record!), refer(stale)].filter(Boolean).join('; '),
      ]),
      width,
    ),
    ...(reasons.length > 0 ? [''] : []),
    ...reasons.map((text, i) => `stale ${i + 1}: ${text}`),
  ];
}

function wordsOf(kept: NonNullable<KeptEntry['kept']>): string {
  if (kept.kind === 'comparison') {
    const { rows, payload } = kept.record;
    return `${rows.map(({ id }) => id).join(' ')} on ${payload.name}`;
  }
  const { points, rows, complete } = kept.record;
  return `${points.length} points, ${rows.length} rows${complete ? '' : ', not complete'}`;
}

/** Columns two blanks apart; the last is cut at the width. */
function grid(rows: readonly (readonly string[])[], width: number, right: readonly number[] = []): string[] {
  const columns = rows[0]?.length ?? 0;
  const widths = Array.from({ length: columns }, (_, i) => Math.max(...rows.map(row => row[i]!.length)));
  return rows.map(row => {
    const cells = row.map((cell, i) => {
      if (right.includes(i)) return cell.padStart(widths[i]!);
      return i === columns - 1 ? cell : cell.padEnd(widths[i]!);
    });
    const line = cells.join('  ');
    return line.length > width ? `${line.slice(0, Math.max(1, width - 1))}~` : line;
  });
}
