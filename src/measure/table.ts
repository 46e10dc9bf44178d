// SPDX-License-Identifier: GPL-2.0-only
/** A comparison as plain text: the table, a bar per flow, what was held equal, what is doubtful. ASCII only. */
import type { Comparison, Row } from './comparison.ts';
import { formatCosts } from './costs.ts';
import { textGrid } from './grid.ts';
import { formatJudgements } from './judgementtable.ts';
import { formatMemory } from './memorytable.ts';
import { failedFloors } from './floor.ts';
import { describeOutcome } from './outcome.ts';
import { platformText } from './platform.ts';
import { rangeOf, type Spread } from './spread.ts';
import { figureText, unitOf } from './unit.ts';

export { describeOutcome };

interface Column {
  /** What it is, and its unit. */
  readonly head: readonly [string, string];
  readonly cell: (row: Row) => string;
  readonly wideOnly?: true;
}

/** Lines for a terminal of `width` columns (80 at least); narrow ones get the row's name on a line of its own. */
export function formatComparison(comparison: Comparison, width: number): string[] {
  return [
    ...headOf(comparison),
    '',
    ...tableOf(comparison, width),
    ...stepsOf(comparison),
    ...judgementsOf(comparison),
    ...memoryOf(comparison),
    '',
    ...barsOf(comparison, width),
    '',
    ...notesOf(comparison),
  ];
}

function judgementsOf(comparison: Comparison): string[] {
  const lines = formatJudgements(comparison);
  return lines.length > 0 ? ['', ...lines] : [];
}

/** Asked for by a boot that went on to the root file system. */
const memoryOf = ({ rows }: Comparison): string[] =>
  rows.some(row => row.memory.some(({ at }) => at === 'rootfs')) ? ['', ...formatMemory(rows)] : [];

function headOf(comparison: Comparison): string[] {
  const { conditions: c, payload } = comparison;
  const clock =
    comparison.clock === 'icount'
      ? `clock icount: millions of guest instructions since start_kernel; not time${c.rounds > 1 ? `; median of ${c.rounds} layouts` : ''}`
      : `clock wall: milliseconds of guest CLOCK_BOOTTIME, median of ${c.rounds} rounds`;
  return [
    `payload ${payload.name}, ${mebi(payload.bytes)} MiB, ${sharesOf(comparison)} of it read`,
    clock,
    `linux ${c.tree} ${c.arch}, ${c.memoryMiB} MiB, ${c.cpus} CPU, ${platformText(c)}`,
    ...(c.treeNote ? [`linux ${c.tree} ${c.treeNote}`] : []),
    ...(c.compilers ? [`kernels compiled by ${c.compilers.join(', ')}`] : []),
  ];
}

const sharesOf = ({ usedPercents }: Comparison): string =>
  usedPercents.length > 0 ? `${usedPercents.join(', ')}%` : 'nothing';

const mebi = (bytes: number | undefined): string =>
  bytes === undefined ? '-' : (bytes / 2 ** 20).toFixed(1);

const totalOf = (row: Row) => row.used?.median ?? row.init?.median;

function columnsOf(comparison: Comparison): Column[] {
  const unit = unitOf(comparison.clock).short;
  const value = (figure: number | undefined) => figureText(figure, comparison.clock);
  return [
    { head: ['image', 'MiB'], cell: row => mebi(row.imageBytes) },
    { head: ['to /init', unit], cell: row => value(row.init?.median) },
    {
      head: ['reading', unit],
      cell: row => value(row.used && row.init && row.used.median - row.init.median),
    },
    { head: ['total', unit], cell: row => value(totalOf(row)) },
    ...spreadColumns(comparison, unit),
    { head: ['over', 'floor'], cell: row => value(row.overFloor), wideOnly: true },
    { head: ['ratio', ''], cell: row => row.ratio?.toFixed(3) ?? '-' },
    { head: ['memory', 'MiB'], cell: row => mebi(row.memoryUsedBytes) },
    { head: ['outcome', ''], cell: row => row.outcome.kind },
  ];
}

/** icount: the range over the layouts; wall: boots are noisy on one side, so the least, and the deviation. */
function spreadColumns(comparison: Comparison, unit: string): Column[] {
  if (comparison.conditions.rounds < 2) return [];
  const cellOf = (of: (spread: Spread) => number) => (row: Row) => {
    const spread = row.used ?? row.init;
    return spread && spread.samples.length > 1 ? figureText(of(spread), comparison.clock) : '-';
  };
  if (comparison.clock === 'icount') return [{ head: ['range', unit], cell: cellOf(rangeOf) }];
  return [
    { head: ['min', unit], cell: cellOf(spread => spread.min), wideOnly: true },
    { head: ['MAD', unit], cell: cellOf(spread => spread.mad) },
  ];
}

