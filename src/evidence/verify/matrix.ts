// SPDX-License-Identifier: GPL-2.0-only
/** From what the boots showed to the matrix: a verdict per requirement, as a record and as text; pure. */
import { z } from 'zod';
import { document, list, object, table, text } from '../../document.ts';
import { digestSchema } from '../../events.ts';
import type { Argued } from './registry.ts';
import {
  type Claim,
  claimSchema,
  type Judgement,
  type Requirement,
  type SeriesText,
  type Settled,
  type Shown,
  spokenId,
  weightSchema,
} from './requirement.ts';
import type { PlannedTrial } from './trial.ts';

/** A requirement with its boots, or with the reason why they cannot be had here. */
export interface Situation {
  readonly requirement: Requirement;
  readonly trials?: Readonly<Record<string, PlannedTrial>>;
  readonly configs?: Readonly<Record<string, Settled>>;
  readonly lacking?: string;
}

/** 'not met' before 'met', which it ends in. */
const verdicts = ['not met', 'met', 'n/a', 'argued'] as const;
export type Verdict = (typeof verdicts)[number];

export const rowSchema = object({
  id: text,
  title: text,
  askedBy: text,
  weight: weightSchema,
  verdict: z.enum(verdicts),
  /** Why not met or not applicable; for 'argued' the place. */
  reason: text.exactOptional(),
  claims: list(claimSchema),
  /** By the name of the boot. */
  runs: table(text),
});
export type Row = z.infer<typeof rowSchema>;

export const matrixDocument = document(
  'initbench.verify/1',
  'series verify, and its record: a verdict for each requirement, and what it rests on',
  object({
    series: object({ name: text, digest: digestSchema }),
    tree: text,
    version: text,
    /** What was booted, by what it is made of. */
    kernels: table(digestSchema),
    rows: list(rowSchema),
  }),
);
export type Matrix = z.infer<typeof matrixDocument.schema>;

export function matrixOf(made: {
  readonly series: Matrix['series'];
  readonly tree: string;
  readonly version: string;
  readonly kernels: Matrix['kernels'];
  readonly situations: readonly Situation[];
  readonly argued: readonly Argued[];
  readonly results: ReadonlyMap<string, Shown>;
  readonly text: SeriesText;
}): Matrix {
  const { series, tree, version, kernels, situations, argued, results, text } = made;
  const judged = situations.map(situation => rowOf(situation, results, text));
  const said = argued.map(({ id, title, askedBy, weight, where }): Row => {
    return { id, title, askedBy, weight, verdict: 'argued', reason: where, claims: [], runs: {} };
  });
  const rows = [...said, ...judged].sort((a, b) => (a.id < b.id ? -1 : 1));
  return { schema: matrixDocument.name, series, tree, version, kernels, rows };
}

function rowOf(situation: Situation, results: ReadonlyMap<string, Shown>, text: SeriesText): Row {
  const { requirement, trials, configs = {}, lacking } = situation;
  const { id, title, askedBy, weight } = requirement;
  const about = { id, title, askedBy, weight };
  const missing = lacking ?? missingBoot(trials, results);
  if (missing) return { ...about, verdict: 'n/a', reason: missing, claims: [], runs: {} };
  const shown = Object.fromEntries(
    Object.entries(trials!).map(([name, trial]) => [name, results.get(trial.key)!]),
  );
  const runs = Object.fromEntries(Object.entries(shown).map(([name, { run }]) => [name, run]));
  return { ...about, ...verdictOf(requirement.judge(shown, text, configs)), runs };
}

function missingBoot(trials: Situation['trials'], results: ReadonlyMap<string, Shown>): string | undefined {
  const missing = Object.values(trials ?? {}).find(({ key }) => !results.has(key));
  return missing && `${missing.name} was not booted`;
}

/** Met when every claim holds; a judgement without a claim says nothing, and so is not met. */
export function verdictOf(judgement: Judgement): Pick<Row, 'verdict' | 'reason' | 'claims'> {
  if ('notApplicable' in judgement) return { verdict: 'n/a', reason: judgement.notApplicable, claims: [] };
  const broken = judgement.filter(({ holds }) => !holds);
  if (judgement.length > 0 && broken.length === 0) return { verdict: 'met', claims: judgement };
  const reason =
    broken.map(({ says, seen }) => `not so: ${says} (${seen})`).join('; ') || 'nothing was claimed';
  return { verdict: 'not met', reason, claims: judgement };
}

/** How many of each verdict. */
export function countsOf(rows: readonly Row[]): Readonly<Record<Verdict, number>> {
  const count = (verdict: Verdict) => rows.filter(row => row.verdict === verdict).length;
  return { met: count('met'), 'not met': count('not met'), 'n/a': count('n/a'), argued: count('argued') };
}

const total = (rows: readonly Row[]): string =>
  Object.entries(countsOf(rows))
    .filter(([, count]) => count > 0)
    .map(([verdict, count]) => `${count} ${verdict}`)
    .join(', ');

/** For a terminal: a line each, under it what is behind the verdict. */
export function formatMatrix(matrix: Matrix, { claims }: { claims: boolean }): string[] {
  const { series, tree, version, rows } = matrix;
  const width = Math.max(...rows.map(row => row.title.length), 11);
  const asked = Math.max(...rows.map(row => row.askedBy.length + row.weight.length + 3), 8);
  const line = (id: string, title: string, who: string, verdict: string, evidence: string) =>
    `${id.padEnd(4)} ${title.padEnd(width)}  ${who.padEnd(asked)}  ${verdict.padEnd(7)}  ${evidence}`.trimEnd();
  return [
    `${series.name} on ${tree}${version ? ` (Linux ${version})` : ''}: ${total(rows)}`,
    '',
    line('', 'requirement', 'asked by', 'verdict', 'evidence'),
    ...rows.flatMap(row => [
      line(spokenId(row.id), row.title, `${row.askedBy} (${row.weight})`, row.verdict, evidenceOf(row)),
      ...(claims ? row.claims.map(claimLine) : []),
      ...(row.reason && (!claims || row.claims.length === 0) ? [`       ${row.reason}`] : []),
    ]),
  ];
}

const claimLine = ({ says, holds, seen }: Claim) => `     ${holds ? '+' : '-'} ${says}: ${seen}`;

/** The first run, and how many more: --json has all of them by name. */
function evidenceOf({ runs }: Row): string {
  const [first, ...more] = Object.values(runs);
  if (!first) return '';
  return more.length > 0 ? `${first} and ${more.length} more` : first;
}

/** For the cover letter: at most 72 columns, ASCII. */
export function formatShort({ rows }: Pick<Matrix, 'rows'>): string[] {
  const line = (id: string, title: string, who: string, verdict: string) =>
    `${id.padStart(3)}  ${title.padEnd(44)} ${who.slice(0, 14).padEnd(14)} ${verdict}`.trimEnd();
  return [
    line('', 'requirement', 'asked by', 'shown'),
    ...rows.map(row => line(spokenId(row.id), row.title, firstOf(row.askedBy), row.verdict)),
    `     ${total(rows)}`,
  ];
}

const firstOf = (names: string) => names.split(', ')[0]!;

/** The verdicts of a text that has such a table in it, by id; empty without one. */
export function verdictsIn(text: string): Map<string, Verdict> {
  const rows = text.matchAll(/^ *R(\d+)  .* (met|not met|n\/a|argued)$/gm);
  return new Map(
    [...rows].map(([line, number]) => [
      `r${number!.padStart(2, '0')}`,
      verdicts.find(verdict => line.endsWith(` ${verdict}`))!,
    ]),
  );
}
