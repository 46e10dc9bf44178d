// SPDX-License-Identifier: GPL-2.0-only
/** argv to a command and its input: a commander program made from the table of commands. */
import { Command as Program, CommanderError, Option as ProgramOption } from 'commander';
import { UserError } from '../host/errors.ts';
import type { AnyCommand, Option, Typed } from '../commands/command.ts';
import { commonOptions, verboseOption } from '../commands/options.ts';

export interface Invocation {
  readonly command: AnyCommand;
  readonly typed: Typed;
  readonly output: 'plain' | 'json' | 'jsonl';
  readonly verbose: number;
  readonly quiet: boolean;
}

export interface ParserOptions {
  readonly version: string;
  readonly writeOut: (text: string) => void;
  readonly writeErr: (text: string) => void;
}

/** Undefined when help or the version was asked for and printed. @throws CommanderError on a usage error */
export function parseArguments(
  argv: readonly string[],
  commands: readonly AnyCommand[],
  options: ParserOptions,
): Invocation | undefined {
  let invocation: Invocation | undefined;
  const split = argv.indexOf('--');
  const words = split < 0 ? argv : argv.slice(0, split);
  const rest = split < 0 ? [] : argv.slice(split + 1);

  const program = configured(new Program('initbench'), options)
    .description(
      'Workbench for in-kernel initoverlayfs: patch, build, boot and compare kernels side by side.\n' +
        'Without a command it opens on the whole screen (--ascii, --no-mouse).',
    )
    .version(options.version, '--version', 'print the version')
    .showHelpAfterError('(initbench --help shows the commands)')
    // In 'bisect step --flow x' the option is that of step, though bisect has one of that name.
    .enablePositionalOptions();
  // A group's own name may be a command, too; it comes first in the list.
  const groups = new Map<string, Program>();
  for (const command of commands) {
    const [first, second] = command.id.split(' ');
    let parent = program;
    if (second !== undefined) {
      parent = groups.get(first!) ?? program.command(first!).description(groupSummary(first!, commands));
      configured(parent, options);
      groups.set(first!, parent);
    }
    const sub = configured(parent.command(second ?? first!), options).summary(command.summary);
    sub.enablePositionalOptions();
    sub.description(command.summary);
    if (second === undefined) groups.set(first!, sub);
    for (const parameter of command.positional) sub.argument(parameter.usage, parameter.summary);
    for (const parameter of command.options) sub.addOption(optionOf(parameter));
    for (const parameter of commonOptions) {
      const option = optionOf(parameter);
      // it counts
      if (parameter === verboseOption) option.argParser((_, n: number) => n + 1).default(0, '0');
      sub.addOption(option);
    }
    sub.addHelpText(
      'after',
      `\nExamples:\n${command.examples.map(example => `  $ initbench ${example}`).join('\n')}`,
    );
    sub.action((...args: unknown[]) => {
      const all = sub.opts<Record<string, unknown>>();
      invocation = {
        command,
        typed: {
          options: all,
          words: args
            .slice(0, command.positional.length)
            .flat()
            .filter(word => word !== undefined) as string[],
          rest,
        },
        output: all.jsonl ? 'jsonl' : all.json ? 'json' : 'plain',
        verbose: all.verbose as number,
        quiet: all.quiet === true,
      };
    });
  }
  try {
    program.parse(words, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return undefined;
    throw error;
  }
  return invocation;
}

/** As parseArguments(), for a front end without stdout: what would be printed is the answer, or the error.
 *  @throws UserError on a usage error */
export function readInvocation(
  argv: readonly string[],
  commands: readonly AnyCommand[],
  version: string,
): Pick<Invocation, 'command' | 'typed'> | { readonly text: string } {
  let out = '';
  let err = '';
  try {
    const options = {
      version,
      writeOut: (text: string) => void (out += text),
      writeErr: (text: string) => void (err += text),
    };
    return parseArguments(argv, commands, options) ?? { text: out };
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    throw usageError(err);
  }
}

/** What commander has printed, as an error of ours. */
export function usageError(printed: string): UserError {
  const [message = '', ...hint] = printed
    .trim()
    .split('\n')
    .filter(line => line !== '');
  return new UserError(message.replace(/^error: /, ''), { hint: hint.at(-1) ?? 'initbench --help' });
}

function configured(program: Program, options: ParserOptions): Program {
  return program
    .exitOverride()
    .configureOutput({ writeOut: options.writeOut, writeErr: options.writeErr })
    .configureHelp({ showGlobalOptions: false });
}

function optionOf(parameter: Option): ProgramOption {
  const option = new ProgramOption(parameter.usage, parameter.summary);
  if (parameter.default !== undefined) option.default(parameter.default);
  if (parameter.required) option.makeOptionMandatory();
  if (parameter.repeat) {
    option.argParser((value: string, before: readonly string[] | undefined) => [...(before ?? []), value]);
  }
  return option;
}

const groupSummary = (group: string, commands: readonly AnyCommand[]): string =>
  `${commands
    .filter(command => command.id.startsWith(`${group} `))
    .map(command => command.id.slice(group.length + 1))
    .join(', ')} a ${group}`;