/** Where the terminal is narrow, formats are said below the table, as kernels are in any case. */
function tableOf(comparison: Comparison, width: number): string[] {
  const { rows } = comparison;
  const label = (row: Row) => `${row.id}${row.id === comparison.reference ? ' *' : ''}`;
  const full = joined(
    textGrid([['row', 'format'], ['* reference', ''], ...rows.map(row => [label(row), row.format])]),
    figuresOf(comparison, columnsOf(comparison)),
  );
  const wide = full[0]!.length <= width;
  const names = textGrid([['row'], ['* reference'], ...rows.map(row => [label(row)])]);
  const columns = columnsOf(comparison).filter(column => !column.wideOnly);
  const table = wide ? full : joined(names, figuresOf(comparison, columns));
  return [
    ...table.map(line => line.trimEnd()),
    '',
    ...(wide ? [] : grouped(rows, 'format', row => row.format)),
    ...grouped(rows, 'kernel', row => row.kernel),
  ];
}

/** Where it was read in steps: the total at each. */
function stepsOf(comparison: Comparison): string[] {
  const { usedPercents, rows } = comparison;
  const read = rows.filter(row => row.steps.length > 0);
  if (usedPercents.length < 2 || read.length === 0) return [];
  const cellOf = (row: Row, percent: number) =>
    figureText(row.steps.find(step => step.percent === percent)?.total.median, comparison.clock);
  const unit = unitOf(comparison.clock).short;
  const table = joined(
    textGrid([[`total (${unit}) at`], ...read.map(row => [row.id])]),
    textGrid(
      [
        usedPercents.map(percent => `${percent}%`),
        ...read.map(row => usedPercents.map(percent => cellOf(row, percent))),
      ],
      'right',
    ),
  );
  return ['', ...table];
}

const joined = (left: readonly string[], right: readonly string[]) =>
  left.map((text, i) => `${text}  ${right[i]}`);

const figuresOf = (comparison: Comparison, columns: readonly Column[]) =>
  textGrid(
    [
      columns.map(column => column.head[0]),
      columns.map(column => column.head[1]),
      ...comparison.rows.map(row => columns.map(column => column.cell(row))),
    ],
    'right',
  );

/** 'kernel base: floor@base, initramfs' for each value, in the order of the rows. */
function grouped(rows: readonly Row[], what: string, of: (row: Row) => string): string[] {
  return [...new Set(rows.map(of))].map(value => {
    const members = rows.filter(row => of(row) === value).map(row => row.id);
    return `${what} ${value}: ${members.join(', ')}`;
  });
}

/** To /init `#`, reading `=`; all bars on one scale that starts at zero. */
function barsOf(comparison: Comparison, width: number): string[] {
  const rows = comparison.rows.filter(row => totalOf(row) !== undefined);
  if (rows.length === 0) return [];
  const longest = Math.max(...rows.map(row => totalOf(row)!));
  const names = rows.map(row => row.id);
  const nameWidth = Math.min(Math.max(...names.map(name => name.length)), Math.floor(width / 2));
  const barWidth = Math.min(60, width - nameWidth - 14);
  const cellsFor = (value: number) => Math.round((value / longest) * barWidth);
  const reading = `   = reading ${comparison.usedPercent}% of the files`;
  return [
    ...rows.map((row, i) => {
      const init = cellsFor(row.init?.median ?? 0);
      const total = cellsFor(totalOf(row)!);
      const bar = '#'.repeat(init) + '='.repeat(total - init);
      return `${names[i]!.slice(0, nameWidth).padEnd(nameWidth)} |${bar.padEnd(barWidth)} ${figureText(totalOf(row), comparison.clock)}`;
    }),
    `${''.padEnd(nameWidth)}  # kernel entry to /init${comparison.usedPercent > 0 ? reading : ''}`,
  ];
}

/** What has to be said of every row is said once. */
function rowNotes(rows: readonly Row[]): string[] {
  const texts = [...new Set(rows.flatMap(row => row.notes))];
  return texts.flatMap(text => {
    const members = rows.filter(row => row.notes.includes(text));
    return members.length === rows.length ? [text] : members.map(row => `${row.id}: ${text}`);
  });
}

const costNotes = ({ conditions: { costs } }: Comparison): string[] => (costs ? [formatCosts(costs)] : []);

function notesOf(comparison: Comparison): string[] {
  const notes = rowNotes(comparison.rows);
  const failed = comparison.rows
    .filter(row => row.outcome.kind !== 'ready')
    .map(row => `${row.id}: ${describeOutcome(row.outcome)}`);
  return [
    ...failed,
    ...failedFloors(comparison.rows),
    ...[...notes, ...costNotes(comparison)].map(note => `note: ${note}`),
    ...comparison.warnings.map(warning => `warning: ${warning.about}; ${warning.remedy}`),
  ];
}
