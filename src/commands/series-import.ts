// SPDX-License-Identifier: GPL-2.0-only
/** `initbench series import`: somebody's mails as a series of its own. */
import { exitCodes } from '../host/errors.ts';
import { importSeries, type Imported, type ImportRequest, type Nowhere } from '../series/import/import.ts';
import type { Command } from './command.ts';

export const seriesImport: Command<ImportRequest, Imported | Nowhere> = {
  id: 'series import',
  summary: 'take a series from an mbox, a maildir, a .mbx of b4 or a folder of patches',
  changes: ['series', 'trees'],
  examples: [
    'series import v2_20260101_someone_initramfs.mbx',
    'series import ~/Mail/initrd-thread --name theirs',
    'series import patches-from-them/ --name theirs --tree 6.12',
  ],
  positional: [{ usage: '<file>', summary: 'where the mails are' }],
  options: [
    { usage: '--name <series>', summary: 'what it is called from now on (default: from its subject)' },
    {
      usage: '--tree <tree>',
      summary: 'the tree it is for (default: its base-commit, or the newest that takes it)',
    },
  ],
  parse: ({ options, words }) => ({
    place: words[0]!,
    ...(typeof options.name === 'string' ? { name: options.name } : {}),
    ...(typeof options.tree === 'string' ? { tree: options.tree } : {}),
  }),
  run: importSeries,
  text: result => (result.kind === 'imported' ? importedLines(result) : nowhereLines(result)),
  json: result => ({ schema: 'initbench.imported/1', ...result }),
  exitCode: ({ kind }) => (kind === 'imported' ? exitCodes.done : exitCodes.conflict),
};

function importedLines({ series, tree, reason, subjects, fragment, notes }: Imported): readonly string[] {
  return [
    `${series}: ${subjects.length} ${subjects.length === 1 ? 'patch' : 'patches'} on ${tree} (${reason})`,
    ...subjects.map((subject, index) => `${String(index + 1).padStart(4)}  ${subject}`),
    ...notes.map(note => `note: ${note}`),
    ...(fragment === undefined
      ? []
      : [`kconfigs/${series}.config switches on what it adds: ${fragment.join(', ')}`]),
    `nothing of it has been run; to build it is to run its Makefiles: initbench build ${series}`,
  ];
}

function nowhereLines({ place, total, attempts }: Nowhere): readonly string[] {
  return [
    `${place} applies to no tree there is; nothing was changed`,
    ...attempts.flatMap(({ tree, applied, patch, details }) => [
      `${tree}: ${applied} of ${total} apply, then: ${patch}`,
      ...details
        .split('\n')
        .slice(0, 4)
        .map(line => `  git: ${line}`),
    ]),
    'initbench tree add NAME SOURCE adds the tree it was made for',
  ];
}
