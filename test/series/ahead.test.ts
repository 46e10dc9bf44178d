// SPDX-License-Identifier: GPL-2.0-only
/** Commits that are not in patches/ yet: whoever makes a kernel of the series is told of them, or has them written. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { seriesStatus as status } from '../../src/campaign/status.ts';
import { seriesStatus } from '../../src/commands/series-status.ts';
import { productOf } from '../../src/events.ts';
import { planKernel } from '../../src/kernel/prepare.ts';
import { type Editing, editSeries } from '../../src/series/edit.ts';
import { readSeries } from '../../src/series/read.ts';
import { rebaseSeries } from '../../src/series/rebase.ts';
import { refreshSeries } from '../../src/series/refresh.ts';
import { trackSeries } from '../../src/series/track.ts';
import { addTree } from '../../src/tree/trees.ts';
import { type Workspace } from '../../src/workspace.ts';
import { discard, restoredForEach, run } from '../tree/sample.ts';
import { amendFile, type Bench, commitFile, makeBench, patchFolder, productAnd, signal } from './bench.ts';

let bench: Bench;
let editing: Editing;
restoredForEach(async () => {
  bench = await makeBench();
  cpSync('vm', path.join(bench.workspace.root, 'vm'), { recursive: true });
  editing = (await productOf(editSeries(bench.workspace, 'mine', signal))) as Editing;
  return bench;
});

/** What is said on the way to a kernel; make is not called. */
const told = async (
  more: { refresh?: boolean; kernel?: string } = {},
  workspace: Workspace = bench.workspace,
) => {
  const request = { kernel: 'mine', tree: 'k', fragments: [], unasked: true, ...more };
  const { notices } = await productAnd(planKernel(workspace, request, signal));
  return notices.filter(message => !message.includes('ccache'));
};
const end = 'the kernel is made from patches/mine; --refresh writes the branch there first';

describe('a branch that is ahead of patches/', () => {
  test.each<[string, () => void, string]>([
    ['a new commit', () => void commitFile(editing.path, 'init/more.c', 'int more;\n', 'init: more'), '1 new ("init: more")'],
    ['a changed one', () => amendFile(editing.path, 'init/new.c', 'int x;\n', editing.commits[1]!, editing.base), '1 changed ("init: add new")'],
    ['only its message', () => void run(editing.path, 'git', 'commit', '-q', '--amend', '-m', 'init: return 1\n\nWhy not.'), '1 changed ("init: return 1")'],
    ['one that is gone', () => void run(editing.path, 'git', 'reset', '-q', '--hard', 'HEAD~1'), '1 dropped ("init: return 1")'],
    ['another order', () => void run(editing.path, 'git', '-c', "sequence.editor=sed -i '1{h;d};2{G}'", 'rebase', '-q', '-i', 'HEAD~2'), '2 moved ("init: return 1", "init: add new")'],
  ])('%s', async (_title, act, what) => {
    act();
    expect(await told()).toEqual([`series/mine is ahead of patches/mine: ${what}: ${end}`]);
    const { ahead } = await productOf(status(bench.workspace, 'mine', [], signal));
    expect(ahead?.length).toBeGreaterThan(0);
    expect(seriesStatus.text(await productOf(status(bench.workspace, 'mine', [], signal)), 80)).toContain(
      `ahead of patches/mine: ${what}`,
    );
  }); // prettier-ignore

  test('nothing is said of one that is not: fresh, refreshed, the same again, of base', async () => {
    expect(await told()).toEqual([]);
    commitFile(editing.path, 'init/more.c', 'int more;\n', 'init: more');
    expect(await told({ kernel: 'base' })).toEqual([]);
    await productOf(refreshSeries(bench.workspace, 'mine', { overwrite: false }, signal));
    expect(await told()).toEqual([]);
    run(editing.path, 'git', '-c', 'user.name=Another', 'commit', '-q', '--amend', '--no-edit');
    expect(await told()).toEqual([]);
    expect((await productOf(status(bench.workspace, 'mine', [], signal))).ahead).toBeUndefined();
  });

  test('with --refresh, or the setting, it is written first, and the kernel is of it', async () => {
    commitFile(editing.path, 'init/more.c', 'int more;\n', 'init: more');
    const treeOf = async (workspace: Workspace, refresh?: boolean) => {
      const request = { kernel: 'mine', tree: 'k', fragments: [], unasked: true, ...(refresh && { refresh }) };
      const planned = await productOf(planKernel(workspace, request, signal));
      return planned.kind === 'build' ? planned.build.worktree.treeId : planned.kind;
    };
    expect(await told({ refresh: true })).toEqual([expect.stringMatching(/^the branch was written to patches\/mine: .*0004-init-more\.patch/)]);
    expect((await readSeries(bench.workspace, 'mine')).patches).toHaveLength(4);
    commitFile(editing.path, 'init/yet.c', 'int yet;\n', 'init: yet more');
    const settings = { ...bench.workspace.settings, refresh: true };
    expect(await treeOf({ ...bench.workspace, settings })).toBe(run(editing.path, 'git', 'rev-parse', 'HEAD^{tree}'));
    expect(await told({ refresh: true })).toEqual([]);
  }); // prettier-ignore

  test('what patches/ has of its own is not written over', async () => {
    commitFile(editing.path, 'init/more.c', 'int more;\n', 'init: more');
    const file = path.join(patchFolder(bench.workspace), '0002-init-add-new.patch');
    writeFileSync(file, readFileSync(file, 'utf8').replace('+int y;', '+int yy;'));
    await expect(told({ refresh: true })).rejects.toThrow('has changed since it was last written');
    expect(readFileSync(file, 'utf8')).toContain('+int yy;');
  });
});

