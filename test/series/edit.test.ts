// SPDX-License-Identifier: GPL-2.0-only
/** A series edited by the real git on a branch of its own, written back, taken back. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { seriesEdit } from '../../src/commands/series-edit.ts';
import { productOf } from '../../src/events.ts';
import { git } from '../../src/host/git.ts';
import { applySeries } from '../../src/series/apply.ts';
import { diffSeries } from '../../src/series/diff.ts';
import { type Editing, editSeries } from '../../src/series/edit.ts';
import { redo, undo } from '../../src/series/operations.ts';
import { readSeries } from '../../src/series/read.ts';
import { refreshSeries } from '../../src/series/refresh.ts';
import { trackSeries } from '../../src/series/track.ts';
import type { Applied } from '../../src/series/series.ts';
import { ourselves, tagOf } from '../../src/host/owner.ts';
import { folders } from '../../src/workspace.ts';
import { fingerprint, restoredForEach, run } from '../tree/sample.ts';
import {
  amendFile,
  type Bench,
  blurb,
  commitFile,
  filesIn,
  makeBench,
  patchFolder,
  productAnd,
  reopened,
  signal,
} from './bench.ts';

let bench: Bench;
restoredForEach(async () => (bench = await makeBench()));

const edit = async () => (await productOf(editSeries(bench.workspace, 'mine', signal))) as Editing;
const refresh = (overwrite = false) =>
  productAnd(refreshSeries(bench.workspace, 'mine', { overwrite }, signal));
const patches = () => filesIn(patchFolder(bench.workspace));
const second = '0002-init-add-new.patch';
const refList = () =>
  git(folders.repository(bench.workspace), ['for-each-ref', '--format=%(refname)'], signal);

describe('series edit', () => {
  test('prints a worktree on a branch with a commit for each patch', async () => {
    const editing = await edit();
    expect(seriesEdit.text(editing, 80)).toEqual([editing.path]);
    expect(editing.path.startsWith(bench.workspace.state)).toBe(true);
    expect(run(editing.path, 'git', 'branch', '--show-current')).toBe('series/mine');
    expect(run(editing.path, 'git', 'log', '--format=%s', '--reverse', `${editing.base}..`)).toBe(
      'init: name versión b\ninit: add new\ninit: return 1',
    );
    expect(run(editing.path, 'git', 'status', '--short')).toBe('');
    expect(editing.commits).toHaveLength(3);
    expect(await edit()).toEqual(editing);
  });

  test('what a person edits there is not moved by applying and building elsewhere', async () => {
    const editing = await edit();
    writeFileSync(path.join(editing.path, 'init/new.c'), 'in the middle of it\n');
    commitFile(editing.path, 'init/more.c', 'int more;\n', 'init: more');
    const before = fingerprint(editing.path);
    const series = await readSeries(bench.workspace, 'mine');
    const applied = (await productOf(applySeries(bench.workspace, bench.tree, series, signal))) as Applied;
    expect(applied.worktree.path).not.toBe(editing.path);
    expect(fingerprint(editing.path)).toBe(before);
  });

  test('a worktree that was being made when we were killed is made again', async () => {
    const { path: place } = await edit();
    rmSync(path.join(place, 'init'), { recursive: true });
    writeFileSync(path.join(path.dirname(place), 'unfinished'), '');
    expect((await edit()).path).toBe(place);
    expect(run(place, 'git', 'status', '--short')).toBe('');
  });

  test('is led after patches that somebody else changed', async () => {
    const { path: place } = await edit();
    const file = path.join(patchFolder(bench.workspace), second);
    writeFileSync(file, readFileSync(file, 'utf8').replace('+int y;', '+int yy;'));
    const { notices } = await productAnd(editSeries(bench.workspace, 'mine', signal));
    expect(notices).toEqual([expect.stringContaining('the branch was led after')]);
    expect(readFileSync(path.join(place, 'init/new.c'), 'utf8')).toBe('int x;\nint yy;\nint z;\n');
    await productOf(undo(bench.workspace, 'mine', signal));
    expect(readFileSync(path.join(place, 'init/new.c'), 'utf8')).toBe('int x;\nint y;\nint z;\n');
  });
});

describe('series refresh', () => {
  test('an unchanged series gives no diff', async () => {
    const before = patches();
    await edit();
    const { product } = await refresh();
    expect(product).toMatchObject({ written: [], removed: [] });
    expect(product.kept).toHaveLength(3);
    expect(patches()).toEqual(before);
  });

  test('an edited patch is written, the others stay to the byte, the cover keeps its text', async () => {
    const before = patches();
    const { path: place, commits, base } = await edit();
    amendFile(place, 'init/new.c', 'int x;\nint y;\n', commits[1]!, base);
    const { product } = await refresh();
    expect([...product.written].sort()).toEqual(['0000-cover-letter.patch', second]);
    const after = patches();
    expect({ ...after, [second]: '', '0000-cover-letter.patch': '' }).toEqual({
      ...before,
      [second]: '',
      '0000-cover-letter.patch': '',
    });
    expect(after[second]).toMatch(/^From 0{40} Mon Sep 17 00:00:00 2001\n/);
    expect(after[second]).toContain('Subject: [PATCH RFC 2/3] init: add new');
    expect(after[second]).toContain('index 000000000000..');
    expect(after[second]).not.toMatch(/^-- $/m);
    const cover = after['0000-cover-letter.patch']!;
    expect(cover).toContain(blurb);
    expect(cover).toContain(' init/new.c     | 2 ++\n');
    expect(cover).not.toContain('init/new.c     | 3 +++');
    expect(product.coverSummarised).toBe(true);
    // The same again, and from a second state folder, to the byte.
    expect((await refresh()).product).toMatchObject({ written: [], removed: [] });
    expect(patches()).toEqual(after);
  });

  test('a patch more and a patch less: numbers and names follow', async () => {
    const { path: place } = await edit();
    commitFile(place, 'init/more.c', 'int more;\n', 'init: more');
    await refresh();
    expect(Object.keys(patches())).toEqual([
      '0000-cover-letter.patch',
      '0001-init-name-versi-n-b.patch',
      second,
      '0003-init-return-1.patch',
      '0004-init-more.patch',
    ]);
    expect(patches()['0000-cover-letter.patch']).toContain('[PATCH RFC 0/4]');
    expect(patches()[second]).toContain('[PATCH RFC 2/4]');
    run(place, 'git', 'reset', '-q', '--hard', 'HEAD~2');
    const { product } = await refresh();
    expect([...product.removed].sort()).toEqual(['0003-init-return-1.patch', '0004-init-more.patch']);
    expect((await readSeries(bench.workspace, 'mine')).patches).toHaveLength(2);
  });

  test('notes below --- go on with their patch', async () => {
    const file = path.join(patchFolder(bench.workspace), second);
    writeFileSync(file, readFileSync(file, 'utf8').replace('\n---\n', '\n---\nv2: z is gone\n\n'));
    const { path: place, commits, base } = await edit();
    amendFile(place, 'init/new.c', 'int x;\nint y;\n', commits[1]!, base);
    await refresh();
    expect(patches()[second]).toContain('\n---\nv2: z is gone\n\n init/new.c | 2 ++\n');
    expect((await readSeries(bench.workspace, 'mine')).patches[1]!.files).toEqual([
      { path: 'init/new.c', added: 2, removed: 0 },
    ]);
  });

  test('patches changed by hand are not written over; with --overwrite they come back by undo', async () => {
    const { path: place } = await edit();
    commitFile(place, 'init/more.c', 'int more;\n', 'init: more');
    const file = path.join(patchFolder(bench.workspace), second);
    writeFileSync(file, readFileSync(file, 'utf8').replace('+int y;', '+int yy;'));
    const byHand = patches();
    await expect(refresh()).rejects.toMatchObject({ exitCode: 3, hint: expect.stringContaining('undo') });
    expect(patches()).toEqual(byHand);
    await refresh(true);
    expect(Object.keys(patches())).toHaveLength(5);
    await productOf(undo(bench.workspace, 'mine', signal));
    expect(patches()).toEqual(byHand);
    await productOf(redo(bench.workspace, 'mine', signal));
    expect(Object.keys(patches())).toHaveLength(5);
    await expect(productOf(redo(bench.workspace, 'mine', signal))).rejects.toThrow('nothing to redo');
  });

  test('says what is in no commit', async () => {
    const { path: place } = await edit();
    writeFileSync(path.join(place, 'init/new.c'), 'half\n');
    const { notices, product } = await refresh();
    expect(notices).toEqual(['not in any commit, so not in the patches: init/new.c']);
    expect(product.written).toEqual([]);
    expect(readFileSync(path.join(place, 'init/new.c'), 'utf8')).toBe('half\n');
  });

  test.each(['first', 'last'])('what b4 prep keeps as the %s commit is its letter, no patch', async where => {
    const { path: place, base } = await edit();
    await refresh();
    const before = filesIn(patchFolder(bench.workspace));
    const tip = run(place, 'git', 'rev-parse', 'HEAD');
    if (where === 'first') run(place, 'git', 'reset', '-q', '--hard', base);
    const tracking = '--- b4-submit-tracking ---\n{ "series": { "revision": 1 } }';
    const message = ['A letter', 'What it is about.', tracking].join('\n\n');
    run(place, 'git', 'commit', '-q', '--allow-empty', '--cleanup=whitespace', '-m', message);
    if (where === 'first') run(place, 'git', 'cherry-pick', `${base}..${tip}`);
    const { notices } = await productAnd(
      refreshSeries(bench.workspace, 'mine', { overwrite: false }, signal),
    );
    expect(notices.join('\n')).toContain('stays on the branch');
    expect(filesIn(patchFolder(bench.workspace))).toEqual(before);
    const { pairs } = await productOf(diffSeries(bench.workspace, 'mine', {}, true, signal));
    expect(pairs.map(({ sign }) => sign)).toEqual(['=', '=', '=']);
    expect(run(place, 'git', 'log', '--format=%s')).toContain('A letter');
  });

  test('a commit that changes nothing is not a patch either, and said to be the reason', async () => {
    const { path: place } = await edit();
    run(place, 'git', 'commit', '-q', '--allow-empty', '-m', 'init: nothing');
    await expect(refresh()).rejects.toThrow(/init: nothing.* changes nothing/);
  });

  test('a merge, and a message that a mail would cut, are refused', async () => {
    const { path: place, base } = await edit();
    commitFile(place, 'init/more.c', 'int more;\n', 'init: more\n\nOne.\n---\nTwo.');
    const before = patches();
    await expect(refresh()).rejects.toThrow('cannot be sent as a mail');
    run(place, 'git', 'reset', '-q', '--hard', 'HEAD~1');
    run(place, 'git', 'checkout', '-q', '-b', 'side', base);
    commitFile(place, 'init/side.c', 'int side;\n', 'init: side');
    run(place, 'git', 'checkout', '-q', 'series/mine');
    run(place, 'git', 'merge', '-q', '--no-edit', 'side');
    await expect(refresh()).rejects.toThrow('is a merge');
    expect(patches()).toEqual(before);
  });

  test('without an edited branch there is nothing to write', async () => {
    await expect(refresh()).rejects.toThrow('mine is not being edited');
  });

  test('a person’s git configuration changes no byte and runs nothing', async () => {
    const { path: place, commits, base } = await edit();
    amendFile(place, 'init/new.c', 'int x;\nint y;\n', commits[1]!, base);
    const config = path.join(bench.folder, 'gitconfig');
    const ran = path.join(bench.folder, 'ran');
    const tool = path.join(bench.folder, 'tool');
    writeFileSync(tool, `#!/bin/sh\ntouch ${ran}\ncat "$1"\n`, { mode: 0o755 });
    writeFileSync(
      config,
      `[diff]\n\tnoprefix = true\n\tcontext = 9\n\texternal = ${tool}\n[format]\n\tsignature = me\n\tsubjectPrefix = X\n\tsuffix = .txt\n\tattach = true\n[core]\n\tfsmonitor = ${tool}\n\tabbrev = 20\n[diff "cpp"]\n\ttextconv = ${tool}\n`,
    );
    process.env.GIT_CONFIG_GLOBAL = config;
    let configured: Record<string, string>;
    try {
      await refresh();
      configured = patches();
    } finally {
      delete process.env.GIT_CONFIG_GLOBAL;
    }
    await productOf(undo(bench.workspace, 'mine', signal));
    await refresh();
    expect(patches()).toEqual(configured);
    expect(existsSync(ran)).toBe(false);
  });
});

describe('series undo', () => {
  test('takes editing itself back, unless there is work in it', async () => {
    const before = await refList();
    const { path: place } = await edit();
    writeFileSync(path.join(place, 'init/untracked.c'), 'mine\n');
    await expect(productOf(undo(bench.workspace, 'mine', signal))).rejects.toThrow('not committed');
    rmSync(path.join(place, 'init/untracked.c'));
    commitFile(place, 'init/more.c', 'int more;\n', 'init: more');
    await expect(productOf(undo(bench.workspace, 'mine', signal))).rejects.toThrow('has changed since');
    run(place, 'git', 'reset', '-q', '--hard', 'HEAD~1');
    await productOf(undo(bench.workspace, 'mine', signal));
    expect(existsSync(place)).toBe(false);
    expect((await refList()).split('\n').filter(ref => !ref.includes('/log/'))).toEqual(
      expect.arrayContaining(before.split('\n').filter(Boolean)),
    );
    await productOf(redo(bench.workspace, 'mine', signal));
    expect((await edit()).path).toBe(place);
  });

  test('a killed refresh is brought to its end by the next command, whole', async () => {
    const before = patches();
    const { path: place } = await edit();
    commitFile(place, 'init/more.c', 'int more;\n', 'init: more');
    await refresh();
    const after = patches();
    // As if it had been killed with two files written and one half written.
    const state = path.join(folders.series(bench.workspace), 'mine');
    writeFileSync(
      path.join(state, 'pending.json'),
      JSON.stringify({ schema: 'initbench.series-operation/1', number: 2, direction: 'do' }),
    );
    writeFileSync(path.join(state, 'position.json'), '{"position":1}');
    const folder = patchFolder(bench.workspace);
    rmSync(path.join(folder, '0004-init-more.patch'));
    writeFileSync(path.join(folder, second), before[second]!);
    writeFileSync(path.join(folder, `${second}.${tagOf({ ...ourselves, pid: 99_999_999 })}-00`), 'half');
    const { notices } = await productAnd(editSeries(bench.workspace, 'mine', signal));
    expect(notices[0]).toContain("'refresh' was interrupted");
    expect(patches()).toEqual(after);
    await productOf(undo(bench.workspace, 'mine', signal));
    expect(patches()).toEqual(before);
  });

  test('a killed move of the worktree loses nothing a person had there', async () => {
    const { path: place } = await edit();
    const file = path.join(patchFolder(bench.workspace), second);
    writeFileSync(file, readFileSync(file, 'utf8').replace('+int y;', '+int yy;'));
    await edit();
    const state = path.join(folders.series(bench.workspace), 'mine');
    const pending = { schema: 'initbench.series-operation/1', number: 2, direction: 'undo' };
    writeFileSync(path.join(state, 'pending.json'), JSON.stringify(pending));
    const admin = run(place, 'git', 'rev-parse', '--git-dir');
    writeFileSync(path.join(admin, 'index.lock'), '');
    writeFileSync(path.join(place, 'init/new.c'), 'half-wri');
    const { notices } = await productAnd(editSeries(bench.workspace, 'mine', signal));
    const kept = /was saved as ([0-9a-f]{12})/.exec(notices.join('\n'))![1]!;
    expect(run(place, 'git', 'show', `${kept}:init/new.c`)).toBe('half-wri');
    expect(run(place, 'git', 'status', '--short')).toBe('');
  });
});

describe('series track', () => {
  const track = (name = 'theirs') =>
    productAnd(
      trackSeries(
        bench.workspace,
        { path: bench.clone, branch: 'master', base: bench.tree.commit, name },
        signal,
      ),
    );
  const refreshed = () => productAnd(refreshSeries(bench.workspace, 'theirs', { overwrite: false }, signal));

  test('follows a branch and writes it; the clone is not touched, its configuration runs nothing', async () => {
    const ran = path.join(bench.folder, 'ran');
    const hook = path.join(bench.folder, 'hook');
    writeFileSync(hook, `#!/bin/sh\ntouch ${ran}\n`, { mode: 0o755 });
    mkdirSync(path.join(bench.clone, '.git/hooks'), { recursive: true });
    for (const name of ['post-checkout', 'pre-auto-gc', 'reference-transaction', 'post-index-change'])
      execFileSync('cp', [hook, path.join(bench.clone, '.git/hooks', name)]);
    for (const key of [
      'core.fsmonitor',
      'core.sshCommand',
      'core.pager',
      'diff.external',
      'uploadpack.packObjectsHook',
    ])
      run(bench.clone, 'git', 'config', key, hook);
    run(bench.clone, 'git', 'config', 'core.alternateRefsCommand', hook);
    rmSync(ran, { force: true });
    const before = fingerprint(bench.clone);
    const { product } = await track();
    expect(product.record).toMatchObject({ tree: 'k', source: { kind: 'tracked', branch: 'master' } });
    expect(product.commits).toHaveLength(3);
    await refreshed();
    expect(fingerprint(bench.clone)).toBe(before);
    expect(existsSync(ran)).toBe(false);
    expect(Object.keys(filesIn(patchFolder(bench.workspace, 'theirs')))).toEqual([
      '0001-init-name-versi-n-b.patch',
      '0002-init-add-new.patch',
      '0003-init-return-1.patch',
    ]);
    expect((await refreshed()).product.written).toEqual([]);
  });

  test('new commits come with the next refresh; editing is the clone’s', async () => {
    await track();
    await refreshed();
    commitFile(bench.clone, 'init/more.c', 'int more;\n', 'init: more');
    expect((await refreshed()).product.written).toContain('0004-init-more.patch');
    await expect(productOf(editSeries(bench.workspace, 'theirs', signal))).rejects.toThrow('follows master');
  });

  test('a base that is no tree yet becomes one, and the series says so', async () => {
    const base = run(bench.clone, 'git', 'rev-parse', 'HEAD~1');
    const { product } = await productAnd(
      trackSeries(
        bench.workspace,
        { path: bench.clone, branch: 'master', base: 'HEAD~1', name: 'theirs' },
        signal,
      ),
    );
    expect(product.record.tree).toBe(`theirs-${base.slice(0, 7)}`);
    await refreshed();
    expect((await readSeries(reopened(bench), 'theirs')).tree).toBe(`theirs-${base.slice(0, 7)}`);
  });

  test.each([
    ['a path', { path: '/no/such/clone', branch: 'master', base: 'HEAD~1' }, 'there is no /no/such/clone'],
    ['a branch', { branch: 'nope', base: 'HEAD~1' }, 'cannot read nope'],
    ['a base', { branch: 'master', base: '--output=x' }, 'cannot read --output=x'],
    ['nothing on it', { branch: 'master', base: 'master' }, 'has no commit on master'],
  ])('%s that is not there', async (_what, request, message) => {
    const whole = { path: bench.clone, ...request };
    await expect(productOf(trackSeries(bench.workspace, whole, signal))).rejects.toThrow(message);
  });
});
