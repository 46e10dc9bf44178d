#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-only
/** The process: argv in, signals to an AbortController, the exit code out. The only place that exits. */
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import { surviveLostTerminal } from './host/terminal.ts';
import type { Loaded } from './tui/runner.ts';
import type { Workspace } from './workspace.ts';

const controller = new AbortController();
surviveLostTerminal();
// Once: stop what runs and keep what is finished. Twice: leave at once; the reaper kills what we started.
let signalled = 0;
let lent = false;
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    // it is for the program that has the terminal
    if (name === 'SIGINT' && lent) return;
    if (controller.signal.aborted) process.exit(128 + constants.signals[name]);
    signalled = constants.signals[name];
    controller.abort();
  });
}
/** Why a result is not where it was to be: the disk behind a redirection is full. */
let unwritten: Error | undefined;
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') unwritten ??= error;
    controller.abort();
  });
}

// An error that nobody waits for leaves the work in an unknown state: what is left of it is the reaper's.
process.once('uncaughtException', error => void reported(error).then(code => process.exit(code)));

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const argv = process.argv.slice(2);
const workbenchFlags = ['--ascii', '--no-mouse'];

// Loaded as needed: the first frame of the workbench waits for no command.
process.exitCode = await (
  argv.every(word => workbenchFlags.includes(word)) ? openWorkbench() : runCommand()
).catch(reported);
// A file takes what is written at once, and tells of its failure a turn later.
await new Promise(resolve => setImmediate(resolve));
if (unwritten) process.exitCode = await reported(unwritten);

/** The sentence for an error that no command has reported, and its exit code. */
async function reported(error: unknown): Promise<number> {
  const [{ failureLines }, { failureOf }] = await Promise.all([
    import('./cli/run.ts'),
    import('./commands/failure.ts'),
  ]);
  const failure = failureOf(error);
  process.stderr.write(`${failureLines(failure).join('\n')}\n`);
  return failure.exitCode;
}

async function runCommand(): Promise<number> {
  const [{ runCli }, { commandsFor }, typist] = await Promise.all([
    import('./cli/run.ts'),
    import('./commands/verbs.ts'),
    process.stdin.isTTY && argv.includes('--interactive')
      ? import('./cli/typing.ts').then(({ openTypist }) => openTypist(process.stdin))
      : undefined,
  ]);
  const commands = await commandsFor(argv);
  const columns = process.stdout.columns ?? process.stderr.columns ?? Number(process.env.COLUMNS ?? 0);
  return runCli(
    argv,
    commands,
    version,
    async () => (await import('./workspace.ts')).openWorkspace(),
    {
      out: text => void process.stdout.write(text),
      err: text => void process.stderr.write(text),
      errIsTerminal: process.stderr.isTTY === true && process.env.TERM !== 'dumb',
      width: columns > 0 ? columns : 100,
      ...(typist && { typist }),
    },
    controller.signal,
  );
}

/** Without arguments, or with those of the workbench alone. */
async function openWorkbench(): Promise<number> {
  if (!process.stdin.isTTY || !process.stdout.isTTY || process.env.TERM === 'dumb') {
    process.stderr.write(
      'initbench: the workbench needs a terminal, and this is none\n' +
        '  use the commands: initbench start, compare, boot, build, ... (initbench --help lists them)\n',
    );
    return 2;
  }
  const { openTui } = await import('./tui/app.ts');
  try {
    await openTui({
      ...{
        input: process.stdin,
        output: process.stdout,
        environment: process.env,
        signal: controller.signal,
      },
      ascii: argv.includes('--ascii'),
      mouse: !argv.includes('--no-mouse'),
      others: [process.stdout, process.stderr].filter(stream => stream.isTTY),
      ...{ load, recall, keep, save, lendTo, ask, editor, programOf, suspend },
    });
  } catch (error) {
    return reported(error);
  }
  return signalled === 0 ? 0 : 130;
}

async function load(): Promise<Loaded> {
  const [{ commands }, { openWorkspace }, { readInvocation }] = await Promise.all([
    import('./commands/index.ts'),
    import('./workspace.ts'),
    import('./cli/parser.ts'),
  ]);
  return { workspace: openWorkspace(), commands, parse: words => readInvocation(words, commands, version) };
}

/** A declaration: what is below the await above is needed before it is evaluated. */
function keptFile(workspace: Workspace): string {
  return path.join(workspace.state, 'workbench.json');
}

async function recall(workspace: Workspace): Promise<string | undefined> {
  const { readIfThere } = await import('./host/files.ts');
  return readIfThere(keptFile(workspace));
}

async function keep(workspace: Workspace, text: string): Promise<void> {
  const { writeWhole } = await import('./host/files.ts');
  await writeWhole(keptFile(workspace), `${text}\n`);
}

async function save(workspace: Workspace, name: string, text: string): Promise<string> {
  const [{ mkdir }, { writeWhole }, { folders }] = await Promise.all([
    import('node:fs/promises'),
    import('./host/files.ts'),
    import('./workspace.ts'),
  ]);
  const folder = folders.reports(workspace);
  await mkdir(folder, { recursive: true });
  await writeWhole(path.join(folder, name), text);
  return path.join(folder, name);
}

async function lendTo(words: readonly string[], cwd: string): Promise<void> {
  const { lendTerminal } = await import('./host/exec.ts');
  lent = true;
  try {
    await lendTerminal(words, cwd);
  } finally {
    lent = false;
  }
}

async function ask(words: readonly string[], input: string): Promise<string> {
  const { capture } = await import('./host/exec.ts');
  return capture(words, { stdin: input, signal: controller.signal });
}

/** GIT_EDITOR, core.editor, VISUAL, EDITOR, vi: in git's order, by git. */
async function editor(): Promise<string> {
  const { capture } = await import('./host/exec.ts');
  return capture(['git', 'var', 'GIT_EDITOR'], { signal: controller.signal });
}

async function programOf(name: string): Promise<string> {
  const host = await import('./host/program.ts');
  return host.programOf(name);
}

/** The whole foreground group stops, npm or a wrapper in front of us included. Where nobody can make us go on, the
 *  kernel does not stop us; either way the timer expires when we run. */
async function suspend(): Promise<void> {
  process.kill(0, 'SIGTSTP');
  await new Promise(resolve => setTimeout(resolve, 100));
}
