// SPDX-License-Identifier: GPL-2.0-only
/** Series made of others, and removed: what is there at once, what an undo takes back, what is free again. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync, cpSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { seriesStatus as status } from '../../src/campaign/status.ts';
import { seriesRemove } from '../../src/commands/series-copy.ts';
import { seriesStatus } from '../../src/commands/series-status.ts';
import { seriesList } from '../../src/commands/series.ts';
import { productOf } from '../../src/events.ts';
import { git } from '../../src/host/git.ts';
import { planKernel } from '../../src/kernel/prepare.ts';
import { kernelFolder, writeKernel } from '../../src/kernel/store.ts';
import { applySeries } from '../../src/series/apply.ts';
import { type Editing, editSeries } from '../../src/series/edit.ts';
import { redo, undo } from '../../src/series/operations.ts';
import { copySeries, portSeries } from '../../src/series/port.ts';
import { readSeries, seriesNames } from '../../src/series/read.ts';
import { abortRebase, continueRebase } from '../../src/series/rebase.ts';
import { readRecord } from '../../src/series/record.ts';
import { refreshSeries } from '../../src/series/refresh.ts';
import type { Applied } from '../../src/series/series.ts';
import { addTree } from '../../src/tree/trees.ts';
import { worktreePath } from '../../src/tree/worktree.ts';
import { folders } from '../../src/workspace.ts';
import { digest, sampleKernel } from '../boot/machine.ts';
import { restoredForEach, run } from '../tree/sample.ts';
import {
  type Bench,
  commitFile,
  filesIn,
  makeBench,
  patchFolder,
  productAnd,
  reopened,
  signal,
} from './bench.ts';

let bench: Bench;
restoredForEach(async () => {
  bench = await makeBench();
  cpSync('vm', path.join(bench.workspace.root, 'vm'), { recursive: true });
  mkdirSync(folders.kconfigs(bench.workspace));
  fragment('mine', 'CONFIG_MINE=y\n');
  fragment('verify.mine', 'CONFIG_MINE_TEST=y\n');
  fragment('mine-too', 'CONFIG_OTHER=y\n');
  return bench;
});

const kconfig = (name: string) => path.join(folders.kconfigs(bench.workspace), `${name}.config`);
const fragment = (name: string, text: string) => writeFileSync(kconfig(name), text);
const fragments = () => readdirSync(folders.kconfigs(bench.workspace)).sort();
/** Another tree, on which the series applies, or stops at its third patch. */
const addOther = async (conflict = false) => {
  run(bench.clone, 'git', 'checkout', '-q', '--detach', bench.tree.commit);
  if (conflict)
    commitFile(bench.clone, 'init/main.c', 'int start_kernel(void)\n{\n\treturn 7;\n}\n', 'seven');
  commitFile(bench.clone, 'init/other.c', 'int other;\n', 'other');
  return await productOf(addTree(bench.workspace, 'k2', { kind: 'git', location: bench.clone }, signal));
};
const port = (request: { to?: string; name?: string } = {}) =>
  productOf(portSeries(bench.workspace, { series: 'mine', to: 'k2', ...request }, signal));
const list = async () => seriesList.text(await productOf(seriesList.run(bench.workspace, null, signal)), 80);
const refsThere = () =>
  git(folders.repository(bench.workspace), ['for-each-ref', '--format=%(refname)'], signal);
