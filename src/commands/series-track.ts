// SPDX-License-Identifier: GPL-2.0-only
/** `initbench series track`: a series that is edited in the user's own clone. */
import { document } from '../document.ts';
import { trackedSchema, type TrackRequest, trackSeries } from '../series/track.ts';
import { command } from './command.ts';
import { option } from './options.ts';

const trackedDocument = document(
  'initbench.tracked/1',
  'series track: the branch that is followed, and its commits',
  trackedSchema,
);

export const seriesTrack = command({
  id: 'series track',
  summary: 'follow a branch in a clone of yours, which is only read',
  changes: ['series', 'trees'],
  examples: [
    'series track ~/src/linux my-work --base v7.3',
    'series track ~/src/linux topic/erofs --base origin/master --name mine',
  ],
  positional: [
    { usage: '<path>', summary: 'the clone' },
    { usage: '<branch>', summary: 'the branch whose commits are the series' },
  ],
  options: [
    { usage: '--base <rev>', summary: 'the commit that the first patch sits on', required: true },
    { ...option.name, summary: "the name of the new series (default: the branch's last word)" },
  ],
  parse: ({ options: { base, name }, words: [path, branch] }): TrackRequest => ({
    ...{ path, branch, base, name },
  }),
  run: trackSeries,
  text: ({ series, record, commits }) => [
    `${series} follows ${commits.length} ${commits.length === 1 ? 'commit' : 'commits'} on the tree ${record.tree}`,
    `initbench series refresh ${series} writes them to patches/${series}`,
  ],
  json: trackedDocument.of,
});
