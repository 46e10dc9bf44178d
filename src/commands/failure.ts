// SPDX-License-Identifier: GPL-2.0-only
/** What ended work that did not end by itself, as a value to be shown: the sentence, what to do, where to look. */
import { environmentProblem } from '../host/environment.ts';
import { type ExitCode, exitCodes, Interrupted, ToolError, UserError } from '../host/errors.ts';
import { shellQuote } from './words.ts';

export interface Failure {
  readonly kind: 'user' | 'tool' | 'interrupted' | 'bug';
  readonly message: string;
  readonly hint?: string;
  /** The last lines of the program that failed, or the stack of our bug. */
  readonly details: readonly string[];
  readonly log?: string;
}

export function failureOf(error: unknown): Failure & { readonly exitCode: ExitCode } {
  if (error instanceof Interrupted) {
    const { interrupted: exitCode } = exitCodes;
    return { kind: 'interrupted', message: 'interrupted; finished runs are kept', details: [], exitCode };
  }
  const user = error instanceof UserError ? error : environmentProblem(error);
  if (user) {
    const { hint, exitCode } = user;
    const [message, ...details] = user.message.split('\n');
    return { kind: 'user', message: message!, ...(hint && { hint }), details, exitCode };
  }
  if (error instanceof ToolError) {
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

/** The document that stands for a product when there is none. */
export const errorDocument = (failure: Failure, exitCode: number) => ({
  schema: 'initbench.error/1',
  ...failure,
  exitCode,
});
