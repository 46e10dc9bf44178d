// SPDX-License-Identifier: GPL-2.0-only
/** One invocation from argv to exit code: parse, run the command, feed the readers, print the product or the error. */
import { CommanderError } from 'commander';
import type { AnyCommand } from '../commands/command.ts';
import { sanitise, type WorkEvent } from '../events.ts';
import { errorDocument, type Failure, failureOf } from '../commands/failure.ts';
import { exitCodes, Interrupted, UserError } from '../host/errors.ts';
import type { Workspace } from '../workspace.ts';
import { type Invocation, parseArguments, usageError } from './parser.ts';
import { plainReporter, type Reporter } from './plain.ts';
import type { Typist } from './typing.ts';

export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly errIsTerminal: boolean;
  readonly width: number;
  /** Absent where there are no keys to be had: stdin is not a terminal. */
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
  let said = '';
  const writeErr = (text: string) => {
    said += text;
    terminal.err(text);
  };
  try {
    invocation = parseArguments(argv, commands, { version, writeOut: terminal.out, writeErr });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const failure = failureOf(usageError(said));
    return documented(failure, outputOf(argv), namedBy(argv, commands), terminal);
  }
  if (!invocation) return exitCodes.done;
  const { command, typed, output } = invocation;
  const reporter = readerFor(invocation, terminal);
  let workspace: Workspace | undefined;
  try {
    if (typed.options.interactive === true && typed.options.dryRun !== true && !terminal.typist) {
      throw new UserError('--interactive needs a terminal on standard input', {
        hint: 'call it from one, or leave out --interactive',
      });
    }
    workspace = await open();
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
    const failure = failureOf(signal.aborted ? new Interrupted() : error, workspace);
    for (const line of failureLines(failure)) terminal.err(`${line}\n`);
    return documented(failure, output, command, terminal);
  }
}

/** The exit code of a failure, and for programs that read us its document. */
function documented(
  failure: ReturnType<typeof failureOf>,
  output: Invocation['output'],
  command: AnyCommand | undefined,
  terminal: Terminal,
): number {
  const own = failure.kind === 'interrupted' ? 0 : (command?.errorsFrom ?? 0);
  const exitCode = own + failure.exitCode;
  const document = errorDocument.of({ ...failure, exitCode });
  if (output === 'json') terminal.out(`${JSON.stringify(document, null, 2)}\n`);
  if (output === 'jsonl') terminal.out(`${JSON.stringify({ type: 'error', error: document })}\n`);
  return exitCode;
}

/** Where the words could not be read as a whole: what was to be printed. */
function outputOf(argv: readonly string[]): Invocation['output'] {
  const split = argv.indexOf('--');
  const words = split < 0 ? argv : argv.slice(0, split);
  return words.includes('--jsonl') ? 'jsonl' : words.includes('--json') ? 'json' : 'plain';
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

/** For people: the sentence, what to do, where to look. */
export function failureLines(failure: Failure): string[] {
  return linesOf(failure).map(sanitise);
}

function linesOf({ kind, message, hint, details, log }: Failure): string[] {
  switch (kind) {
    case 'interrupted':
      return [message];
    case 'bug':
      return [`initbench: ${message}: ${details[0] ?? ''}`, ...details.slice(1)];
    case 'tool':
      return [
        `initbench: ${message}`,
        ...details.map(line => `  | ${line}`),
        ...(hint ? [`  ${hint}`] : []),
        ...(log ? [`  log: ${log}`] : []),
      ];
    default:
      return [`initbench: ${message}`, ...details, ...(hint ? [`  ${hint}`] : [])];
  }
}
