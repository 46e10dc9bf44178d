// SPDX-License-Identifier: GPL-2.0-only
/** `initbench series undo | redo`: the last operation on a series taken back, or done again. */
import { z } from 'zod';
import { document, list, object, text } from '../document.ts';
import type { Work } from '../events.ts';
import { changeSchema } from '../series/change.ts';
import { type Operation, operationSchema, redo, undo } from '../series/operations.ts';
import { command } from './command.ts';

type Turned = { readonly series: string; readonly operation: Operation };

const { number, what, at } = operationSchema.unwrap().shape;
const { kind, name } = changeSchema.unwrap().shape;
const operationDocument = document(
  'initbench.operation/1',
  'series undo, series redo: what was taken back or done again',
  object({
    ...{ verb: z.enum(['undo', 'redo']), series: text, number, what, at },
    changed: list(object({ kind, name })),
  }),
);

const turning = (verb: 'undo' | 'redo', summary: string, turn: typeof undo) =>
  command({
    id: `series ${verb}`,
    summary,
    changes: ['series', 'trees'],
    examples: [`series ${verb} initoverlayfs`],
    positional: [{ usage: '<series>', summary: 'the series' }],
    parse: ({ words: [name] }) => ({ name }),
    async *run(workspace, { name }, signal): Work<Turned> {
      return { series: name, operation: yield* turn(workspace, name, signal) };
    },
    text: ({ series, operation: { what, changes } }) => [
      `${verb === 'undo' ? 'undone' : 'done again'} on ${series}: ${what}`,
      ...changes.map(({ name }) => `  ${name.replace(/^root\//, '')}`),
    ],
    json: ({ series, operation: { number, what, at, changes } }) =>
      operationDocument.of({
        ...{ verb, series, number, what, at },
        changed: changes.map(({ kind, name }) => ({ kind, name })),
      }),
  });

export const seriesUndo = turning(
  'undo',
  'take back the last operation that moved a branch or wrote patches',
  undo,
);
export const seriesRedo = turning('redo', 'do again what was undone', redo);
