#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-only
/** The process: argv in, signals to an AbortController, the exit code out. The only place that exits. */
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { runCli } from './cli/run.ts';
import { commands } from './commands/index.ts';
import { exitCodes } from './host/errors.ts';
import { openWorkspace } from './workspace.ts';

const controller = new AbortController();
// Once: stop what runs and keep what is finished. Twice: leave at once; the reaper kills what we started.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    if (controller.signal.aborted) process.exit(128 + constants.signals[name]);
    controller.abort();
  });
}
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') controller.abort();
  });
}

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const columns = process.stdout.columns ?? process.stderr.columns ?? Number(process.env.COLUMNS ?? 0);

process.exitCode = await runCli(
  process.argv.slice(2),
  commands,
  version,
  () => openWorkspace(),
  {
    out: text => void process.stdout.write(text),
    err: text => void process.stderr.write(text),
    errIsTerminal: process.stderr.isTTY === true && process.env.TERM !== 'dumb',
    width: columns > 0 ? columns : 100,
  },
  controller.signal,
).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  return exitCodes.failed;
});
