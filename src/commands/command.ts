// SPDX-License-Identifier: GPL-2.0-only
/** A verb as a value: what it takes, what it does, how its product reads. Both front ends are made from these. */
import type { Printed } from '../document.ts';
import type { Work } from '../events.ts';
import type { ExitCode } from '../host/errors.ts';
import type { Workspace } from '../workspace.ts';

/** A flag or a positional word; from it come parser, help and completion. */
export interface Parameter {
  /** '--pad <bytes>', '-n, --dry-run', or for positional words '<name>', '[flow...]' (commander's notation). */
  readonly usage: string;
  readonly summary: string;
  readonly default?: string | boolean | readonly string[];
  /** May be given several times. */
  readonly repeat?: true;
  /** An option that cannot be left out. */
  readonly required?: true;
}

/** What a workbench lists, and a command may leave different. */
export type Changed = 'series' | 'trees' | 'kernels' | 'runs';

export interface Command<Input, Product> {
  /** 'boot', or 'tree add' for a verb of a group. */
  readonly id: string;
  readonly summary: string;
  readonly examples: readonly string[];
  readonly positional: readonly Parameter[];
  readonly options: readonly Parameter[];
  /** Of use in a shell alone: the workbench does not offer it. */
  readonly ofShell?: true;
  /** The guest's console is what the user came for: shown as it comes. */
  readonly liveConsole?: true;
  /** What is to be read again when it has ended, however it did; absent, it only reads. */
  readonly changes?: readonly Changed[];
  /** From what was typed to what it means; nothing is done yet. `rest` is what came after `--`. @throws UserError */
  parse(typed: Typed, workspace: Workspace): Input;
  run(workspace: Workspace, input: Input, signal: AbortSignal): Work<Product>;
  /** The product as lines for a terminal of this width. */
  text(product: Product, width: number): readonly string[];
  /** The product as one JSON document. */
  json(product: Product): Printed;
  /** Ends that are answers: a panic, a conflict, a lost option. Absent means done. 125: a step of git bisect run that
   *  tells nothing. */
  exitCode?(product: Product): ExitCode | 125;
  /** Added to the exit code of an error, where low codes are answers. */
  readonly errorsFrom?: number;
}

/** What was typed: commander's camel-cased option names, positional words in order, the words after `--`. */
export interface Typed {
  readonly options: Readonly<Record<string, unknown>>;
  readonly words: readonly string[];
  readonly rest: readonly string[];
}

/** Erases Input and Product so that commands can stand in one list. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a command knows its own types; the list does not
export type AnyCommand = Command<any, any>;
