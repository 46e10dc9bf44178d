// SPDX-License-Identifier: GPL-2.0-only
/** A comparison as a mail has it: at most 72 columns, what was held equal above, the runs' ids below. Pure. */
import type { Comparison, Row } from '../measure/comparison.ts';

const columns = 72;

export function formatReport(comparison: Comparison): string {
  const { conditions: c, payload } = comparison;
  const icount = comparison.clock === 'icount';
  const unit = icount ? 'M insn' : 'ms';
  const rows = [
    ['row', 'image', 'to /init', 'reading', 'total', 'ratio', 'memory'],
    ['* reference', 'MiB', unit, unit, unit, '', 'MiB'],
    ...comparison.rows.map(row => cellsOf(row, comparison)),
  ];
  const wide = rows[0]!.map((_, i) => Math.max(...rows.map(row => row[i]!.length)));
  const figures = wide.slice(1).reduce((sum, n) => sum + n + 2, 0);
  const narrow = wide[0]! + figures > columns;
  const lines = rows.flatMap(([id, ...cells]) => {
    const text = cells.map((cell, i) => `  ${cell.padStart(wide[i + 1]!)}`).join('');
    // A long name stands on a line of its own.
    return narrow ? [id!, text.padStart(columns)] : [`${id!.padEnd(wide[0]!)}${text}`];
  });
  const clock = icount
    ? 'icount: millions of guest instructions since start_kernel; not time'
    : `wall clock: ms of guest CLOCK_BOOTTIME, median of ${c.rounds} rounds`;
  const notes = [...new Set(comparison.rows.flatMap(row => row.notes))];
  return [
    ...wrapText(
      `${payload.name}, ${mebi(payload.bytes)} MiB of files, ${comparison.usedPercent}% of it read. ${clock}.`,
    ),
    ...wrapText(
      `Linux ${c.tree} ${c.arch}, ${c.memoryMiB} MiB, ${c.cpus} CPU, QEMU ${c.qemu.split(' ')[0]} ${c.accelerator}${c.treeNote ? `; ${c.treeNote}` : ''}.`,
    ),
    '',
    ...lines.map(line => line.trimEnd()),
    '',
    ...notes.flatMap(note => wrapText(note)),
    ...comparison.warnings.flatMap(warning => wrapText(`Doubtful: ${warning.about}.`)),
    ...wrapText(`Runs: ${comparison.rows.map(row => `${row.id} ${row.runs.join(' ')}`).join(', ')}.`),
  ].join('\n');
}

function cellsOf(row: Row, comparison: Comparison): string[] {
  const value = (v: number | undefined) =>
    v === undefined ? '-' : (comparison.clock === 'icount' ? v / 1e6 : v).toFixed(2);
  const [init, used] = [row.init?.median, row.used?.median];
  return [
    `${row.id}${row.id === comparison.reference ? ' *' : ''}`,
    mebi(row.imageBytes),
    row.outcome.kind === 'ready' ? value(init) : row.outcome.kind,
    value(used !== undefined && init !== undefined ? used - init : undefined),
    value(used ?? init),
    row.ratio?.toFixed(3) ?? '-',
    row.memoryUsedBytes === undefined ? '-' : mebi(row.memoryUsedBytes),
  ];
}

const mebi = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);

/** Words on lines of at most 72 columns; a longer word stands alone. */
export function wrapText(text: string, first = '', next = '  '): string[] {
  const lines: string[] = [];
  let line = first;
  for (const word of text.split(/\s+/)) {
    const joined = line === first || line === next ? `${line}${word}` : `${line} ${word}`;
    if (joined.length > columns && line.trim() !== '') {
      lines.push(line);
      line = `${next}${word}`;
    } else {
      line = joined;
    }
  }
  return [...lines, line];
}
