// SPDX-License-Identifier: GPL-2.0-only
/** A verb as a value: what it takes, what it does, how its product reads. Both front ends are made from these. */
import type { Printed } from '../document.ts';
import type { Work } from '../events.ts';
import type { ExitCode } from '../host/errors.ts';
import type { Workspace } from '../workspace.ts';
import { choice, type Type } from './typed.ts';

/** A positional word; from it and from the options come parser, help, manual page and completion. */
export interface Parameter {
  /** '--pad <bytes>', '-n, --dry-run', or for positional words '<name>', '[flow...]' (commander's notation). */
  readonly usage: string;
  readonly summary: string;
  /** As a user would type it. */
  readonly default?: string;
}

export interface Option extends Parameter {
  /** How its text is read. Default: as it is. */
  readonly type?: Type<unknown>;
  /** All that may stand there. */
  readonly choices?: readonly string[];
  /** May be given several times. */
  readonly repeat?: true;
  /** Cannot be left out. */
  readonly required?: true;
}

/** What a workbench lists, and a command may leave different. */
export type Changed = 'series' | 'trees' | 'kernels' | 'runs';

interface Verb<Input, Product> {
  /** 'boot', or 'tree add' for a verb of a group. */
  readonly id: string;
  readonly summary: string;
  readonly examples: readonly string[];
  /** Of use in a shell alone: the workbench does not offer it. */
  readonly ofShell?: true;
  /** The guest's console is what the user came for: shown as it comes. */
  readonly liveConsole?: true;
  /** What is to be read again when it has ended, however it did; absent, it only reads. */
  readonly changes?: readonly Changed[];
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

export interface Command<Input, Product> extends Verb<Input, Product> {
  readonly positional: readonly Parameter[];
  readonly options: readonly Option[];
  /** From what was typed to what it means; nothing is done yet. @throws UserError */
  parse(typed: Typed, workspace: Workspace): Input;
}

/** What was typed: commander's camel-cased option names with their texts, positional words in order, the words after
 *  `--`. */
export interface Typed {
  readonly options: Readonly<Record<string, unknown>>;
  readonly words: readonly string[];
  readonly rest: readonly string[];
}

/** Erases Input and Product so that commands can stand in one list. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a command knows its own types; the list does not
export type AnyCommand = Command<any, any>;

/** 'dryRun' of '-n, --dry-run', 'diskRate' of '--disk-rate <MB/s>' */
type NameOf<Usage extends string> = Usage extends `${string}--${infer Rest}`
  ? Rest extends `${infer Long} ${string}`
    ? Camel<Long>
    : Camel<Rest>
  : never;
type Camel<Long extends string> = Long extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : Long;

type Read<One extends Option> = One extends { readonly type: Type<infer Value> }
  ? Value
  : One extends { readonly choices: readonly (infer Choice)[] }
    ? Choice
    : string;
type ValueOf<One extends Option> = One['usage'] extends `${string}<${string}`
  ? One extends { readonly repeat: true }
    ? readonly Read<One>[]
    : One extends { readonly default: string } | { readonly required: true }
      ? Read<One>
      : Read<One> | undefined
  : One['usage'] extends `${string}[${string}`
    ? Read<One> | true | undefined
    : boolean;

/** By name: a flag is true or false, what takes a value has that of its type. */
export type Values<Options extends readonly Option[]> = {
  readonly [One in Options[number] as NameOf<One['usage']>]: ValueOf<One>;
};

type WordsOf<Positional extends readonly Parameter[]> = Positional extends readonly [
  infer First extends Parameter,
  ...infer Others extends readonly Parameter[],
]
  ? First['usage'] extends `[${string}...]`
    ? readonly string[]
    : First['usage'] extends `<${string}`
      ? readonly [string, ...WordsOf<Others>]
      : readonly [string?, ...WordsOf<Others>]
  : readonly [];

/** A command as it is written: `parse` gets values, whose types follow from what the command takes. */
interface Written<
  Positional extends readonly Parameter[],
  Options extends readonly Option[],
  Input,
  Product,
> extends Verb<Input, Product> {
  readonly positional?: Positional;
  readonly options?: Options;
  /** `rest` is what came after `--`. @throws UserError */
  parse(
    typed: {
      readonly options: Values<Options>;
      readonly words: WordsOf<Positional>;
      readonly rest: readonly string[];
    },
    workspace: Workspace,
  ): Input;
}

export function command<
  const Positional extends readonly Parameter[] = readonly [],
  const Options extends readonly Option[] = readonly [],
  Input = never,
  Product = never,
>(written: Written<Positional, Options, Input, Product>): Command<Input, Product> {
  const { positional = [], options = [] } = written;
  return {
    ...written,
    positional,
    options,
    parse({ options: given, words, rest }, workspace) {
      const values = Object.fromEntries(options.map(option => [nameOf(option), valueOf(option, given)]));
      // the one place where what commander collected becomes what the types above say of it
      return written.parse(
        { options: values as Values<Options>, words: words as unknown as WordsOf<Positional>, rest },
        workspace,
      );
    },
  };
}

/** '--dry-run' of '-n, --dry-run' */
export const longOf = ({ usage }: Option): string => /--[a-z][\w-]*/.exec(usage)![0];

const nameOf = (option: Option): string =>
  longOf(option)
    .slice(2)
    .replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());

/** @throws UserError when its text cannot be read */
function valueOf(option: Option, given: Typed['options']): unknown {
  const { usage, choices, default: otherwise, repeat } = option;
  const type = option.type ?? (choices ? choice(choices) : (text: string) => text);
  const typed = given[nameOf(option)] ?? otherwise;
  const read = (text: unknown) => (typeof text === 'string' ? type(text, longOf(option)) : text);
  if (repeat) return (Array.isArray(typed) ? typed : []).map(read);
  return /[<[]/.test(usage) ? read(typed) : typed === true;
}
