// SPDX-License-Identifier: GPL-2.0-only
/** Cells in columns, for terminals and mail. */

/** Columns as wide as their widest cell, two spaces between; all lines of one length. */
export function textGrid(rows: readonly (readonly string[])[], align: 'left' | 'right' = 'left'): string[] {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map(row => row[i]!.length)));
  return rows.map(row =>
    row.map((cell, i) => (align === 'left' ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '),
  );
}

/** Names on the left, figures to the right of them; no blanks at the ends of lines. */
export function namedGrid(rows: readonly (readonly [string, ...string[]])[]): string[] {
  const names = textGrid(rows.map(row => [row[0]]));
  const figures = textGrid(
    rows.map(row => row.slice(1)),
    'right',
  );
  return names.map((name, i) => `${name}  ${figures[i]}`.trimEnd());
}
