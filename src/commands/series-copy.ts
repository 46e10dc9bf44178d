// SPDX-License-Identifier: GPL-2.0-only
/** `initbench series copy | remove`: a series of another name, and one that is no longer wanted. */
import { document, number, object, text, texts } from '../document.ts';
import { copySeries } from '../series/port.ts';
import { removeSeries } from '../series/remove.ts';
import { seriesSchema } from '../series/series.ts';
import { freeSeries } from '../store/series.ts';
import { command } from './command.ts';

const { name, folder, tree, digest } = seriesSchema.unwrap().shape;
const copiedDocument = document(
  'initbench.series-copied/1',
  'series copy: the new series',
  object({ name, folder, tree, digest }),
);

export const seriesCopy = command({
  id: 'series copy',
  summary: 'make a series of another name with the same patches and fragments',
  changes: ['series'],
  examples: ['series copy initoverlayfs trial'],
  positional: [
    { usage: '<series>', summary: 'the series that is copied, as it is in patches/' },
    { usage: '<name>', summary: 'the new series' },
  ],
  parse: ({ words: [from, to] }) => ({ from, to }),
  run: (workspace, { from, to }, signal) => copySeries(workspace, from, to, signal),
  text: ({ name, folder, patches, tree }) => [`${name} has ${patches.length} patches for ${tree}: ${folder}`],
  json: ({ name, folder, tree, digest }) => copiedDocument.of({ name, folder, tree, digest }),
});

const removalSchema = object({
  series: text,
  /** 'patches/mine/0001-a.patch' */
  files: texts,
  freedBytes: number,
});
const removedDocument = document(
  'initbench.series-removed/1',
  'series remove: the files and the bytes that are gone',
  removalSchema,
);

export const seriesRemove = command({
  id: 'series remove',
  summary: 'remove a series: patches, fragments, branch, worktrees and what was built in them',
  changes: ['series', 'trees', 'kernels'],
  examples: ['series remove trial'],
  positional: [{ usage: '<series>', summary: 'the series' }],
  parse: ({ words: [name] }) => ({ name }),
  async *run(workspace, { name }, signal) {
    const files = yield* removeSeries(workspace, name, signal);
    return { series: name, files, freedBytes: yield* freeSeries(workspace, name, signal) };
  },
  text: ({ series, files, freedBytes }) => [
    `removed the series ${series}; ${(freedBytes / 2 ** 20).toFixed(1)} MiB of the cache are free again`,
    ...files.map(file => `  ${file}`),
    `initbench series undo ${series} brings its patches, fragments and commits back`,
  ],
  json: removedDocument.of,
});
