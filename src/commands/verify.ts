// SPDX-License-Identifier: GPL-2.0-only
/** `initbench series verify`: each requirement that upstream named, shown by boots, as a matrix. */
import { countsOf, formatMatrix, formatShort, matrixDocument } from '../evidence/verify/matrix.ts';
import { type Verified, type VerifyRequest, verifySeries } from '../evidence/verify/verify.ts';
import type { Work } from '../events.ts';
import { exitCodes } from '../host/errors.ts';
import { command } from './command.ts';
import { option } from './options.ts';
import { words } from './typed.ts';

interface VerifyInput extends VerifyRequest {
  readonly short: boolean;
  readonly claims: boolean;
}

interface VerifyProduct extends Verified {
  readonly input: VerifyInput;
}

export const seriesVerify = command({
  id: 'series verify',
  summary: 'boot what shows each requirement of upstream, and print the matrix',
  changes: ['trees', 'kernels', 'runs'],
  examples: [
    'series verify initoverlayfs',
    'series verify initoverlayfs --only R6,R15 --claims',
    'series verify initoverlayfs-6.12 --json',
    'series verify initoverlayfs --short',
  ],
  positional: [{ usage: '<series>', summary: 'the series' }],
  options: [
    option.tree,
    { ...option.only, summary: 'some requirements: R6,R15', type: words },
    option.again,
    { usage: '--claims', summary: 'show what each verdict rests on (with --only: always)' },
    { usage: '--short', summary: 'the table for a cover letter, at most 72 columns' },
  ],
  parse({ options, words: [series] }, { settings }): VerifyInput {
    const { tree, again, short } = options;
    const only = options.only.flat();
    return {
      ...{ series, only, again, short },
      tree: tree ?? settings.seriesTrees[series] ?? settings.tree,
      claims: options.claims || only.length > 0,
    };
  },
  async *run(workspace, input, signal): Work<VerifyProduct> {
    return { ...(yield* verifySeries(workspace, input, signal)), input };
  },
  text: ({ matrix, file, input }) =>
    input.short ? formatShort(matrix) : [...formatMatrix(matrix, input), '', `saved in ${file}`],
  json: ({ matrix: { schema, ...matrix } }) => matrixDocument.of(matrix),
  exitCode: ({ matrix }) => (countsOf(matrix.rows)['not met'] > 0 ? exitCodes.failed : exitCodes.done),
});
