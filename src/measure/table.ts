// SPDX-License-Identifier: GPL-2.0-only
/** A comparison as plain text: the table, a bar per flow, what was held equal, what is doubtful. ASCII only. */
import type { Outcome } from '../events.ts';
import type { Comparison, Row } from './comparison.ts';

interface Column {
  /** What it is, and its unit. */
  readonly head: readonly [string, string];
  readonly cell: (row: Row) => string;
}

/** Lines for a terminal of `width` columns (80 at least); narrow ones get the row's name on a line of its own. */
export function formatComparison(comparison: Comparison, width: number): string[] {
  return [
    ...headOf(comparison),
    '',
    ...tableOf(comparison, width),
    '',
    ...barsOf(comparison, width),
    '',
    ...notesOf(comparison),
  ];
}

function headOf(comparison: Comparison): string[] {
  const { conditions: c, payload } = comparison;
  const clock =
    comparison.clock === 'icount'
      ? 'clock icount: millions of guest instructions since start_kernel; not time'
      : `clock wall: milliseconds of guest CLOCK_BOOTTIME, median of ${c.rounds} rounds`;
  return [
    `payload ${payload.name}, ${mebi(payload.bytes)} MiB, ${comparison.usedPercent}% of it read`,
    clock,
    `linux ${c.tree}, ${c.memoryMiB} MiB, ${c.cpus} CPU, QEMU ${c.qemu} ${c.accelerator}`,
  ];
}

/** In millions or milliseconds. */
const scaled = (comparison: Comparison, value: number | undefined): string =>
  value === undefined ? '-' : (comparison.clock === 'icount' ? value / 1e6 : value).toFixed(2);

const mebi = (bytes: number | undefined): string =>
  bytes === undefined ? '-' : (bytes / 2 ** 20).toFixed(1);

const totalOf = (row: Row) => row.used?.median ?? row.init?.median;

function columnsOf(comparison: Comparison): Column[] {
  const unit = comparison.clock === 'icount' ? 'M insn' : 'ms';
  const value = (v: number | undefined) => scaled(comparison, v);
  return [
    { head: ['image', 'MiB'], cell: row => mebi(row.imageBytes) },
    { head: ['to /init', unit], cell: row => value(row.init?.median) },
    {
      head: ['reading', unit],
      cell: row => value(row.used && row.init && row.used.median - row.init.median),
    },
    { head: ['total', unit], cell: row => value(totalOf(row)) },
    ...(comparison.clock === 'wall' ? [{ head: ['spread', unit], cell: spreadCell } satisfies Column] : []),
    { head: ['over', 'floor'], cell: row => value(row.overFloor) },
    { head: ['ratio', ''], cell: row => row.ratio?.toFixed(3) ?? '-' },
    { head: ['memory', 'MiB'], cell: row => mebi(row.memoryUsedBytes) },
    { head: ['outcome', ''], cell: row => row.outcome.kind },
  ];
}

function spreadCell(row: Row): string {
  const spread = row.used ?? row.init;
  return spread && spread.samples.length > 1 ? (spread.max - spread.min).toFixed(1) : '-';
}

function tableOf(comparison: Comparison, width: number): string[] {
  const named = textGrid([
    ['row', 'format', 'kernel'],
    ['(* reference)', '', ''],
    ...comparison.rows.map(row => [
      `${row.id}${row.id === comparison.reference ? ' *' : ''}`,
      row.format,
      row.kernel,
    ]),
  ]);
  const columns = columnsOf(comparison);
  const figures = textGrid(
    [
      columns.map(column => column.head[0]),
      columns.map(column => column.head[1]),
      ...comparison.rows.map(row => columns.map(column => column.cell(row))),
    ],
    'right',
  );
  const wide = named[0]!.length + 2 + figures[0]!.length <= width;
  const lines = wide
    ? named.map((name, i) => `${name}  ${figures[i]}`)
    : named.flatMap((name, i) => [name, `    ${figures[i]}`]);
  return lines.map(line => line.trimEnd()).filter(line => line !== '');
}

/** Columns as wide as their widest cell, two spaces between; all lines of one length. */
function textGrid(rows: readonly (readonly string[])[], align: 'left' | 'right' = 'left'): string[] {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map(row => row[i]!.length)));
  return rows.map(row =>
    row.map((cell, i) => (align === 'left' ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '),
  );
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
  return [
    ...rows.map((row, i) => {
      const init = cellsFor(row.init?.median ?? 0);
      const total = cellsFor(totalOf(row)!);
      const bar = '#'.repeat(init) + '='.repeat(total - init);
      return `${names[i]!.slice(0, nameWidth).padEnd(nameWidth)} |${bar.padEnd(barWidth)} ${scaled(comparison, totalOf(row))}`;
    }),
    `${''.padEnd(nameWidth)}  # kernel entry to /init   = reading ${comparison.usedPercent}% of the files`,
  ];
}

function notesOf(comparison: Comparison): string[] {
  const notes = comparison.rows.flatMap(row => row.notes.map(note => `${row.id}: ${note}`));
  const failed = comparison.rows
    .filter(row => row.outcome.kind !== 'ready')
    .map(row => `${row.id}: ${describeOutcome(row.outcome)}`);
  return [
    ...failed,
    ...notes.map(note => `note: ${note}`),
    ...comparison.warnings.map(warning => `warning: ${warning.about}; ${warning.remedy}`),
  ];
}

/** One sentence. */
export function describeOutcome(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'ready':
      return 'ready';
    case 'panic':
      return `kernel panic: ${outcome.message}`;
    case 'hang':
      return `no end within ${outcome.deadline / 1000} s; last line: ${outcome.lastLine}`;
    case 'no-output':
      return `nothing on the console within ${outcome.deadline / 1000} s`;
    case 'incomplete':
      return `ended early: ${outcome.message}`;
    case 'qemu-failed':
      return `QEMU failed (exit ${outcome.exitCode ?? 'by signal'}): ${outcome.message}`;
    case 'interrupted':
      return 'interrupted';
  }
}
