// SPDX-License-Identifier: GPL-2.0-only
/** What is exported, in the hands of b4 as Debian has it, without a network; only with INITBENCH_TEST_ALL. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Exported } from '../../src/submit/export.ts';
import { discard, run, type Sample } from '../tree/sample.ts';
import { configureGit, exportMine, makeMailSample } from './sample.ts';

const all = process.env.INITBENCH_TEST_ALL === '1';
let sample: Sample & { clone: string };
let exported: Exported;
let restore: () => void;

beforeEach(async () => {
  if (!all) return;
  sample = await makeMailSample();
  restore = configureGit(sample, '');
  exported = await exportMine(sample, { rfc: true, signoff: true });
  run(sample.clone, 'git', 'checkout', '-q', '-B', 'applied', 'HEAD~3');
});
afterEach(() => {
  if (!all) return;
  restore();
  discard(sample);
});

const b4 = (...words: string[]) =>
  execFileSync('b4', words, {
    cwd: sample.clone,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      XDG_CACHE_HOME: path.join(sample.folder, 'b4'),
      XDG_DATA_HOME: path.join(sample.folder, 'b4'),
    },
  });
const treeOf = (revision: string) => run(sample.clone, 'git', 'rev-parse', `${revision}^{tree}`);
const id = () => exported.submission.mails[0]!.messageId;

test.skipIf(!all)('b4 am and git am give the tree of the series', () => {
  const out = path.join(sample.folder, 'am');
  mkdirSync(out);
  b4('--offline-mode', 'am', '-m', exported.files.thread, '-o', out, id());
  const mbx = readdirSync(out).find(name => name.endsWith('.mbx'))!;
  run(sample.clone, 'git', 'am', '-q', path.join(out, mbx));
  expect(treeOf('HEAD')).toBe(treeOf('master'));
});

test.skipIf(!all)('b4 shazam gives the tree of the series', () => {
  b4('--offline-mode', 'shazam', '-m', exported.files.thread, id());
  expect(treeOf('HEAD')).toBe(treeOf('master'));
});

test.skipIf(!all)('b4 prep takes the branch, and what it exports gives the tree again', () => {
  run(sample.clone, 'git', 'checkout', '-q', '-b', 'mine', 'master');
  b4('--offline-mode', 'prep', '-e', 'applied');
  expect(treeOf('HEAD')).toBe(treeOf('master'));
  const out = path.join(sample.folder, 'prep');
  b4('--offline-mode', 'prep', '-p', out);
  run(sample.clone, 'git', 'checkout', '-q', 'applied');
  const patches = readdirSync(out)
    .filter(name => !name.includes('0000'))
    .sort();
  expect(patches).toHaveLength(3);
  run(sample.clone, 'git', 'am', '-q', ...patches.map(name => path.join(out, name)));
  expect(treeOf('HEAD')).toBe(treeOf('master'));
});
