// SPDX-License-Identifier: GPL-2.0-only
/** Trees from clones, URLs and tarballs: added whole or not at all, the user's clone as it was. */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { productOf } from '../../src/events.ts';
import { ourselves, tagOf } from '../../src/host/owner.ts';
import { Interrupted, UserError } from '../../src/host/errors.ts';
import { git } from '../../src/host/git.ts';
import { fetchArgv } from '../../src/tree/fetch.ts';
import { readSource } from '../../src/tree/source.ts';
import { addTree, listTrees, prepareTree, readTree, removeTree } from '../../src/tree/trees.ts';
import { worktreeAt } from '../../src/tree/worktree.ts';
import { folders } from '../../src/workspace.ts';
import {
  collect,
  discard,
  fingerprint,
  makeClone,
  makefile,
  makeSample,
  run,
  type Sample,
  stepsOf,
} from './sample.ts';

const { signal } = new AbortController();
let sample: Sample;
beforeEach(() => {
  sample = makeSample('tree = "k"\n[trees]\nk = "../l.tar.gz"\n');
});
afterEach(() => discard(sample));

const add = async (name: string, source: string) =>
  productOf(addTree(sample.workspace, name, await readSource(source, sample.folder), signal));
const repository = () => folders.repository(sample.workspace);
const refsThere = () => git(repository(), ['for-each-ref', '--format=%(refname)'], signal);
const tarball = () => run(sample.folder, 'tar', '-czf', 'l.tar.gz', 'linux-7.3.4');

test('fetchArgv() asks for one commit without its history', () => {
  expect(fetchArgv('/c', 'HEAD').join(' ')).toBe(
    '-c protocol.version=2 fetch --depth=1 --no-tags --no-write-fetch-head --force --progress -- /c HEAD:refs/initbench/fetched',
  );
});

describe('addTree() from a clone', () => {
  test('takes the commit as it is, and never writes to the clone', async () => {
    const clone = makeClone(sample);
    run(clone, 'git', 'worktree', 'add', '-q', '--detach', '../linked');
    const before = fingerprint(clone);
    const tree = await add('mine', 'clone');
    expect(tree).toMatchObject({ version: '7.3.4', commit: run(clone, 'git', 'rev-parse', 'HEAD') });
    expect(tree.treeId).toBe(run(clone, 'git', 'rev-parse', 'HEAD^{tree}'));
    expect(tree.note).toBeUndefined();
    expect((await add('linked', 'linked')).commit).toBe(tree.commit);
    expect(fingerprint(clone)).toBe(before);
  });

  test('any revision, a shallow clone, and the clone may go away', async () => {
    const clone = makeClone(sample);
    writeFileSync(path.join(clone, 'Makefile'), makefile('5'));
    run(clone, 'git', 'commit', '-q', '-a', '-m', 'Linux 7.3.5');
    run(clone, 'git', 'tag', '-a', '-m', 'v', 'v7.3.5');
    run(sample.folder, 'git', 'clone', '-q', '--depth=1', `file://${clone}`, 'shallow');
    expect((await add('old', 'clone#HEAD~1')).version).toBe('7.3.4');
    expect((await add('tag', 'clone#v7.3.5')).version).toBe('7.3.5');
    const tree = await add('shallow', 'shallow');
    expect(tree.version).toBe('7.3.5');
    for (const folder of [clone, path.join(sample.folder, 'shallow')]) rmSync(folder, { recursive: true });
    const worktree = await productOf(worktreeAt(sample.workspace, tree, 'base', tree.commit, signal));
    expect(worktree.treeId).toBe(tree.treeId);
    // Missing parents are known to be missing.
    expect(await git(repository(), ['rev-list', '--count', tree.commit], signal)).toBe('1');
    expect(await git(repository(), ['fsck', '--connectivity-only'], signal)).not.toContain('missing');
  });

  test('from a URL with a branch', async () => {
    const clone = makeClone(sample);
    run(clone, 'git', 'branch', 'next');
    const tree = await add('next', `file://${clone}#next`);
    expect(tree.source).toEqual({ kind: 'git', location: `file://${clone}`, revision: 'next' });
  });

  test('inside a git hook, with GIT_DIR set', async () => {
    const clone = makeClone(sample);
    Object.assign(process.env, {
      GIT_DIR: path.join(clone, '.git'),
      GIT_INDEX_FILE: path.join(clone, '.git/index'),
    });
    try {
      const tree = await add('mine', 'clone');
      await productOf(worktreeAt(sample.workspace, tree, 'base', tree.commit, signal));
    } finally {
      delete process.env.GIT_DIR;
      delete process.env.GIT_INDEX_FILE;
    }
    expect(run(clone, 'git', 'worktree', 'list').split('\n')).toHaveLength(1);
  });

  test.each([
    ['clone#nosuch', 'cannot read nosuch'],
    ['linux-7.3.4', 'cannot read HEAD'],
    ['file:///nosuch/linux.git', 'cannot fetch HEAD'],
  ])('%s: one sentence, nothing left', async (source, message) => {
    makeClone(sample);
    await expect(add('bad', source)).rejects.toThrow(message);
    expect(readdirSync(sample.workspace.state).filter(name => name.startsWith('.'))).toEqual([]);
    expect(await refsThere()).toBe('');
    expect(await listTrees(sample.workspace)).toEqual([]);
  });
});

