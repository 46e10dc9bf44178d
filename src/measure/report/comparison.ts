// SPDX-License-Identifier: GPL-2.0-only
/** The report of a comparison, or of runs that were put side by side. */
import { barChartSvg } from '../chart/bars.ts';
import { comparisonChart } from '../chart/comparison.ts';
import { barChartText } from '../chart/plain.ts';
import { endOf, mebibytes } from '../chart/sweep.ts';
import type { Comparison, Row } from '../comparison.ts';
import { formatCosts } from '../costs.ts';
import { failedFloors } from '../floor.ts';
import type { Judgement } from '../judgement.ts';
import { platformCondition, platformText } from '../platform.ts';
import { rangeOf } from '../spread.ts';
import { describeOutcome } from '../outcome.ts';
import { differenceText, figureText, unitOf } from '../unit.ts';
import { type Found, methodOf, type Report, type Table } from './report.ts';

export function comparisonReport(
  comparison: Comparison,
  { kind, id }: Pick<Report, 'kind' | 'id'>,
  found: Found,
): Report {
  const { conditions: c, payload, rows, clock } = comparison;
  const samples = Math.max(1, ...rows.map(row => row.init?.samples.length ?? 0));
  const chart = comparisonChart(comparison);
  return {
    kind,
    id,
    title: `${kind === 'runs' ? 'Runs side by side' : `Comparison ${id}`}: payload ${payload.name}`,
    about: [
      clock === 'icount'
        ? 'Millions of guest instructions since start_kernel (QEMU icount); not time.'
        : 'Milliseconds of guest CLOCK_BOOTTIME.',
      `Payload ${payload.name}${payload.bytes > 0 ? `, ${mebibytes(payload.bytes)} MiB of files` : ''}.`,
      `Linux ${c.tree}${c.treeNote ? `, which ${c.treeNote}` : ''}; ${c.arch}, ${c.memoryMiB} MiB and ${c.cpus} CPU, ${platformText(c)}.`,
    ],
    stale: found.stale,
    tables: [tableOf(comparison, samples), ...verdictsOf(comparison)],
    charts: [{ name: 'phases', svg: barChartSvg(chart), text: width => barChartText(chart, width) }],
    losses: [],
    crossovers: [],
    warnings: comparison.warnings,
    notes: [
      ...failedFloors(rows),
      ...rows.flatMap(row => [
        ...(describeOutcome(row.outcome) === endOf(row.outcome)
          ? []
          : [`${row.id}: ${describeOutcome(row.outcome)}`]),
        ...row.notes.map(note => `${row.id}: ${note}`),
        ...(row.against?.why === undefined
          ? []
          : [`${row.id}: ${row.against.verdict}, since ${row.against.why}`]),
      ]),
    ],
    method: methodOf(clock, samples),
    conditions: [
      ['host', c.host],
      platformCondition(c),
      ...(c.costs ? [['costs', formatCosts(c.costs)] as const] : []),
      ...Object.entries(c.kernels).map(([name, digest]) => [`kernel ${name}`, digest] as const),
      [`payload ${payload.name}`, payload.digest],
      ...found.conditions,
    ],
    commands: found.commands,
    runs: rows.map(({ id: row, runs: ids }) => ({ row, ids })),
    data: comparison,
  };
}

function tableOf(comparison: Comparison, samples: number): Table {
  const unit = unitOf(comparison.clock).short;
  const percents = [...new Set(comparison.rows.flatMap(row => row.steps.map(({ percent }) => percent)))];
  const figure = (value: number | undefined) => figureText(value, comparison.clock);
  const cells = (row: Row) => {
    const spreads = [row.init, ...percents.map(at => row.steps.find(({ percent }) => percent === at)?.total)];
    const widest = Math.max(0, ...spreads.map(spread => (spread ? rangeOf(spread) : 0)));
    return [
      ...spreads.map(spread => figure(spread?.median)),
      ...(samples > 1 ? [figure(widest)] : []),
      row.ratio?.toFixed(3) ?? '-',
      row.imageBytes > 0 ? (row.imageBytes / 2 ** 20).toFixed(1) : '-',
      row.memoryUsedBytes === undefined ? '-' : (row.memoryUsedBytes / 2 ** 20).toFixed(1),
    ];
  };
  return {
    title: `payload ${comparison.payload.name}, n = ${samples}; ratio to ${comparison.reference}`,
    columns: [
      { head: 'to /init', unit },
      ...percents.map(percent => ({ head: `${percent}%`, unit })),
      ...(samples > 1 ? [{ head: 'range', unit }] : []),
      { head: 'ratio', unit: '' },
      { head: 'image', unit: 'MiB', optional: true },
      { head: 'memory', unit: 'MiB', optional: true },
    ],
    rows: comparison.rows.map(row =>
      row.outcome.kind === 'ready'
        ? { name: row.id, cells: cells(row) }
        : { name: row.id, cells: [], ended: endOf(row.outcome) },
    ),
  };
}

/** Whether each row differs from the reference; nothing where a single layout cannot tell. */
function verdictsOf(comparison: Comparison): Table[] {
  const { clock, noise, reference, rows } = comparison;
  const unit = unitOf(clock).short;
  const signed = (value: number) => differenceText(value, clock);
  const line = (name: string, judged: Omit<Judgement, 'verdict'>, verdict: string) => ({
    name,
    cells: [
      signed(judged.difference),
      ...[signed(judged.interval.low), signed(judged.interval.high)],
      judged.ratio?.value.toFixed(3) ?? '-',
      ...(clock === 'wall' ? [judged.mannWhitney?.toFixed(4) ?? '-'] : []),
      verdict,
    ],
  });
  const judged = rows.flatMap(({ id, against }) =>
    against ? [line(id, against, against.verdict === 'none' ? 'no difference' : against.verdict)] : [],
  );
  if (judged.length === 0) return [];
  const [low, high] = clock === 'icount' ? ['least', 'most'] : ['95% from', 'to'];
  return [
    {
      title:
        clock === 'icount'
          ? `against ${reference}, layout by layout`
          : `against ${reference}: difference of medians, 95% bootstrap interval, Mann-Whitney p`,
      columns: [
        { head: 'median', unit },
        { head: low, unit },
        { head: high, unit },
        { head: 'ratio', unit: '' },
        ...(clock === 'wall' ? [{ head: 'p', unit: '' }] : []),
        { head: 'verdict', unit: '' },
      ],
      rows: [...(noise ? [line(`${noise.row} (A/A)`, noise.difference, 'noise')] : []), ...judged],
    },
  ];
}
