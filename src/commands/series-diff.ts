// SPDX-License-Identifier: GPL-2.0-only
/** `initbench series diff`: two versions of a series, patch by patch. */
import { document } from '../document.ts';
import { diffSeries, type SeriesDiff, seriesDiffSchema } from '../series/diff.ts';
import { command } from './command.ts';

interface DiffInput {
  readonly series: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly interdiff: boolean;
}

const diffDocument = document(
  'initbench.series-diff/1',
  'series diff: two versions, patch by patch',
  seriesDiffSchema,
);

export const seriesDiff = command({
  id: 'series diff',
  summary: 'compare two versions of a series: git range-diff, and interdiff',
  changes: ['trees'],
  examples: [
    'series diff initoverlayfs',
    'series diff initoverlayfs v1 patches --interdiff',
    'series diff initoverlayfs patches initoverlayfs-6.12',
  ],
  positional: [
    { usage: '<series>', summary: 'the series' },
    { usage: '[v1]', summary: 'v1, v2 (sent), patches, branch, or another series (default: the one before)' },
    { usage: '[v2]', summary: 'the same (default: the newest)' },
  ],
  options: [{ usage: '--interdiff', summary: 'also the diff between the files both end in' }],
  parse: ({ options: { interdiff }, words: [series, from, to] }): DiffInput => ({
    ...{ series, from, to, interdiff },
  }),
  run: (workspace, { series, from, to, interdiff }, signal) =>
    diffSeries(workspace, series, { from, to }, interdiff, signal),
  text: formatDiff,
  json: diffDocument.of,
});

function formatDiff({ from, to, pairs, rangeDiff, interdiff }: SeriesDiff): readonly string[] {
  const changed = pairs.filter(({ sign }) => sign !== '=').length;
  return [
    `${from} -> ${to}: ${changed === 0 ? 'the same patches' : `${changed} of ${pairs.length} patches differ`}`,
    ...(changed === 0 ? [] : ['', ...rangeDiff]),
    ...(interdiff === undefined ? [] : ['', `interdiff ${from} -> ${to}:`, ...interdiff]),
  ];
}
