// SPDX-License-Identifier: GPL-2.0-only
/** A report as plain text for mail: no line is wider than 72 columns, and the boots behind it are named. */
import { sanitise } from '../../events.ts';
import { wrapped } from '../chart/svg.ts';
import type { Report, Table, TableRow } from './report.ts';

export const mailWidth = 72;

export function mailText(report: Report): string[] {
  const clean = (texts: readonly string[]) => texts.map(text => sanitise(text));
  const sentences = (texts: readonly string[], mark = '') =>
    clean(texts).flatMap(text => folded(`${mark}${text}`, mark === '' ? 0 : 2));
  return [
    ...sentences([report.title]),
    ...sentences(report.about),
    ...sentences(
      report.stale.map(reason => `STALE: ${reason} since this was measured.`),
      '',
    ),
    ...report.tables.flatMap(table => ['', ...tableText(table)]),
    ...section('Where each is behind another', sentences(report.losses, '- ')),
    ...section(
      'Warnings',
      sentences(
        report.warnings.map(({ about, remedy }) => `${about}; ${remedy}`),
        '- ',
      ),
    ),
    ...section('Notes', sentences(report.notes, '- ')),
    ...section('Boots', runsText(report)),
    ...(report.again === undefined ? [] : ['', ...sentences([`again: ${report.again}`])]),
  ];
}

const section = (title: string, lines: readonly string[]): string[] =>
  lines.length > 0 ? ['', `${title}:`, ...lines] : [];

/** Lines of at most 72 columns; what has no blank in it is cut. */
function folded(text: string, indent: number): string[] {
  const lines: string[] = [];
  for (const word of wrapped(text, mailWidth - indent)) {
    for (let at = 0; at === 0 || at < word.length; at += mailWidth - indent)
      lines.push(word.slice(at, at + mailWidth - indent));
  }
  return lines.map((line, i) => (i === 0 ? line : `${' '.repeat(indent)}${line}`));
}

/** Columns are as wide as they have to be. Where they leave no room for the names, optional ones go; a name that still
 *  finds none stands on a line of its own. */
export function tableText(table: Table): string[] {
  const { title, columns, rows } = table;
  const widths = columns.map(({ head, unit }, i) =>
    Math.max(head.length, unit.length, ...rows.map(({ cells }) => cells[i]?.length ?? 0)),
  );
  const figures = widths.reduce((sum, width) => sum + width + 1, 0);
  const longest = Math.max(3, ...rows.map(({ name }) => sanitise(name).length));
  const optional = columns.findIndex(column => column.optional);
  if (longest + figures > mailWidth && optional >= 0) return tableText(without(table, optional));
  const nameWidth = Math.min(longest, Math.max(2, mailWidth - figures));
  const line = (name: string, cells: readonly string[]) =>
    `${name.padEnd(nameWidth)}${cells.map((cell, i) => ` ${cell.padStart(widths[i]!)}`).join('')}`.trimEnd();
  const rowLines = (row: TableRow) => {
    const name = sanitise(row.name);
    const short = name.length <= nameWidth;
    if (row.ended !== undefined) return folded(`${name.padEnd(nameWidth)} ${sanitise(row.ended)}`, 2);
    return short ? [line(name, row.cells)] : [...folded(name, 2), line('', row.cells)];
  };
  return [
    ...folded(title, 2),
    line(
      'row',
      columns.map(({ head }) => head),
    ),
    line(
      '',
      columns.map(({ unit }) => unit),
    ),
    ...rows.flatMap(rowLines),
  ];
}

const without = ({ title, columns, rows }: Table, column: number): Table => ({
  title,
  columns: columns.toSpliced(column, 1),
  rows: rows.map(row => ({ ...row, cells: row.cells.toSpliced(column, 1) })),
});

/** Of many boots the first, which is not perturbed, and how many more; the page and the spreadsheet name them all. */
function runsText({ runs }: Report): string[] {
  return runs.flatMap(({ row, ids }) => {
    const more = ids.length > 1 ? ` and ${ids.length - 1} more` : '';
    return folded(`${sanitise(row)}: ${sanitise(ids[0] ?? 'none')}${more}`, 2);
  });
}
