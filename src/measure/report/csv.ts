// SPDX-License-Identifier: GPL-2.0-only
/** Figures as CSV (RFC 4180), one line for each row, place and share of the reading, raw samples and boots included. */
import { stringify } from 'csv-stringify/sync';
import type { Comparison } from '../comparison.ts';
import type { Spread } from '../spread.ts';
import type { Sweep } from '../sweep.ts';

const heads = [
  ...['record', 'row', 'flow', 'format', 'kernel', 'payload_bytes', 'image_bytes', 'memory_mib', 'cpus'],
  ...['outcome', 'until', 'unit', 'n', 'median', 'min', 'max', 'samples', 'runs'],
] as const;
type Line = Readonly<Record<(typeof heads)[number], string | number>>;

/** Cells that a spreadsheet would take for a formula are marked as text. */
const written = (lines: readonly Line[]): string =>
  stringify([heads, ...lines.map(line => heads.map(head => line[head]))] as unknown[][], {
    record_delimiter: 'windows',
    escape_formulas: true,
  });

function figures(figure: Spread | undefined): Pick<Line, 'n' | 'median' | 'min' | 'max' | 'samples'> {
  if (!figure) return { n: 0, median: '', min: '', max: '', samples: '' };
  const { median, min, max, samples } = figure;
  return { n: samples.length, median, min, max, samples: samples.join(' ') };
}

export function sweepCsv(sweep: Sweep): string {
  return written(
    sweep.points.flatMap(point => {
      const about = {
        ...{ record: sweep.id, row: point.row, flow: point.flow, format: point.format, kernel: point.kernel },
        ...{ payload_bytes: point.payloadBytes, image_bytes: point.imageBytes },
        ...{ memory_mib: point.place.memoryMiB, cpus: point.place.cpus, outcome: point.outcome.kind },
        ...{ unit: sweep.unit, runs: point.runs.join(' ') },
      };
      return [
        { ...about, until: 'init', ...figures(point.init) },
        ...point.used.map(({ percent, total }) => ({ ...about, until: `${percent}%`, ...figures(total) })),
      ];
    }),
  );
}

export function comparisonCsv(comparison: Comparison, id: string): string {
  const { conditions: c, payload } = comparison;
  return written(
    comparison.rows.flatMap(row => {
      const about = {
        ...{ record: id, row: row.id, flow: row.flow, format: row.format, kernel: row.kernel },
        ...{ payload_bytes: payload.bytes, image_bytes: row.imageBytes },
        ...{ memory_mib: c.memoryMiB, cpus: c.cpus, outcome: row.outcome.kind },
        ...{ unit: comparison.unit, runs: row.runs.join(' ') },
      };
      return [
        { ...about, until: 'init', ...figures(row.init) },
        ...row.steps.map(({ percent, total }) => ({ ...about, until: `${percent}%`, ...figures(total) })),
      ];
    }),
  );
}
