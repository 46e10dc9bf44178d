// SPDX-License-Identifier: GPL-2.0-only
/** What ended work that did not end by itself, as a value to be shown: the sentence, what to do, where to look. */
import { Interrupted, ToolError, UserError } from '../host/errors.ts';
import { shellQuote } from './words.ts';

export interface Failure {
  readonly kind: 'user' | 'tool' | 'interrupted' | 'bug';
  readonly message: string;
  readonly hint?: string;
  /** The last lines of the program that failed, or the stack of our bug. */
  readonly details: readonly string[];
  readonly log?: string;
}

export function failureOf(error: unknown): Failure {
  if (error instanceof Interrupted) {
    return { kind: 'interrupted', message: 'interrupted; finished runs are kept', details: [] };
  }
  if (error instanceof UserError) {
    const [message, ...details] = error.message.split('\n');
    return { kind: 'user', message: message!, ...(error.hint && { hint: error.hint }), details };
  }
  if (error instanceof ToolError) {
    return {
      kind: 'tool',
      message: error.message,
      hint: `command: ${shellQuote(error.argv)}`,
      details: error.lastLines.slice(-12),
      ...(error.logPath && { log: error.logPath }),
    };
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    kind: 'bug',
    message: 'this is a bug in initbench',
    hint: 'the details say where',
    details: stack.split('\n'),
  };
}
