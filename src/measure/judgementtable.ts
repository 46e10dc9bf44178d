// SPDX-License-Identifier: GPL-2.0-only
/** What may be said of each row against the reference, as a table, and how noisy the reference is itself. ASCII only. */
import type { Comparison, Row } from './comparison.ts';
import { namedGrid } from './grid.ts';
import type { Judgement } from './judgement.ts';
import { differenceText, figureWithUnit, unitOf } from './unit.ts';

/** No lines where nothing can be judged: a single layout of each row. */
export function formatJudgements(comparison: Comparison): string[] {
  const { clock, noise, reference } = comparison;
  const judged = comparison.rows.filter(row => row.against !== undefined);
  if (judged.length === 0) return [];
  const signed = (value: number) => differenceText(value, clock);
  const line = (name: string, figures: Omit<Judgement, 'verdict'>, words: string) =>
    [
      name,
      signed(figures.difference),
      `${signed(figures.interval.low)} .. ${signed(figures.interval.high)}`,
      figures.ratio ? figures.ratio.value.toFixed(3) : '-',
      ...(clock === 'wall' ? [(figures.mannWhitney ?? 1).toFixed(4)] : []),
      words,
    ] as const;
  const unit = unitOf(clock).short;
  return [
    ...namedGrid([
      [
        `against ${reference}`,
        unit,
        clock === 'icount' ? 'least .. most' : '95% interval',
        'ratio',
        ...(clock === 'wall' ? ['p'] : []),
        'verdict',
      ],
      ...(noise ? [line(`${reference} (A/A)`, noise.difference, 'noise')] : []),
      ...judged.map(row => line(row.id, row.against!, verdictOf(row))),
    ]),
    ...(noise
      ? [
          `A/A: ${noise.first.samples.length} and ${noise.second.samples.length} boots of ${reference}: below ${figureWithUnit(noise.boundary, clock)} is no difference; p: Mann-Whitney, as support`,
        ]
      : []),
    ...(clock === 'icount'
      ? [`${comparison.conditions.rounds} layouts of each row, the same ones compared with each other`]
      : [stoppedOf(comparison)]),
  ];
}

/** 'lower', 'no difference (inside the A/A spread)'. */
function verdictOf({ against }: Row): string {
  const { verdict, why } = against!;
  const words = verdict === 'none' ? 'no difference' : verdict;
  return why === undefined ? words : `${words} (${why})`;
}

function stoppedOf({ sampling, conditions: { rounds } }: Comparison): string {
  const { stopped, precisionPercent, budgetMs } = sampling;
  const asked = `intervals of ${precisionPercent}% of the reference`;
  if (stopped === 'precision') return `${rounds} rounds: ${asked} were reached`;
  if (stopped === 'budget')
    return `${rounds} rounds: the ${(budgetMs ?? 0) / 1000} s were spent before ${asked} were reached`;
  return `${rounds} rounds, as many as asked for`;
}