describe('addTree() from a tarball', () => {
  test('one commit without parent, its version as tag, the same id under another name', async () => {
    tarball();
    const tree = await add('a', 'l.tar.gz');
    expect(tree.note).toContain('no public commit');
    expect(await git(repository(), ['rev-list', '--parents', 'refs/tags/a/v7.3.4'], signal)).toBe(
      tree.commit,
    );
    expect((await add('b', 'l.tar.gz')).commit).toBe(tree.commit);
    expect((await listTrees(sample.workspace)).map(each => each.name)).toEqual(['a', 'b']);
    expect(await readTree(sample.workspace, 'a')).toEqual(tree);
  });

  test('what is not a kernel leaves nothing behind', async () => {
    rmSync(path.join(sample.files, 'Kconfig'));
    tarball();
    await expect(add('bad', 'l.tar.gz')).rejects.toThrow(
      'is not a kernel tree: it has no Kbuild and Kconfig',
    );
    writeFileSync(path.join(sample.files, 'Makefile'), 'all:\n');
    tarball();
    await expect(add('bad', 'l.tar.gz')).rejects.toThrow('its top Makefile has no VERSION');
    expect(readdirSync(path.join(repository(), 'objects', 'pack'))).toEqual([]);
    expect(existsSync(path.join(folders.trees(sample.workspace), 'bad.json'))).toBe(false);
  });

  test('interrupted, it leaves nothing behind; what a killed one left is swept', async () => {
    tarball();
    const left = path.join(sample.workspace.state, `.import-${tagOf({ ...ourselves, pid: 99_999_999 })}-x`);
    mkdirSync(left);
    const abort = new AbortController();
    const work = addTree(sample.workspace, 'a', await readSource('l.tar.gz', sample.folder), abort.signal);
    for (;;) {
      const { value } = await work.next();
      if (value && 'step' in value && value.step === 'import') break;
    }
    abort.abort();
    await expect(productOf(work)).rejects.toBeInstanceOf(Interrupted);
    expect(readdirSync(sample.workspace.state).sort()).toEqual(['linux.git', 'trees']);
    expect(await listTrees(sample.workspace)).toEqual([]);
  });

  test('a name that is taken, or is none', async () => {
    tarball();
    await add('a', 'l.tar.gz');
    await expect(add('a', 'l.tar.gz')).rejects.toThrow('there is a tree called a already: 7.3.4 from');
    for (const name of ['../x', '', '-x', 'a..b', 'a.lock', 'a/b']) {
      await expect(add(name, 'l.tar.gz'), name).rejects.toThrow('cannot be the name of a tree');
    }
  });
});

describe('prepareTree()', () => {
  test('makes a tree that initbench.toml names once, and finds it afterwards', async () => {
    tarball();
    const first = await collect(prepareTree(sample.workspace, 'k', signal));
    expect(stepsOf(first.events)).toEqual(['import done', 'record done']);
    const second = await collect(prepareTree(sample.workspace, 'k', signal));
    expect(stepsOf(second.events)).toEqual(['tree cached']);
    expect(second.product).toEqual(first.product);
  });

  test('two at a time make it once', async () => {
    tarball();
    const [a, b] = await Promise.all([1, 2].map(() => collect(prepareTree(sample.workspace, 'k', signal))));
    expect(a!.product).toEqual(b!.product);
    expect(
      [...stepsOf(a!.events), ...stepsOf(b!.events)].filter(step => step === 'import done'),
    ).toHaveLength(1);
  });

  test('an unknown name: the sorted list of what there is', async () => {
    makeClone(sample);
    await add('mine', 'clone');
    const error = await productOf(prepareTree(sample.workspace, 'x', signal)).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).hint).toBe('there is: k, mine');
  });

  test('a record without its commit says what to do', async () => {
    tarball();
    await add('k', 'l.tar.gz');
    rmSync(repository(), { recursive: true });
    await expect(productOf(prepareTree(sample.workspace, 'k', signal))).rejects.toThrow('lacks its commit');
    await productOf(removeTree(sample.workspace, 'k', signal));
    expect((await add('k', 'l.tar.gz')).version).toBe('7.3.4');
  });
});

describe('removeTree()', () => {
  test('takes its worktrees, refs and objects with it, and leaves the other trees', async () => {
    tarball();
    const clone = makeClone(sample);
    writeFileSync(path.join(clone, 'init', 'other.c'), 'other\n');
    run(clone, 'git', 'add', '-A');
    run(clone, 'git', 'commit', '-q', '-m', 'other');
    const kept = await add('kept', 'l.tar.gz');
    const gone = await add('gone', 'clone');
    await productOf(worktreeAt(sample.workspace, gone, 'base', gone.commit, signal));
    await productOf(removeTree(sample.workspace, 'gone', signal));
    expect((await listTrees(sample.workspace)).map(tree => tree.name)).toEqual(['kept']);
    expect(existsSync(path.join(folders.worktrees(sample.workspace), 'gone'))).toBe(false);
    await expect(git(repository(), ['cat-file', '-t', gone.commit], signal)).rejects.toThrow();
    await productOf(worktreeAt(sample.workspace, kept, 'base', kept.commit, signal));
    await productOf(removeTree(sample.workspace, 'kept', signal));
    expect(existsSync(repository())).toBe(false);
  });

  test('an unknown tree: the list of those there are', async () => {
    tarball();
    await add('a', 'l.tar.gz');
    await expect(productOf(removeTree(sample.workspace, 'b', signal))).rejects.toThrow(
      "no tree is called 'b'",
    );
  });
});
