// SPDX-License-Identifier: GPL-2.0-only
/** One invocation from argv to exit code: parse, run the command, feed the readers, print the product or the error. */
import { CommanderError } from 'commander';
import type { AnyCommand } from '../commands/command.ts';
import { sanitise, type WorkEvent } from '../events.ts';
import {
  environmentProblem,
  type ExitCode,
  exitCodes,
  Interrupted,
  ToolError,
  UserError,
} from '../host/errors.ts';
import { shellQuote } from '../commands/words.ts';
import type { Workspace } from '../workspace.ts';
import { type Invocation, parseArguments } from './parser.ts';
import { plainReporter, type Reporter } from './plain.ts';
import type { Typist } from './typing.ts';

export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly errIsTerminal: boolean;
  readonly width: number;
  /** Absent where there are no keys to be had: stdin is no terminal. */
  readonly typist?: Typist;
}

export async function runCli(
  argv: readonly string[],
  commands: readonly AnyCommand[],
  version: string,
  open: () => Workspace | Promise<Workspace>,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  let invocation: Invocation | undefined;
  try {
    invocation = parseArguments(argv, commands, { version, writeOut: terminal.out, writeErr: terminal.err });
  } catch (error) {
    if (error instanceof CommanderError) return (namedBy(argv, commands)?.errorsFrom ?? 0) + exitCodes.usage;
    throw error;
  }
  if (!invocation) return exitCodes.done;
  const { command, typed, output } = invocation;
  const reporter = readerFor(invocation, terminal);
  try {
    if (typed.options.interactive === true && typed.options.dryRun !== true && !terminal.typist) {
      throw new UserError('nobody can type: standard input is no terminal', {
        hint: 'call it from one, or leave out --interactive',
      });
    }
    const workspace = await open();
    const input: unknown = command.parse(typed, workspace);
    const work = command.run(workspace, input, signal);
    for (;;) {
      const next = await work.next();
      if (!next.done) {
        reporter.event(next.value);
        typing(next.value, terminal, reporter);
        continue;
      }
      terminal.typist?.detach();
      reporter.end();
      const product: unknown = next.value;
      if (output === 'json') terminal.out(`${JSON.stringify(command.json(product), null, 2)}\n`);
      else if (output === 'jsonl')
        terminal.out(`${JSON.stringify({ type: 'result', result: command.json(product) })}\n`);
      else for (const line of command.text(product, terminal.width)) terminal.out(`${sanitise(line)}\n`);
      return command.exitCode?.(product) ?? exitCodes.done;
    }
  } catch (error) {
    terminal.typist?.detach();
    reporter.end();
    if (signal.aborted || error instanceof Interrupted) {
      terminal.err('interrupted; finished runs are kept\n');
      return exitCodes.interrupted;
    }
    return (command.errorsFrom ?? 0) + reportError(error, terminal);
  }
}

/** Where a console may be typed into, the keys go there. */
function typing(event: WorkEvent, { typist }: Terminal, reporter: Reporter): void {
  if (event.type === 'boot-ended') typist?.detach();
  if (event.type !== 'typable' || !typist) return;
  const say = (message: string) => reporter.event({ job: event.job, type: 'notice', level: 'info', message });
  say('your keys go to the guest; Ctrl-] takes them back');
  typist.attach(event.socket, say);
}

/** The command whose words argv begins with, however the rest reads. */
function namedBy(argv: readonly string[], commands: readonly AnyCommand[]): AnyCommand | undefined {
  const named = commands.filter(({ id }) => id.split(' ').every((word, index) => argv[index] === word));
  return named.sort((a, b) => b.id.length - a.id.length)[0];
}

function readerFor(invocation: Invocation, terminal: Terminal): Reporter {
  if (invocation.output === 'jsonl') {
    return { event: (event: WorkEvent) => terminal.out(`${JSON.stringify(event)}\n`), end: () => {} };
  }
  return plainReporter({
    write: terminal.err,
    ...(invocation.command.liveConsole && invocation.output === 'plain' && { console: terminal.out }),
    isTerminal: terminal.errIsTerminal,
    width: terminal.width,
    verbose: invocation.verbose,
    quiet: invocation.quiet,
  });
}

function reportError(error: unknown, terminal: Terminal): ExitCode {
  if (error instanceof UserError) {
    const lines = error.message.split('\n').map(sanitise);
    terminal.err(`initbench: ${lines.join('\n')}\n`);
    if (error.hint) terminal.err(`  ${sanitise(error.hint)}\n`);
    return error.exitCode;
  }
  const said = environmentProblem(error);
  if (said) {
    terminal.err(`initbench: ${sanitise(said.message)}\n  ${said.hint}\n`);
    return exitCodes.environment;
  }
  if (error instanceof ToolError) {
    terminal.err(`initbench: ${sanitise(error.message)}\n`);
    for (const line of error.lastLines.slice(-12)) terminal.err(`  | ${sanitise(line)}\n`);
    terminal.err(`  command: ${sanitise(shellQuote(error.argv))}\n`);
    if (error.logPath) terminal.err(`  log: ${error.logPath}\n`);
    return exitCodes.failed;
  }
  terminal.err(
    `initbench: this is a bug in initbench: ${error instanceof Error ? error.stack : String(error)}\n`,
  );
  return exitCodes.failed;
}
