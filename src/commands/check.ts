// SPDX-License-Identifier: GPL-2.0-only
/** `initbench series check`: what a maintainer's scripts would ask of each patch, asked before they do. */
import { checkedSchema, checkSeries, passed } from '../campaign/check/series.ts';
import { formatCheck } from '../campaign/check/table.ts';
import { document, flag, object } from '../document.ts';
import { exitCodes } from '../host/errors.ts';
import { command } from './command.ts';
import { option } from './options.ts';

const checkDocument = document(
  'initbench.check/1',
  'series check: each patch by itself, question by question',
  object({ passed: flag, ...checkedSchema.unwrap().shape }),
);

export const seriesCheck = command({
  id: 'series check',
  summary: 'build, boot and look at each patch of a series by itself',
  changes: ['trees', 'kernels', 'runs'],
  examples: [
    'series check initoverlayfs',
    'series check initoverlayfs --only 0003 --only checkpatch',
    'series check initoverlayfs --only kernelspace --json',
    'series check initoverlayfs --only debug --again',
  ],
  positional: [{ usage: '<series>', summary: 'the series' }],
  options: [
    option.tree,
    {
      ...option.only,
      summary:
        'a patch (3, 0003, its file) or a question (applies, off, on, W=1, sparse, checkpatch, a flow, kunit, debug)',
    },
    option.again,
  ],
  parse: ({ options: { tree, only, again }, words: [series] }, { settings }) => ({
    ...{ series, tree, only, again },
    fragments: settings.fragments,
  }),
  run: checkSeries,
  text: formatCheck,
  json: checked => checkDocument.of({ passed: passed(checked), ...checked }),
  exitCode: checked => (passed(checked) ? exitCodes.done : exitCodes.failed),
});