/** Without what applying a series leaves. */
const editRefs = async () => (await refsThere()).split('\n').filter(ref => !/initbench\/series\//.test(ref));
const nothingOf = async (name: string) => {
  expect(await readRecord(bench.workspace, name)).toBeUndefined();
  expect(existsSync(path.join(folders.series(bench.workspace), name, 'linux'))).toBe(false);
  expect(existsSync(path.join(folders.series(bench.workspace), name, 'rebase.json'))).toBe(false);
  expect(await refsThere()).not.toMatch(new RegExp(`(heads/series|edit)/${name}(/|$)`, 'm'));
  expect(fragments()).toEqual(['mine-too.config', 'mine.config', 'verify.mine.config']);
  expect((await list()).join('\n')).not.toContain(name);
};

describe('series port', () => {
  test('is listed, has its fragments and a status before anything is written', async () => {
    await addOther();
    expect(await port()).toMatchObject({ kind: 'rebased', series: 'mine-k2', tree: 'k2' });
    expect(await list()).toEqual([
      'mine  init: three changes (3 patches, for k)',
      'mine-k2  is edited, for k2, and not in patches/ yet: initbench series refresh mine-k2',
    ]);
    expect(readFileSync(kconfig('mine-k2'), 'utf8')).toBe('CONFIG_MINE=y\n');
    expect(readFileSync(kconfig('verify.mine-k2'), 'utf8')).toBe('CONFIG_MINE_TEST=y\n');
    expect(fragments()).toHaveLength(5);
    const now = await productOf(status(bench.workspace, 'mine-k2', [], signal));
    expect(now.patches.map(({ branch, subject }) => `${branch} ${subject}`)).toEqual([
      'new init: name versión b',
      'new init: add new',
      'new init: return 1',
    ]);
    expect(seriesStatus.text(now, 80)[0]).toBe('mine-k2 on k2');
  });

  test('a kernel of it needs its patches, or --refresh', async () => {
    await addOther();
    await port();
    const request = { kernel: 'mine-k2', tree: 'k2', fragments: [], unasked: true };
    await expect(productOf(planKernel(bench.workspace, request, signal))).rejects.toThrow(
      'mine-k2 is not in patches/ yet',
    );
    const planned = await productOf(planKernel(bench.workspace, { ...request, refresh: true }, signal));
    expect(planned).toMatchObject({ kind: 'build', build: { tree: 'k2', name: 'mine-k2' } });
    expect((await readSeries(reopened(bench), 'mine-k2')).tree).toBe('k2');
    expect(await list()).toHaveLength(2);
  });

  test('one undo takes all of it back, and its name is free; one redo brings it again', async () => {
    await addOther();
    await port();
    expect(await productOf(undo(bench.workspace, 'mine-k2', signal))).toMatchObject({ what: 'port of mine' });
    await nothingOf('mine-k2');
    await productOf(redo(bench.workspace, 'mine-k2', signal));
    expect(await readRecord(bench.workspace, 'mine-k2')).toMatchObject({ tree: 'k2', portOf: 'mine' });
    await productOf(undo(bench.workspace, 'mine-k2', signal));
    expect(await port()).toMatchObject({ kind: 'rebased' });
  });

  test.each([
    ['the tree that it is on', {}, 'k', /mine is on k already/],
    ['the same commit under another name', { name: 'x' }, 'k3', /mine is on k3 already/],
    ['the name of a series', { name: 'mine' }, 'k2', /there is a series called mine/],
    ['a word that is not a name', { name: 'a b' }, 'k2', /'a b' cannot be the name of a series/],
  ])('to %s is refused whole', async (_title, more, to, message) => {
    await addOther();
    const same = { kind: 'git', location: bench.clone, revision: bench.tree.commit } as const;
    await productOf(addTree(bench.workspace, 'k3', same, signal));
    const before = [await editRefs(), fragments(), await list()];
    await expect(port({ to, ...more })).rejects.toThrow(message);
    expect([await editRefs(), fragments(), await list()]).toEqual(before);
    expect(await readRecord(bench.workspace, 'mine-k')).toBeUndefined();
  });

  test('given up at a conflict, it leaves nothing', async () => {
    await addOther(true);
    expect(await port()).toMatchObject({ kind: 'stopped', subject: 'init: return 1' });
    expect((await list()).join('\n')).toContain('mine-k2');
    expect(await productOf(abortRebase(bench.workspace, 'mine-k2', signal))).toMatchObject({ removed: true });
    await nothingOf('mine-k2');
    expect(await port()).toMatchObject({ kind: 'stopped' });
  });

  test('given up with a new file in its worktree, it stays until that is elsewhere', async () => {
    await addOther(true);
    await port();
    const place = path.join(folders.series(bench.workspace), 'mine-k2', 'linux');
    writeFileSync(path.join(place, 'init/note.c'), 'mine\n');
    await expect(productOf(abortRebase(bench.workspace, 'mine-k2', signal))).rejects.toThrow('init/note.c');
    expect(readFileSync(path.join(place, 'init/note.c'), 'utf8')).toBe('mine\n');
  });

  test('resolved at a conflict, it is one operation all the same', async () => {
    await addOther(true);
    await port();
    const place = path.join(folders.series(bench.workspace), 'mine-k2', 'linux');
    writeFileSync(path.join(place, 'init/main.c'), 'int start_kernel(void)\n{\n\treturn 8;\n}\n');
    run(place, 'git', 'add', 'init/main.c');
    expect(await productOf(continueRebase(bench.workspace, 'mine-k2', signal))).toMatchObject({
      kind: 'rebased',
    });
    await productOf(undo(bench.workspace, 'mine-k2', signal));
    await nothingOf('mine-k2');
  });

  test('a fragment that a person has for it already stays', async () => {
    await addOther();
    fragment('mine-k2', 'CONFIG_MINE=y\nCONFIG_OLD=y\n');
    await port();
    expect(readFileSync(kconfig('mine-k2'), 'utf8')).toBe('CONFIG_MINE=y\nCONFIG_OLD=y\n');
    await productOf(undo(bench.workspace, 'mine-k2', signal));
    expect(existsSync(kconfig('mine-k2'))).toBe(true);
  });
});

describe('series copy', () => {
  test('has the same patches, letter, tree and fragments, and none of the replies', async () => {
    writeFileSync(path.join(patchFolder(bench.workspace), 'notes'), 'mine\n');
    writeFileSync(path.join(patchFolder(bench.workspace), 'review'), '');
    writeFileSync(path.join(patchFolder(bench.workspace), 'origin'), 'v1 1 <a@b> - init: name it\n');
    const copied = await productOf(copySeries(bench.workspace, 'mine', 'trial', signal));
    const { review: _, origin: __, ...expected } = filesIn(patchFolder(bench.workspace));
    expect(filesIn(copied.folder)).toEqual({ ...expected, 'series.toml': 'tree = "k"\n' });
    expect(copied.digest).toBe((await readSeries(bench.workspace, 'mine')).digest);
    expect(fragments()).toContain('trial.config');
    expect(fragments()).toContain('verify.trial.config');
    await productOf(undo(bench.workspace, 'trial', signal));
    await nothingOf('trial');
  });

  test.each(['mine', 'base', '-x', '../x'])("to '%s' is refused", async name => {
    const before = filesIn(bench.workspace.root);
    await expect(productOf(copySeries(bench.workspace, 'mine', name, signal))).rejects.toThrow(
      /there is a series called|cannot be the name/,
    );
    expect(filesIn(bench.workspace.root)).toEqual(before);
  });
});

describe('series remove', () => {
  const remove = () => productOf(seriesRemove.run(bench.workspace, { name: 'mine' }, signal));

  test('takes patches, fragments, branch, worktrees and kernels; undo brings back what is not made again', async () => {
    const { path: place } = (await productOf(editSeries(bench.workspace, 'mine', signal))) as Editing;
    const tip = commitFile(place, 'init/more.c', 'int more;\n', 'init: more');
    const series = await readSeries(bench.workspace, 'mine');
    const applied = (await productOf(applySeries(bench.workspace, bench.tree, series, signal))) as Applied;
    const built = path.join(applied.worktree.path, 'build-01234567');
    mkdirSync(built);
    writeFileSync(path.join(built, 'vmlinux'), Buffer.alloc(3 * 2 ** 20, 1));
    const kernel = kernelFolder(bench.workspace, digest('a'));
    mkdirSync(kernel, { recursive: true });
    await writeKernel(kernel, { ...sampleKernel(kernel, {}), name: 'mine', commit: applied.worktree.commit });
    const before = filesIn(bench.workspace.root);

    const { files, freedBytes } = await remove();
    expect(files).toContain('patches/mine/0002-init-add-new.patch');
    expect(files).toContain('kconfigs/verify.mine.config');
    expect(files).not.toContain('kconfigs/mine-too.config');
    expect(freedBytes).toBeGreaterThan(3 * 2 ** 20);
    expect(await seriesNames(bench.workspace)).toEqual([]);
    expect(existsSync(worktreePath(bench.workspace, 'k', 'mine'))).toBe(false);
    expect(existsSync(place)).toBe(false);
    expect(existsSync(kernel)).toBe(false);
    expect(fragments()).toEqual(['mine-too.config']);
    expect(await refsThere()).not.toMatch(/initbench\/series|heads\/series|initbench\/edit/);
    expect(run(folders.repository(bench.workspace), 'git', 'worktree', 'list', '--porcelain')).not.toContain(
      'mine',
    );

    await productOf(undo(bench.workspace, 'mine', signal));
    expect(filesIn(bench.workspace.root)).toEqual(before);
    const again = (await productOf(editSeries(bench.workspace, 'mine', signal))) as Editing;
    expect(run(again.path, 'git', 'rev-parse', 'HEAD')).toBe(tip);
    await productOf(refreshSeries(bench.workspace, 'mine', { overwrite: false }, signal));
  });

  test('refuses what would be lost', async () => {
    await expect(productOf(seriesRemove.run(bench.workspace, { name: 'none' }, signal))).rejects.toThrow(
      "no series is called 'none'",
    );
    const { path: place } = (await productOf(editSeries(bench.workspace, 'mine', signal))) as Editing;
    writeFileSync(path.join(place, 'init/fresh.c'), 'mine\n');
    const before = filesIn(bench.workspace.root);
    await expect(remove()).rejects.toThrow('has changes that are not committed: init/fresh.c');
    expect(filesIn(bench.workspace.root)).toEqual(before);
    expect(existsSync(path.join(place, 'init/fresh.c'))).toBe(true);
  });

  test('a name that was removed can be given again', async () => {
    await remove();
    const { notices } = await productAnd(copySeriesBack());
    expect(notices).toEqual([]);
    expect(await seriesNames(bench.workspace)).toEqual(['again']);
  });
  async function* copySeriesBack() {
    yield* undo(bench.workspace, 'mine', signal);
    yield* copySeries(bench.workspace, 'mine', 'again', signal);
    yield* seriesRemove.run(bench.workspace, { name: 'mine' }, signal);
  }
});
