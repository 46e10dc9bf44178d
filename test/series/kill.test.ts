// SPDX-License-Identifier: GPL-2.0-only
/** kill -9 of the program itself, at many moments of a refresh and a rebase: whatever is left, nothing is lost. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { productOf } from '../../src/events.ts';
import { type Editing, editSeries } from '../../src/series/edit.ts';
import { undo } from '../../src/series/operations.ts';
import { abortRebase, continueRebase, waitingRebase } from '../../src/series/rebase.ts';
import { refreshSeries } from '../../src/series/refresh.ts';
import { addTree } from '../../src/tree/trees.ts';
import { folders } from '../../src/workspace.ts';
import { restoredForEach, run } from '../tree/sample.ts';
import { type Bench, commitFile, filesIn, makeBench, patchFolder, signal } from './bench.ts';

/** Moments of a command that takes half a second and more: milliseconds after its start. */
const moments =
  process.env.INITBENCH_TEST_ALL === '1'
    ? Array.from({ length: 40 }, (_, index) => 150 + 40 * index)
    : [300, 500, 700, 900, 1200];

let bench: Bench;
let place: string;
let tip: string;
restoredForEach(async () => {
  bench = await makeBench();
  // The program with this checkout as its own.
  cpSync('dist', path.join(bench.workspace.root, 'dist'), { recursive: true });
  cpSync('package.json', path.join(bench.workspace.root, 'package.json'));
  symlinkSync(path.resolve('node_modules'), path.join(bench.workspace.root, 'node_modules'));
  ({ path: place } = (await productOf(editSeries(bench.workspace, 'mine', signal))) as Editing);
  tip = commitFile(place, 'init/more.c', 'int more;\n', 'init: more');
  return bench;
});

/** Whether it was killed before it ended. */
async function killed(after: number, ...words: string[]): Promise<boolean> {
  const child = spawn(process.execPath, [path.join(bench.workspace.root, 'dist/main.js'), ...words], {
    env: { ...process.env, ...bench.workspace.environment },
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  const timer = setTimeout(() => child.kill('SIGKILL'), after);
  const [code] = (await ended) as [number | null];
  clearTimeout(timer);
  return code === null;
}
const rest = () => path.join(folders.series(bench.workspace), 'mine');
const refresh = () => productOf(refreshSeries(bench.workspace, 'mine', { overwrite: false }, signal));

test('a refresh is there whole or not at all, and taken back whole', async () => {
  const before = filesIn(patchFolder(bench.workspace));
  await refresh();
  const after = filesIn(patchFolder(bench.workspace));
  await productOf(undo(bench.workspace, 'mine', signal));
  let kills = 0;
  for (const moment of moments) {
    if (await killed(moment, 'series', 'refresh', 'mine')) kills++;
    await refresh();
    expect(filesIn(patchFolder(bench.workspace))).toEqual(after);
    await productOf(undo(bench.workspace, 'mine', signal));
    expect(filesIn(patchFolder(bench.workspace))).toEqual(before);
    expect(existsSync(path.join(rest(), 'pending.json'))).toBe(false);
  }
  expect(kills).toBeGreaterThan(0);
  expect(run(place, 'git', 'rev-parse', 'series/mine')).toBe(tip);
}, 300_000);

test('a rebase goes on or is dropped; the branch is one or the other', async () => {
  run(bench.clone, 'git', 'checkout', '-q', '-b', 'next', bench.tree.commit);
  commitFile(bench.clone, 'init/other.c', 'int other;\n', 'init: other');
  const source = { kind: 'git', location: bench.clone, revision: 'next' } as const;
  await productOf(addTree(bench.workspace, 'next', source, signal));
  const files = ['version.c', 'new.c', 'main.c', 'more.c'];
  let kills = 0;
  for (const [index, moment] of moments.entries()) {
    if (await killed(moment, 'series', 'rebase', 'mine', '--onto', 'next')) kills++;
    const waits = (await waitingRebase(bench.workspace, 'mine')) !== undefined;
    if (waits && index % 2 === 0) {
      await productOf(abortRebase(bench.workspace, 'mine', signal)).catch((error: unknown) => {
        // Done but for the last word.
        expect(String(error)).toContain('is done');
        return productOf(continueRebase(bench.workspace, 'mine', signal));
      });
    } else if (waits) {
      expect(await productOf(continueRebase(bench.workspace, 'mine', signal))).toMatchObject({
        kind: 'rebased',
      });
    }
    expect(await waitingRebase(bench.workspace, 'mine')).toBeUndefined();
    const { path: again } = (await productOf(editSeries(bench.workspace, 'mine', signal))) as Editing;
    expect(again).toBe(place);
    expect(run(place, 'git', 'status', '-sb')).toBe('## series/mine');
    for (const file of files) expect(existsSync(path.join(place, 'init', file))).toBe(true);
    expect(run(place, 'git', 'log', '-1', '--format=%s')).toBe('init: more');
    const moved = existsSync(path.join(place, 'init/other.c'));
    if (moved) await productOf(undo(bench.workspace, 'mine', signal));
    expect(run(place, 'git', 'rev-parse', 'HEAD')).toBe(tip);
    expect(run(place, 'git', 'status', '--short')).toBe('');
  }
  expect(kills).toBeGreaterThan(0);
}, 300_000);
