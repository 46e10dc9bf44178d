// SPDX-License-Identifier: GPL-2.0-only
/** A send that is killed with SIGKILL while the server takes its time: what had gone stays gone, the rest follows. */
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { productOf } from '../../src/events.ts';
import { sendSeries } from '../../src/submit/send.ts';
import { submissionFiles } from '../../src/submit/submission.ts';
import { discard, type Sample } from '../tree/sample.ts';
import {
  configureGit,
  exportMine,
  makeMailSample,
  type Server,
  signal,
  smtpSettings,
  startServer,
} from './sample.ts';

let sample: Sample;
let server: Server;
let restore: () => void;

beforeEach(async () => {
  sample = await makeMailSample();
  server = await startServer();
  restore = configureGit(sample, smtpSettings(server));
});
afterEach(async () => {
  restore();
  await server.close();
  discard(sample);
});

/** The same work in a process of its own. */
const script = `
  import { sendSeries } from ${JSON.stringify(path.resolve('dist/submit/send.js'))};
  import { openWorkspace } from ${JSON.stringify(path.resolve('dist/workspace.js'))};
  const workspace = openWorkspace(process.env, process.env.SAMPLE_ROOT);
  const work = sendSeries(workspace, { series: 'mine', mode: 'send' }, new AbortController().signal);
  for (let step = await work.next(); !step.done; step = await work.next());`;

test('a send that was killed goes on: every mail arrives, none with other bytes', async () => {
  const { workspace } = sample;
  await exportMine(sample);
  await productOf(sendSeries(workspace, { series: 'mine', mode: 'dry-run' }, signal));
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...workspace.environment,
      GIT_CONFIG_GLOBAL: process.env.GIT_CONFIG_GLOBAL,
      SAMPLE_ROOT: workspace.root,
    },
  });
  const ended = new Promise(resolve => child.once('exit', resolve));
  while (server.received.length < 2 && child.exitCode === null)
    await new Promise(resolve => setTimeout(resolve, 20));
  child.kill('SIGKILL');
  await ended;
  expect(server.received.length).toBeLessThan(4);

  const product = await productOf(sendSeries(workspace, { series: 'mine', mode: 'send' }, signal));
  expect(product.kind).toBe('sent');
  const { dryRun } = submissionFiles(workspace, 'mine', 1);
  const shown = readdirSync(dryRun)
    .filter(name => name.endsWith('.patch'))
    .sort()
    .map(name => readFileSync(path.join(dryRun, name), 'latin1').replaceAll('\n', '\r\n'));
  const arrived = server.received.map(mail => mail.bytes.toString('latin1'));
  expect([...new Set(arrived)]).toEqual(shown);
  // At most the one that was on its way is there twice.
  expect(arrived.length - shown.length).toBeLessThanOrEqual(1);
});