test('what is in no commit is not in the kernel', async () => {
  writeFileSync(path.join(editing.path, 'init/fresh.c'), '');
  writeFileSync(path.join(editing.path, 'init/new.c'), 'half\n');
  expect(await told()).toEqual(['not in any commit of mine, so not in its kernel: init/new.c, init/fresh.c']);
});

test('a series that was moved onto another tree, and not written yet', async () => {
  run(bench.clone, 'git', 'checkout', '-q', '--detach', bench.tree.commit);
  commitFile(bench.clone, 'init/other.c', 'int other;\n', 'other');
  await productOf(addTree(bench.workspace, 'k2', { kind: 'git', location: bench.clone }, signal));
  await productOf(rebaseSeries(bench.workspace, 'mine', 'k2', signal));
  expect(await told()).toEqual([`series/mine is on k2, patches/mine is for k: ${end}`]);
  const request = { kernel: 'mine', tree: 'k', fragments: [], unasked: true, refresh: true };
  const planned = await productOf(planKernel(bench.workspace, request, signal));
  expect(planned).toMatchObject({ kind: 'build', build: { tree: 'k2' } });
});

test("a branch in the user's clone that has moved", async () => {
  run(bench.clone, 'git', 'checkout', '-q', '-b', 'topic', 'HEAD~1');
  const tracked = { path: bench.clone, branch: 'topic', base: bench.tree.commit, name: 'followed' };
  await productOf(trackSeries(bench.workspace, tracked, signal));
  await productOf(refreshSeries(bench.workspace, 'followed', { overwrite: false }, signal));
  const request = { kernel: 'followed' };
  expect(await told(request)).toEqual([]);
  commitFile(bench.clone, 'init/more.c', 'int more;\n', 'init: more');
  expect((await told(request))[0]).toBe(
    `topic of ${bench.clone} has moved since patches/followed was written: ${end.replace('mine', 'followed')}`,
  );
  expect(await told({ ...request, refresh: true })).toHaveLength(1);
  expect((await readSeries(bench.workspace, 'followed')).patches).toHaveLength(3);
  discard({ ...bench, folder: bench.clone });
  expect(await told(request)).toEqual([]);
});
