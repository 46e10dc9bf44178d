// SPDX-License-Identifier: GPL-2.0-only
/** A storage report as plain text, 72 columns at most. */
import type { StorageReport } from './storage.ts';

const seconds = (ms: number) => (ms / 1e3).toFixed(2);
const mega = (bytes: number) => (bytes / 1e6).toFixed(1);
const percent = (share: number) => `${(share * 100).toFixed(1)}%`;

export function formatStorage(report: StorageReport): string[] {
  return [
    'seconds from power-on to the files used:',
    '  base + loader bytes / min(loader rate, bandwidth)',
    '  + guest to /init + max(reading, bytes on demand / bandwidth)',
    `base ${seconds(report.loader.base)} s, loader rate ${mega(report.loader.rate)} MB/s: of the machine measured`,
    ...report.cases.flatMap(caseLines),
    ...checkLines(report),
    ...(report.notes.length > 0 ? ['', ...report.notes.map(note => `note: ${note}`)] : []),
  ].map(line => line.trimEnd());
}

function caseLines({
  imageBytes,
  usedPercent,
  flows,
  cells,
  crossovers,
}: StorageReport['cases'][number]): string[] {
  const width = Math.max(...flows.map(({ row }) => row.length), 7);
  const cell = (text: string) => text.padStart(8);
  return [
    '',
    `image ${mega(imageBytes)} MB, ${usedPercent}% used`,
    `${'MB'.padEnd(width)}${['loader', 'demand', 'guest s', 'reading'].map(cell).join('')}`,
    ...flows.map(
      flow =>
        `${flow.row.padEnd(width)}${[mega(flow.loaderBytes), mega(flow.demandBytes), seconds(flow.guest), seconds(flow.reading)].map(cell).join('')}`,
    ),
    `${'seconds'.padEnd(width)}${cells.map(({ medium }) => cell(medium)).join('')}`,
    ...flows.map(
      ({ row }) =>
        `${row.padEnd(width)}${cells.map(({ totals, fastest }) => cell(`${seconds(totals[row]!)}${fastest === row ? '*' : ' '}`)).join('')}`,
    ),
    ...crossovers.map(({ rows: [a, b], bytesPerSecond }) => {
      if (bytesPerSecond.length === 0) return `${a}, ${b}: one is faster at any bandwidth`;
      return `${a} = ${b} at ${bytesPerSecond.map(mega).join(' and ')} MB/s`;
    }),
  ];
}

function checkLines({ checks }: StorageReport): string[] {
  if (checks.length === 0) return [];
  const width = Math.max(...checks.map(({ row }) => row.length), 5);
  const cells = (texts: readonly string[]) => texts.map(text => text.padStart(10)).join('');
  return [
    '',
    'model against boots from a throttled disk (seconds)',
    `${'row'.padEnd(width)}${cells(['disk', 'used', 'predicted', 'measured', 'off', 'A/A'])}`,
    ...checks.map(({ row, medium, usedPercent, predicted, measured, off, same }) => {
      const sorted = [...measured].sort((x, y) => x - y);
      const median = (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
      const a = measured.length > 1 ? percent(same) : '-';
      return `${row.padEnd(width)}${cells([medium, `${usedPercent}%`, seconds(predicted), seconds(median), percent(off), a])}`;
    }),
  ];
}
