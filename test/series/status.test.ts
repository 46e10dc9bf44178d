// SPDX-License-Identifier: GPL-2.0-only
/** What `series status` says of a series: against the branch, and of what was built, booted and checked. */
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { seriesStatus as status } from '../../src/campaign/status.ts';
import { checkWord, seriesStatus } from '../../src/commands/series-status.ts';
import { productOf } from '../../src/events.ts';
import { kernelFolder, writeKernel } from '../../src/kernel/store.ts';
import { commitSeries } from '../../src/series/apply.ts';
import { type Editing, editSeries } from '../../src/series/edit.ts';
import { readSeries } from '../../src/series/read.ts';
import { refreshSeries } from '../../src/series/refresh.ts';
import { folders } from '../../src/workspace.ts';
import { digest, sampleKernel } from '../boot/machine.ts';
import { restoredForEach, run } from '../tree/sample.ts';
import { amendFile, type Bench, commitFile, makeBench, patchFolder, signal } from './bench.ts';

let bench: Bench;
restoredForEach(async () => {
  bench = await makeBench();
  cpSync('vm', path.join(bench.workspace.root, 'vm'), { recursive: true });
  return bench;
});

const now = () => productOf(status(bench.workspace, 'mine', [], signal));
const branchOf = async () => (await now()).patches.map(({ branch, subject }) => `${branch} ${subject}`);

test('a series nobody edits, one that is edited, and after a refresh', async () => {
  expect((await now()).patches.map(({ branch, built }) => [branch, built])).toEqual([
    [undefined, false],
    [undefined, false],
    [undefined, false],
  ]);
  const {
    path: place,
    commits,
    base,
  } = (await productOf(editSeries(bench.workspace, 'mine', signal))) as Editing;
  expect(await branchOf()).toEqual([
    'same init: name versión b',
    'same init: add new',
    'same init: return 1',
  ]);
  amendFile(place, 'init/new.c', 'int x;\nint y;\n', commits[1]!, base);
  commitFile(place, 'init/more.c', 'int more;\n', 'init: more');
  writeFileSync(path.join(place, 'init/new.c'), 'half\n');
  expect(await branchOf()).toEqual([
    'same init: name versión b',
    'changed init: add new',
    'same init: return 1',
    'new init: more',
  ]);
  const text = seriesStatus.text(await now(), 80);
  expect(text).toContain('in no commit: init/new.c');
  expect(text.join('\n')).toMatch(/\n - {2}new +- +- +- +init: more/);
  run(place, 'git', 'checkout', '-q', '.');
  await productOf(refreshSeries(bench.workspace, 'mine', { overwrite: false }, signal));
  expect(new Set((await now()).patches.map(({ branch }) => branch))).toEqual(new Set(['same']));
  const file = path.join(patchFolder(bench.workspace), '0002-init-add-new.patch');
  writeFileSync(file, readFileSync(file, 'utf8').replace('+int y;', '+int yy;'));
  expect((await now()).patchesChanged).toBe(true);
  await expect(productOf(status(bench.workspace, 'other', [], signal))).rejects.toThrow(
    "no series is called 'other'",
  );
});

test.each([
  [{ pass: 0, fail: 0, open: 0 }, '-'],
  [{ pass: 0, fail: 0, open: 9 }, 'not yet'],
  [{ pass: 9, fail: 0, open: 0 }, 'pass'],
  [{ pass: 3, fail: 0, open: 6 }, '3 pass, 6 open'],
  [{ pass: 3, fail: 1, open: 5 }, '1 fail, 5 open'],
  [{ pass: 8, fail: 1, open: 0 }, '1 fail'],
])('a patch with %o of its questions reads %s', (counts, word) => {
  expect(checkWord(counts)).toBe(word);
});

test('nothing is passed of a series that was never checked', async () => {
  const status = await now();
  expect(status.noCheck).toBeUndefined();
  expect(status.patches.map(({ check }) => [check?.pass, check?.fail])).toEqual(Array(3).fill([0, 0]));
  expect(status.patches.every(({ check }) => check!.open > 0)).toBe(true);
  const text = seriesStatus.text(status, 80).join('\n');
  expect(text.match(/not yet/g)).toHaveLength(3);
  expect(text).not.toContain('pass');
});

test('nothing is made to find out: no guest program, no payload', async () => {
  const { cache } = bench.workspace;
  const makes = () => ['guest', 'payloads'].filter(name => existsSync(path.join(cache, name)));
  expect((await now()).noCheck).toBeUndefined();
  expect(makes()).toEqual([]);
});

test('a kernel of exactly that tree is a build of that patch', async () => {
  const series = await readSeries(bench.workspace, 'mine');
  const commits = (await productOf(commitSeries(bench.workspace, bench.tree, series, signal))) as string[];
  const treeId = run(folders.repository(bench.workspace), 'git', 'rev-parse', `${commits[1]}^{tree}`);
  const folder = kernelFolder(bench.workspace, digest('a'));
  mkdirSync(folder, { recursive: true });
  await writeKernel(folder, sampleKernel(folder, { treeId }));
  expect((await now()).patches.map(({ built }) => built)).toEqual([false, true, false]);
});
