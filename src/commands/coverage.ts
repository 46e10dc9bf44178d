// SPDX-License-Identifier: GPL-2.0-only
/** `initbench series coverage`: which added lines of a series are run, patch by patch, and which are not. */
import { document } from '../document.ts';
import {
  type Covered,
  coveredSchema,
  type CoverageRequest,
  coverSeries,
} from '../evidence/coverage/coverage.ts';
import { namedGrid } from '../measure/grid.ts';
import { command } from './command.ts';
import { option } from './options.ts';
import { whole } from './typed.ts';

const coverageDocument = document(
  'initbench.coverage/1',
  'series coverage: the added lines that are run, patch by patch',
  coveredSchema,
);

export const seriesCoverage = command({
  id: 'series coverage',
  summary: 'show which lines that the series adds are run: by boots, by its KUnit tests, by damaged images',
  changes: ['trees', 'kernels'],
  examples: ['series coverage initoverlayfs', 'series coverage initoverlayfs --fuzz 200 --json'],
  positional: [{ usage: '<series>', summary: 'the series' }],
  options: [
    option.tree,
    {
      usage: '--fuzz <n>',
      summary: 'damaged images of each layout; 0: none',
      type: whole(0, 100_000),
      default: '20',
    },
    option.again,
  ],
  parse({ options: { tree, fuzz, again }, words: [series] }, { settings }): CoverageRequest {
    return { series, fuzz, again, tree: tree ?? settings.seriesTrees[series] ?? settings.tree };
  },
  run: coverSeries,
  text: formatCoverage,
  json: product => coverageDocument.of(product),
});

const longest = 44;
const short = (patch: string): string => patch.replace(/\.patch$/, '').slice(0, longest);

export function formatCoverage({
  series,
  tree,
  release,
  boots,
  unread,
  patches,
  notBuilt,
}: Covered): string[] {
  const kinds = Object.keys(boots);
  const sum = (of: (patch: Covered['patches'][number]) => number) =>
    patches.reduce((all, one) => all + of(one), 0);
  const row = (name: string, lines: number, reached: number, by: (kind: string) => number) =>
    [
      name,
      ...[lines, reached].map(String),
      lines === 0 ? '-' : `${Math.floor((100 * reached) / lines)}%`,
      ...kinds.map(kind => String(by(kind))),
    ] as [string, ...string[]];
  const missed = patches.filter(patch => patch.missed.length > 0);
  return [
    `${series.name} on ${tree}, ${release}: ${Object.entries(boots)
      .map(([kind, count]) => `${count} ${kind}`)
      .join(', ')}`,
    '',
    ...namedGrid([
      ['patch', 'lines', 'reached', '', ...kinds],
      ...patches.map(one => row(short(one.patch), one.lines, one.reached, kind => one.by[kind] ?? 0)),
      row(
        'all',
        sum(one => one.lines),
        sum(one => one.reached),
        kind => sum(one => one.by[kind] ?? 0),
      ),
    ]),
    ...missed.flatMap(({ patch, missed: lines }) => [
      '',
      `not reached of ${short(patch)}:`,
      ...lines.map(({ file, line, source }) => `  ${file}:${line}: ${source}`),
    ]),
    ...(notBuilt.length > 0 ? ['', `in none of these kernels: ${notBuilt.join(', ')}`] : []),
    ...(unread.length > 0 ? ['', `counters could not be read of: ${unread.join(', ')}`] : []),
  ];
}
