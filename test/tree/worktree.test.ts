// SPDX-License-Identifier: GPL-2.0-only
/** Worktrees move with as few writes as there are changes, and never over a person's work. */
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { productOf } from '../../src/events.ts';
import { exitCodes, UserError } from '../../src/host/errors.ts';
import { git } from '../../src/host/git.ts';
import type { Tree } from '../../src/tree/tree.ts';
import { addTree } from '../../src/tree/trees.ts';
import { worktreeAt } from '../../src/tree/worktree.ts';
import { folders } from '../../src/workspace.ts';
import { collect, copySample, discard, makeClone, makeSample, run, type Sample, stepsOf } from './sample.ts';

const { signal } = new AbortController();
let sample: Sample;
let tree: Tree;
/** A commit on top of the tree's that changes init/version.c. */
let next: string;

let template: Sample;

beforeAll(async () => {
  template = makeSample();
  const clone = makeClone(template);
  tree = await productOf(addTree(template.workspace, 'k', { kind: 'git', location: clone }, signal));
  writeFileSync(path.join(clone, 'init', 'version.c'), 'const char *version = "b";\n');
  writeFileSync(path.join(clone, 'init', 'new.c'), 'int x;\n');
  run(clone, 'git', 'add', '-A');
  run(clone, 'git', 'commit', '-q', '-m', 'next');
  next = (await productOf(addTree(template.workspace, 'n', { kind: 'git', location: clone }, signal))).commit;
});
afterAll(() => discard(template));
beforeEach(() => {
  sample = copySample(template);
});
afterEach(() => discard(sample));

const at = (commit: string) => collect(worktreeAt(sample.workspace, tree, 'base', commit, signal));
const file = (name: string) => path.join(folders.worktrees(sample.workspace), 'k', 'base', name);
const admin = (name: string) => path.join(folders.repository(sample.workspace), 'worktrees', 'base', name);
const failure = (commit: string) =>
  at(commit).then(
    () => undefined,
    (reason: unknown) => reason as UserError,
  );

describe('worktreeAt()', () => {
  test('checks out, then finds it there', async () => {
    const first = await at(tree.commit);
    expect(first.product).toEqual({
      path: path.resolve(file('.')),
      commit: tree.commit,
      treeId: tree.treeId,
    });
    expect(stepsOf(first.events)).toEqual(['check out done']);
    expect(readFileSync(file('ignored.o'), 'utf8')).toBe('kept all the same\n');
    expect(statSync(file('scripts/run.sh')).mode & 0o111).not.toBe(0);
    expect(stepsOf((await at(tree.commit)).events)).toEqual(['check out cached']);
  });

  test('moving keeps the time of files that stay the same, and the build folder', async () => {
    await at(tree.commit);
    utimesSync(file('init/main.c'), 1000, 1000);
    utimesSync(file('init/version.c'), 1000, 1000);
    mkdirSync(file('build-base'));
    writeFileSync(file('build-base/vmlinux'), 'x');
    await at(next);
    expect(readFileSync(file('init/version.c'), 'utf8')).toContain('"b"');
    expect(statSync(file('init/main.c')).mtimeMs).toBe(1_000_000);
    expect(statSync(file('init/version.c')).mtimeMs).not.toBe(1_000_000);
    await at(tree.commit);
    expect(existsSync(file('init/new.c'))).toBe(false);
    expect(existsSync(file('build-base/vmlinux'))).toBe(true);
  });

  test.each([
    ['an edit', () => writeFileSync(file('init/main.c'), 'mine\n'), 'init/main.c'],
    ['a new file', () => writeFileSync(file('mine.c'), 'mine\n'), 'mine.c'],
    ['a removed file', () => rmSync(file('init/main.c')), 'init/main.c'],
  ])('%s is kept, and named', async (_what, change, name) => {
    await at(tree.commit);
    change();
    for (const commit of [tree.commit, next]) {
      const error = await failure(commit);
      expect(error).toBeInstanceOf(UserError);
      expect(error!.message).toContain(`has local changes: ${name}`);
      expect(error!.exitCode).toBe(exitCodes.environment);
    }
    expect(await git(file('.'), ['rev-parse', 'HEAD'], signal)).toBe(tree.commit);
  });

  test('a commit that a person made there is kept when the worktree moves on', async () => {
    await at(tree.commit);
    writeFileSync(file('init/main.c'), 'mine\n');
    run(file('.'), 'git', 'commit', '-q', '-a', '-m', 'mine');
    const mine = run(file('.'), 'git', 'rev-parse', 'HEAD');
    const { events } = await at(next);
    expect(events).toContainEqual(expect.objectContaining({ type: 'notice', level: 'warning' }));
    const kept = ['for-each-ref', '--format=%(objectname)', 'refs/initbench/saved'];
    expect(await git(folders.repository(sample.workspace), kept, signal)).toBe(mine);
    expect((await at(tree.commit)).events.some(event => event.type === 'notice')).toBe(false);
  });

  test('a folder of somebody else is left alone', async () => {
    mkdirSync(file('.'), { recursive: true });
    writeFileSync(file('precious'), 'x');
    expect((await failure(tree.commit))!.message).toContain('is in the way');
    run(file('.'), 'git', 'init', '-q');
    expect((await failure(tree.commit))!.message).toContain('is in the way');
    expect(readFileSync(file('precious'), 'utf8')).toBe('x');
  });

  test('comes back after the cache was deleted', async () => {
    await at(tree.commit);
    rmSync(sample.workspace.cache, { recursive: true });
    expect(stepsOf((await at(next)).events)).toEqual(['check out done']);
  });

  test('takes up a checkout that was killed half way', async () => {
    await at(tree.commit);
    mkdirSync(file('build'));
    writeFileSync(admin('initbench-unfinished'), '');
    writeFileSync(admin('index.lock'), '');
    writeFileSync(file('init/version.c'), 'const char *ver');
    writeFileSync(file('init/new.c'), 'int');
    const { product } = await at(tree.commit);
    expect(product.treeId).toBe(tree.treeId);
    expect(readFileSync(file('init/version.c'), 'utf8')).toContain('"a"');
    expect(existsSync(file('init/new.c'))).toBe(false);
    expect(existsSync(file('build'))).toBe(true);
    rmSync(admin('index'));
    await at(next);
    expect(stepsOf((await at(next)).events)).toEqual(['check out cached']);
  });

  test('an interrupted first checkout leaves no folder', async () => {
    const abort = new AbortController();
    const work = worktreeAt(sample.workspace, tree, 'base', tree.commit, abort.signal);
    for (;;) {
      const { value } = await work.next();
      if (value && 'argv' in value && value.argv.includes('read-tree')) break;
    }
    abort.abort();
    await expect(productOf(work)).rejects.toThrow('interrupted');
    expect(existsSync(file('.'))).toBe(false);
    await at(tree.commit);
  });
});
