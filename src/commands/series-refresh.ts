// SPDX-License-Identifier: GPL-2.0-only
/** `initbench series refresh`: the branch of a series, written to patches/. */
import { document } from '../document.ts';
import { type Refreshed, refreshedSchema, refreshSeries } from '../series/refresh.ts';
import { command } from './command.ts';

const refreshedDocument = document(
  'initbench.refreshed/1',
  'series refresh: which files were written, removed and kept',
  refreshedSchema,
);

export const seriesRefresh = command({
  id: 'series refresh',
  summary: 'write the commits of a series to patches/; what has not changed stays to the byte',
  changes: ['series'],
  examples: ['series refresh initoverlayfs', 'series refresh initoverlayfs --overwrite'],
  positional: [{ usage: '<series>', summary: 'the series' }],
  options: [{ usage: '--overwrite', summary: 'although patches/ was changed by hand (undo brings it back)' }],
  parse: ({ options: { overwrite }, words: [name] }) => ({ name, overwrite }),
  run: (workspace, { name, overwrite }, signal) => refreshSeries(workspace, name, { overwrite }, signal),
  text: formatRefreshed,
  json: refreshedDocument.of,
});

function formatRefreshed({ folder, written, removed, kept, coverSummarised }: Refreshed): readonly string[] {
  const changes = [
    ...written.map(file => `  wrote    ${file}`),
    ...removed.map(file => `  removed  ${file}`),
  ];
  return [
    changes.length === 0
      ? `${folder} is up to date: ${kept.length} patches`
      : `${folder}: ${kept.length} patches are as they were`,
    ...changes,
    ...(coverSummarised
      ? []
      : ['the cover letter has no shortlog and diffstat as git writes them: bring yours up to date']),
  ];
}
