// SPDX-License-Identifier: GPL-2.0-only
/** Series moved to another tree by the real git: conflicts that last, kills, ports, range-diffs. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { seriesPort, seriesRebase } from '../../src/commands/series-rebase.ts';
import { productOf } from '../../src/events.ts';
import { diffSeries, parsePairs } from '../../src/series/diff.ts';
import { type Editing, editSeries } from '../../src/series/edit.ts';
import { undo } from '../../src/series/operations.ts';
import { portSeries } from '../../src/series/port.ts';
import { readSeries } from '../../src/series/read.ts';
import {
  abortRebase,
  continueRebase,
  type Rebased,
  rebaseSeries,
  type Stopped,
  waitingRebase,
} from '../../src/series/rebase.ts';
import { refreshSeries } from '../../src/series/refresh.ts';
import { refs } from '../../src/tree/repository.ts';
import { addTree } from '../../src/tree/trees.ts';
import { folders } from '../../src/workspace.ts';
import { restoredForEach, run } from '../tree/sample.ts';
import {
  amendFile,
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
let next: string;
restoredForEach(async () => {
  bench = await makeBench();
  // Two more trees: one where all applies, one where the last patch conflicts.
  run(bench.clone, 'git', 'checkout', '-q', '-b', 'next', bench.tree.commit);
  next = commitFile(bench.clone, 'init/other.c', 'int other;\n', 'init: other');
  await productOf(
    addTree(bench.workspace, 'next', { kind: 'git', location: bench.clone, revision: 'next' }, signal),
  );
  run(bench.clone, 'git', 'checkout', '-q', '-b', 'far', bench.tree.commit);
  commitFile(bench.clone, 'init/main.c', 'int start_kernel(void)\n{\n\treturn 5;\n}\n', 'init: return 5');
  await productOf(
    addTree(bench.workspace, 'far', { kind: 'git', location: bench.clone, revision: 'far' }, signal),
  );
  return bench;
});

const edit = async () => (await productOf(editSeries(bench.workspace, 'mine', signal))) as Editing;
const rebase = (onto: string) => productOf(rebaseSeries(bench.workspace, 'mine', onto, signal));
const goOn = () => productAnd(continueRebase(bench.workspace, 'mine', signal));
const abort = () => productOf(abortRebase(bench.workspace, 'mine', signal));
const refresh = (name = 'mine') =>
  productOf(refreshSeries(bench.workspace, name, { overwrite: false }, signal));
const resolve = (place: string) => {
  writeFileSync(path.join(place, 'init/main.c'), 'int start_kernel(void)\n{\n\treturn 15;\n}\n');
  run(place, 'git', 'add', 'init/main.c');
};

describe('series rebase', () => {
  test('moves branch, base and tree in one operation; refresh writes the tree down; undo takes it back', async () => {
    const { path: place, commits } = await edit();
    const moved = (await rebase('next')) as Rebased;
    expect(moved).toMatchObject({ kind: 'rebased', tree: 'next', to: { base: next } });
    expect(moved.pairs.map(({ sign }) => sign)).toEqual(['=', '=', '=']);
    expect(run(place, 'git', 'status', '-sb')).toBe('## series/mine');
    expect(existsSync(path.join(place, 'init/other.c'))).toBe(true);
    expect((await refresh()).written).toEqual(['series.toml']);
    expect((await readSeries(reopened(bench), 'mine')).tree).toBe('next');
    await productOf(undo(bench.workspace, 'mine', signal));
    await productOf(undo(bench.workspace, 'mine', signal));
    expect(run(place, 'git', 'rev-parse', 'HEAD')).toBe(commits.at(-1));
    expect(run(place, 'git', 'status', '--short')).toBe('');
    expect(existsSync(path.join(place, 'init/other.c'))).toBe(false);
    await expect(rebase('k')).rejects.toThrow('is on k already');
  });

  test('the same rebase gives the same commits', async () => {
    await edit();
    const first = (await rebase('next')) as Rebased;
    await productOf(undo(bench.workspace, 'mine', signal));
    expect(((await rebase('next')) as Rebased).to).toEqual(first.to);
  });

  test('stops at a conflict, which lasts: the branch has not moved, nothing else may', async () => {
    const { path: place, commits } = await edit();
    const stop = (await rebase('far')) as Stopped;
    expect(stop).toMatchObject({
      kind: 'stopped',
      path: place,
      subject: 'init: return 1',
      done: 2,
      total: 3,
      files: ['init/main.c'],
    });
    expect(seriesRebase.exitCode!(stop)).toBe(3);
    expect(run(place, 'git', 'rev-parse', 'series/mine')).toBe(commits.at(-1));
    await expect(rebase('next')).rejects.toMatchObject({ exitCode: 3 });
    await expect(refresh()).rejects.toThrow('is not finished');
    await expect(goOn()).rejects.toThrow('not resolved yet: init/main.c');
    resolve(place);
    const { product } = await goOn();
    expect((product as Rebased).pairs.map(({ sign }) => sign)).toEqual(['=', '=', '!']);
    expect(run(place, 'git', 'branch', '--show-current')).toBe('series/mine');
    expect(readFileSync(path.join(place, 'init/main.c'), 'utf8')).toContain('return 15');
    expect(await waitingRebase(bench.workspace, 'mine')).toBeUndefined();
  });

  test('--abort gives all of it back', async () => {
    const { path: place, commits } = await edit();
    await rebase('far');
    expect(await abort()).toEqual({ kind: 'aborted', series: 'mine' });
    expect(run(place, 'git', 'rev-parse', 'HEAD')).toBe(commits.at(-1));
    expect(run(place, 'git', 'status', '-sb')).toBe('## series/mine');
    expect(readFileSync(path.join(place, 'init/main.c'), 'utf8')).toContain('return 1;');
    await expect(abort()).rejects.toThrow('no rebase of mine is in progress');
    await expect(goOn()).rejects.toThrow('no rebase of mine is in progress');
  });

  test('what a person ends with git itself is understood', async () => {
    const { path: place, commits } = await edit();
    await rebase('far');
    resolve(place);
    run(place, 'git', '-c', 'core.editor=true', 'rebase', '--continue');
    expect((await goOn()).product).toMatchObject({ kind: 'rebased', tree: 'far' });
    await productOf(undo(bench.workspace, 'mine', signal));
    await rebase('far');
    run(place, 'git', 'rebase', '--abort');
    expect((await goOn()).product).toEqual({ kind: 'aborted', series: 'mine' });
    expect(run(place, 'git', 'rev-parse', 'series/mine', 'HEAD')).toBe(
      `${commits.at(-1)}\n${commits.at(-1)}`,
    );
    expect(run(place, 'git', 'branch', '--show-current')).toBe('series/mine');
  });

  test('killed while git was at work: begins anew, what was resolved is resolved again', async () => {
    const { path: place } = await edit();
    await rebase('far');
    resolve(place);
    await goOn();
    await productOf(undo(bench.workspace, 'mine', signal));
    await rebase('far');
    const file = path.join(folders.series(bench.workspace), 'mine', 'rebase.json');
    const waiting = JSON.parse(readFileSync(file, 'utf8')) as object;
    writeFileSync(file, JSON.stringify({ ...waiting, running: true }));
    const admin = run(place, 'git', 'rev-parse', '--git-dir');
    writeFileSync(path.join(admin, 'index.lock'), '');
    const { product, notices } = await goOn();
    expect(notices.join('\n')).toContain('begins anew');
    expect(product).toMatchObject({ kind: 'stopped', files: [] });
    expect(readFileSync(path.join(place, 'init/main.c'), 'utf8')).toContain('return 15');
    expect((await goOn()).product).toMatchObject({ kind: 'rebased', tree: 'far' });
  });

  test('changes that are not committed stop it before it starts', async () => {
    const { path: place } = await edit();
    writeFileSync(path.join(place, 'init/new.c'), 'half\n');
    await expect(rebase('next')).rejects.toThrow('not committed: init/new.c');
    expect(readFileSync(path.join(place, 'init/new.c'), 'utf8')).toBe('half\n');
  });

  test('a revision of the clone becomes a tree', async () => {
    await edit();
    run(bench.clone, 'git', 'tag', 'v7.4-rc1', next);
    run(bench.clone, 'git', 'checkout', '-q', 'next');
    const newer = commitFile(bench.clone, 'init/newer.c', 'int newer;\n', 'init: newer');
    expect(await rebase(newer)).toMatchObject({ kind: 'rebased', tree: newer });
    await expect(rebase('nope')).rejects.toThrow('cannot read nope');
  });

  test('says what to do, once', () => {
    const parse = (options: object) =>
      seriesRebase.parse({ options: { ...options }, words: ['mine'], rest: [] }, bench.workspace);
    expect(() => parse({})).toThrow('one of --onto REV');
    expect(() => parse({ onto: 'x', abort: true })).toThrow('one of --onto REV');
    expect(parse({ abort: true })).toEqual({ series: 'mine', action: { kind: 'abort' } });
  });
});

describe('series port', () => {
  test('is a new series on the other tree; the letter comes with it', async () => {
    const ported = (await productOf(
      portSeries(bench.workspace, { series: 'mine', to: 'next' }, signal),
    )) as Rebased;
    expect(ported).toMatchObject({ kind: 'rebased', series: 'mine-next', tree: 'next' });
    expect(seriesPort.text(ported, 80)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^1: {2}[0-9a-f]{7,} = 1: {2}[0-9a-f]{7,} init: name/)]),
    );
    await refresh('mine-next');
    const files = filesIn(patchFolder(bench.workspace, 'mine-next'));
    expect(Object.keys(files)).toEqual([
      '0000-cover-letter.patch',
      '0001-init-name-versi-n-b.patch',
      '0002-init-add-new.patch',
      '0003-init-return-1.patch',
      'series.toml',
    ]);
    expect(files['0001-init-name-versi-n-b.patch']).toContain('[PATCH RFC 1/3]');
    expect(files['0000-cover-letter.patch']).toContain('What a person wrote.');
    expect((await readSeries(reopened(bench), 'mine-next')).tree).toBe('next');
    await expect(
      productOf(portSeries(bench.workspace, { series: 'mine', to: 'next' }, signal)),
    ).rejects.toThrow('there is a series called mine-next');
  });

  test('may stop; the series it comes from is not touched', async () => {
    const before = filesIn(patchFolder(bench.workspace));
    const request = { series: 'mine', to: 'far', name: 'old' };
    const stop = (await productOf(portSeries(bench.workspace, request, signal))) as Stopped;
    expect(stop).toMatchObject({ kind: 'stopped', series: 'old', done: 2 });
    resolve(stop.path);
    const done = await productOf(continueRebase(bench.workspace, 'old', signal));
    expect(done).toMatchObject({ kind: 'rebased', series: 'old', tree: 'far' });
    expect(filesIn(patchFolder(bench.workspace))).toEqual(before);
  });
});

describe('series diff', () => {
  const diff = (from?: string, to?: string, interdiff = false) =>
    productOf(diffSeries(bench.workspace, 'mine', { from, to }, interdiff, signal));

  test('patches against branch, and what was sent', async () => {
    const { path: place, commits, base } = await edit();
    for (const [what, commit] of Object.entries({ base, tip: commits.at(-1)! }))
      run(place, 'git', 'update-ref', refs.version('mine', 1, what as 'base' | 'tip'), commit);
    amendFile(place, 'init/new.c', 'int x;\nint y;\n', commits[1]!, base);
    commitFile(place, 'init/more.c', 'int more;\n', 'init: more');
    const now = await diff();
    expect(now).toMatchObject({ from: 'patches', to: 'branch' });
    expect(now.pairs).toEqual([
      { sign: '=', from: 1, to: 1, subject: 'init: name versión b' },
      { sign: '!', from: 2, to: 2, subject: 'init: add new' },
      { sign: '=', from: 3, to: 3, subject: 'init: return 1' },
      { sign: '>', to: 4, subject: 'init: more' },
    ]);
    expect(now.rangeDiff).toContain('    -+int z;');
    const inter = await diff('v1', 'branch', true);
    expect(inter.interdiff).toContain('-int z;');
    expect(inter.interdiff).toContain('+int more;');
    await refresh();
    expect((await diff('v1', 'patches')).pairs).toHaveLength(4);
    expect((await diff('patches', 'branch')).pairs.every(({ sign }) => sign === '=')).toBe(true);
    await expect(diff('v2')).rejects.toMatchObject({ hint: 'there is: branch, patches, v1' });
    await rebase('next');
    await expect(diff('v1', 'branch', true)).rejects.toThrow('different bases');
  });

  test('parsePairs() reads git range-diff', () => {
    const lines = [
      ' 1:  1111111 =  1:  2222222 a: b',
      ' 2:  3333333 !  3:  4444444 c',
      '    @@ fs/x.c',
      ' 3:  5555555 <  -:  ------- gone: 1:  x =  1:  y',
      '-:  ------- > 10:  6666666 new',
    ];
    expect(parsePairs(lines)).toEqual([
      { sign: '=', from: 1, to: 1, subject: 'a: b' },
      { sign: '!', from: 2, to: 3, subject: 'c' },
      { sign: '<', from: 3, subject: 'gone: 1:  x =  1:  y' },
      { sign: '>', to: 10, subject: 'new' },
    ]);
  });
});
