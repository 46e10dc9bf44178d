// SPDX-License-Identifier: GPL-2.0-only
/** `initbench series edit`: a series as commits in a worktree of its own. */
import { document, object } from '../document.ts';
import { exitCodes } from '../host/errors.ts';
import { editingSchema, editSeries } from '../series/edit.ts';
import { command } from './command.ts';
import { conflictLines, conflictShape } from './series.ts';

const editingDocument = document(
  'initbench.editing/1',
  'series edit: the worktree and its commits, or the conflict',
  editingSchema,
  object(conflictShape),
);

export const seriesEdit = command({
  id: 'series edit',
  summary: 'print the worktree in which a series is edited, made when first asked for',
  changes: ['series', 'trees'],
  examples: ['series edit initoverlayfs', 'series edit initoverlayfs -q'],
  positional: [{ usage: '<series>', summary: 'the series' }],
  parse: ({ words: [name] }) => ({ name }),
  run: (workspace, { name }, signal) => editSeries(workspace, name, signal),
  // Nothing but the path, for: cd "$(initbench series edit NAME)"
  text: result => (result.kind === 'editing' ? [result.path] : conflictLines(result)),
  json(result) {
    if (result.kind === 'editing') return editingDocument.of(result);
    const { kind, patch, files, details } = result;
    return editingDocument.of({ kind, patch, files, details });
  },
  exitCode: result => (result.kind === 'editing' ? exitCodes.done : exitCodes.conflict),
});
