// SPDX-License-Identifier: GPL-2.0-only
/** `initbench series import`: somebody's mails as a series of its own. */
import { document } from '../document.ts';
import { exitCodes } from '../host/errors.ts';
import {
  importSeries,
  type Imported,
  importedSchema,
  type ImportRequest,
  type Nowhere,
  nowhereSchema,
} from '../series/import/import.ts';
import { loreLink } from '../series/origin.ts';
import { command } from './command.ts';
import { option } from './options.ts';

const importedDocument = document(
  'initbench.imported/1',
  'series import: the new series, or why no tree takes it',
  importedSchema,
  nowhereSchema,
);

export const seriesImport = command({
  id: 'series import',
  summary: 'take a series from an mbox (.gz, .xz), a maildir, a .mbx of b4, a folder of patches or of quilt',
  changes: ['series', 'trees'],
  examples: [
    'series import v2_20260101_someone_initramfs.mbx',
    'series import ~/Mail/initrd-thread --name theirs',
    'series import patches-from-them/ --name theirs --tree 6.12',
    'series import linux-erofs-2026-11.mbox.gz --message-id 20261103-in-memory-v2-0-1234@example.org',
  ],
  positional: [{ usage: '<file>', summary: 'where the mails are' }],
  options: [
    { ...option.name, summary: 'what it is called from now on (default: from its subject)' },
    {
      ...option.tree,
      summary: 'the tree it is for (default: its base-commit, or the newest that takes it)',
    },
    { usage: '--message-id <id>', summary: 'a mail of the series, where the file holds several series' },
    { usage: '--link', summary: "add 'Link:' with the mail of each patch to its message, as maintainers do" },
  ],
  parse: ({ options: { name, tree, messageId, link }, words: [place] }): ImportRequest => ({
    ...{ place, name, tree, messageId, link },
  }),
  run: importSeries,
  text: result => (result.kind === 'imported' ? importedLines(result) : nowhereLines(result)),
  json: importedDocument.of,
  exitCode(result) {
    if (result.kind === 'nowhere') return exitCodes.conflict;
    return result.setAside.length > 0 ? exitCodes.failed : exitCodes.done;
  },
});

function importedLines(imported: Imported): readonly string[] {
  const { series, tree, reason, subjects, mails, fragment, notes, setAside } = imported;
  return [
    `${series}: ${subjects.length} ${subjects.length === 1 ? 'patch' : 'patches'} on ${tree} (${reason})`,
    ...subjects.map((subject, index) => `${String(index + 1).padStart(4)}  ${subject}`),
    ...(mails[0] === undefined ? [] : [`from ${loreLink(mails[0].messageId)}`]),
    ...notes.map(note => `note: ${note}`),
    ...setAside.map(({ place, why }) => `not read: ${place}: ${why}`),
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
