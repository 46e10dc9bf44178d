// SPDX-License-Identifier: GPL-2.0-only
/** `initbench series verify`: each requirement that upstream named, shown by boots, as a matrix. */
import { countsOf, formatMatrix, formatShort, matrixDocument } from '../evidence/verify/matrix.ts';
import { type Verified, type VerifyRequest, verifySeries } from '../evidence/verify/verify.ts';
import { exitCodes } from '../host/errors.ts';
import type { Command } from './command.ts';

interface VerifyInput extends VerifyRequest {
  readonly short: boolean;
  readonly claims: boolean;
}

interface VerifyProduct extends Verified {
  readonly input: VerifyInput;
}

export const seriesVerify: Command<VerifyInput, VerifyProduct> = {
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
    { usage: '--tree <tree>', summary: 'the tree (default: the one the series is for)' },
    { usage: '--only <list>', summary: 'some requirements: R6,R15', repeat: true },
    { usage: '--again', summary: 'boot again what was booted before' },
    { usage: '--claims', summary: 'show what each verdict rests on (with --only: always)' },
    { usage: '--short', summary: 'the table for a cover letter, at most 72 columns' },
  ],
  parse({ options, words }, { settings }) {
    const series = words[0]!;
    const only = ((options.only as string[] | undefined) ?? [])
      .flatMap(list => list.split(','))
      .filter(Boolean);
    return {
      series,
      tree: (options.tree as string | undefined) ?? settings.seriesTrees[series] ?? settings.tree,
      only,
      again: options.again === true,
      claims: options.claims === true || only.length > 0,
      short: options.short === true,
    };
  },
  async *run(workspace, input, signal) {
    return { ...(yield* verifySeries(workspace, input, signal)), input };
  },
  text: ({ matrix, file, input }) =>
    input.short ? formatShort(matrix) : [...formatMatrix(matrix, input), '', `saved in ${file}`],
  json: ({ matrix: { schema, ...matrix } }) => matrixDocument.of(matrix),
  exitCode: ({ matrix }) => (countsOf(matrix.rows)['not met'] > 0 ? exitCodes.failed : exitCodes.done),
};
