// SPDX-License-Identifier: GPL-2.0-only
/** What ended work that did not end by itself, as a value to be shown: the sentence, what to do, where to look. */
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { document, format, number, object, text, texts } from '../document.ts';
import { workEventSchema } from '../events.ts';
import { environmentProblem, NoRoom, nothing, type Place, roomHint } from '../host/environment.ts';
import { type ExitCode, exitCodes, Interrupted, ToolError, UserError } from '../host/errors.ts';
import type { Workspace } from '../workspace.ts';
import { shellQuote } from './words.ts';

const failureSchema = object({
  kind: z.enum(['user', 'tool', 'interrupted', 'bug']),
  message: text,
  hint: text.exactOptional(),
  /** The last lines of the program that failed, or the stack of our bug. */
  details: texts,
  log: text.exactOptional(),
});
export type Failure = z.infer<typeof failureSchema>;

/** `workspace`: its places are named when there is no room in them. */
export function failureOf(error: unknown, workspace?: Places): Failure & { readonly exitCode: ExitCode } {
  if (error instanceof Interrupted) {
    const { interrupted: exitCode } = exitCodes;
    return { kind: 'interrupted', message: 'interrupted; finished runs are kept', details: [], exitCode };
  }
  const user = error instanceof UserError ? error : environmentProblem(error);
  if (user) {
    const { exitCode } = user;
    const hint =
      (user instanceof NoRoom && workspace && roomHint(allPlacesOf(workspace, user.file))) || user.hint;
    const [message, ...details] = user.message.split('\n');
    return { kind: 'user', message: message!, ...(hint && { hint }), details, exitCode };
  }
  if (error instanceof ToolError) {
    const room = workspace && roomHint(placesOf(workspace), nothing);
    const said = error.lastLines.at(-1)?.trim();
    if (room !== undefined) {
      const message = `there is no room on the disk: ${error.message}${said ? ` (${said})` : ''}`;
      return { kind: 'user', message, hint: room, details: [], exitCode: exitCodes.environment };
    }
    return {
      kind: 'tool',
      message: error.message,
      hint: `command: ${shellQuote(error.argv)}`,
      details: error.lastLines.slice(-12),
      ...(error.logPath && { log: error.logPath }),
      exitCode: exitCodes.failed,
    };
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    kind: 'bug',
    message: 'this is a bug in initbench',
    hint: 'the details say where',
    details: stack.split('\n'),
    exitCode: exitCodes.failed,
  };
}

type Places = Pick<Workspace, 'cache' | 'state' | 'root'>;

/** Written to by whatever we do. */
const placesOf = ({ cache, state }: Places): readonly Place[] => [
  { folder: cache, variable: 'INITBENCH_CACHE' },
  { folder: state, variable: 'INITBENCH_STATE' },
  { folder: tmpdir(), variable: 'TMPDIR' },
];

/** And what may have been: the checkout, a folder that was named for a copy. */
const allPlacesOf = (workspace: Places, file: string | undefined): readonly Place[] => [
  ...placesOf(workspace),
  { folder: workspace.root },
  ...(file === undefined ? [] : [{ folder: path.dirname(file) }]),
];

/** The document that stands for a product when there is none. */
export const errorDocument = document(
  'initbench.error/1',
  'printed in place of any document: what ended the command',
  object({ ...failureSchema.unwrap().shape, exitCode: number }),
);

format(
  'initbench.event/1',
  'a line of --jsonl: each event as it comes, in the end the document',
  z.union([
    workEventSchema,
    object({ type: z.literal('result'), result: z.unknown() }),
    object({ type: z.literal('error'), error: errorDocument.schema }),
  ]),
);
