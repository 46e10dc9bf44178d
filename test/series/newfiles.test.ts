// SPDX-License-Identifier: GPL-2.0-only
/** New files in the worktree of a series, in a tree that ignores everything but its packaging, as Debian's does. */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { seriesStatus as status } from '../../src/campaign/status.ts';
import { seriesStatus } from '../../src/commands/series-status.ts';
import { productOf } from '../../src/events.ts';
import { type Editing, editSeries } from '../../src/series/edit.ts';
import { undo } from '../../src/series/operations.ts';
import { abortRebase, continueRebase, rebaseSeries } from '../../src/series/rebase.ts';
import { refreshSeries } from '../../src/series/refresh.ts';
import { trackSeries } from '../../src/series/track.ts';
import { worktreeAt } from '../../src/tree/worktree.ts';
import { addTree } from '../../src/tree/trees.ts';
import { restoredForEach, run } from '../tree/sample.ts';
import { type Bench, commitFile, makeBench, patchFolder, productAnd, signal } from './bench.ts';

const packaging = '*.o\n/built\n#\n# packaging\n#\n/*\n!/debian/\n';

let bench: Bench;
let place: string;
restoredForEach(async () => {
  bench = await makeBench('tree = "k"\n', packaging);
  cpSync('vm', path.join(bench.workspace.root, 'vm'), { recursive: true });
  place = ((await productOf(editSeries(bench.workspace, 'mine', signal))) as Editing).path;
  return bench;
});

const put = (file: string, text = 'new\n') => {
  mkdirSync(path.dirname(path.join(place, file)), { recursive: true });
  writeFileSync(path.join(place, file), text);
};
const ignoreFile = () => readFileSync(path.join(place, '.gitignore'), 'utf8');
const refresh = () => productAnd(refreshSeries(bench.workspace, 'mine', { overwrite: false }, signal));
const lines = async () =>
  seriesStatus.text(await productOf(status(bench.workspace, 'mine', [], signal)), 80).join('\n');
/** A tree whose ignore file is another one. */
const otherTree = async (text = `${packaging}/more\n`) => {
  run(bench.clone, 'git', 'checkout', '-q', '--detach', bench.tree.commit);
  commitFile(bench.clone, '.gitignore', text, 'ignore more');
  return await productOf(addTree(bench.workspace, 'k2', { kind: 'git', location: bench.clone }, signal));
};

test('git add -A takes a new file, and a refresh writes it; what a build leaves stays ignored', async () => {
  put('fs/erofs/new.c');
  put('TOP.c');
  put('fs/erofs/new.o');
  expect(run(place, 'git', 'status', '--short', '--untracked-files=all')).toBe('?? TOP.c\n?? fs/erofs/new.c');
  expect((await refresh()).notices).toEqual([
    'not in any commit, so not in the patches: TOP.c, fs/erofs/new.c',
  ]);
  expect(await lines()).toMatch(/^new, in no commit: fs\/erofs\/new\.c$/m);
  expect(await lines()).toMatch(/^ignored, as what a build leaves: 1 files$/m);
  run(place, 'git', 'add', '-A');
  run(place, 'git', 'commit', '-q', '-m', 'erofs: new');
  const { product, notices } = await refresh();
  expect(notices).toEqual([]);
  const patch = product.written.find(name => name.includes('erofs-new'))!;
  const text = readFileSync(path.join(patchFolder(bench.workspace), patch), 'utf8');
  expect(text).toContain('+++ b/fs/erofs/new.c');
  expect(text).not.toContain('gitignore');
  expect(run(place, 'git', 'status', '--short')).toBe('');
});

test('the rule is a comment in a copy that git does not commit, and said once', async () => {
  expect(ignoreFile()).toBe(packaging.replace('\n/*\n', '\n# /*\n'));
  const again = await productAnd(editSeries(bench.workspace, 'mine', signal));
  expect(again.notices).toEqual([]);
  rmSync(place, { recursive: true });
  const anew = await productAnd(editSeries(bench.workspace, 'mine', signal));
  expect(anew.notices).toEqual([
    `line 6 of the tree's .gitignore, '/*', hides new files: it is a comment in ${place}, in a copy that git does not commit`,
  ]);
});

describe("a person's git works there as anywhere", () => {
  const still = () => {
    expect(ignoreFile()).toContain('\n# /*\n');
    expect(run(place, 'git', 'status', '--short')).toBe('');
    expect(run(place, 'git', 'diff', '--stat', 'HEAD')).toBe('');
  };
  test.each<[string, () => void]>([
    ['commit -a', () => {
      put('init/main.c', 'int start_kernel(void)\n{\n\treturn 2;\n}\n');
      run(place, 'git', 'commit', '-q', '-a', '-m', 'main');
      expect(run(place, 'git', 'show', '--format=', '--name-only')).toBe('init/main.c');
    }],
    ['stash -u and pop', () => {
      put('fs/new.c');
      run(place, 'git', 'stash', '-u', '-q');
      expect(existsSync(path.join(place, 'fs/new.c'))).toBe(false);
      run(place, 'git', 'stash', 'pop', '-q');
      expect(existsSync(path.join(place, 'fs/new.c'))).toBe(true);
      rmSync(path.join(place, 'fs'), { recursive: true });
    }],
    ['reset --hard and back', () => {
      run(place, 'git', 'reset', '-q', '--hard', 'HEAD~2');
      run(place, 'git', 'reset', '-q', '--hard', 'ORIG_HEAD');
    }],
    ['rebase -i', () => {
      run(place, 'git', '-c', "sequence.editor=sed -i '1{h;d};2{G}'", 'rebase', '-q', '-i', 'HEAD~2');
    }],
    ['a branch and back', () => {
      run(place, 'git', 'checkout', '-q', '-b', 'trial', 'HEAD~1');
      run(place, 'git', 'checkout', '-q', 'series/mine');
    }],
    ['cherry-pick and am', () => {
      const mail = run(place, 'git', 'format-patch', '-1', '--stdout');
      run(place, 'git', 'reset', '-q', '--hard', 'HEAD~1');
      writeFileSync(path.join(bench.folder, 'mail'), `${mail}\n`);
      run(place, 'git', 'am', '-q', path.join(bench.folder, 'mail'));
      run(place, 'git', 'reset', '-q', '--hard', 'HEAD~1');
      run(place, 'git', 'cherry-pick', 'ORIG_HEAD');
    }],
    ['clean', () => {
      put('init/x.o');
      put('fs/new.c');
      run(place, 'git', 'clean', '-q', '-fdx');
      expect(existsSync(path.join(place, 'fs/new.c'))).toBe(false);
    }],
  ])('%s', (_title, act) => {
    act();
    still();
  }); // prettier-ignore
});

test('a rebase onto a tree with another ignore file, undone, and taken up by a person', async () => {
  const tree = await otherTree();
  put('fs/new.c');
  const end = await productOf(rebaseSeries(bench.workspace, 'mine', 'k2', signal));
  expect(end).toMatchObject({ kind: 'rebased', tree: 'k2' });
  expect(ignoreFile()).toBe(`${packaging.replace('\n/*\n', '\n# /*\n')}/more\n`);
  expect(run(place, 'git', 'status', '--short')).toBe('?? fs/');
  expect(run(place, 'git', 'rev-parse', 'HEAD~3')).toBe(tree.commit);
  await productOf(undo(bench.workspace, 'mine', signal));
  expect(ignoreFile()).toBe(packaging.replace('\n/*\n', '\n# /*\n'));
  expect(run(place, 'git', 'status', '--short')).toBe('?? fs/');
});

test('a rebase that stops: new files are seen there, and after it', async () => {
  run(bench.clone, 'git', 'checkout', '-q', '--detach', bench.tree.commit);
  commitFile(bench.clone, 'init/main.c', 'int start_kernel(void)\n{\n\treturn 7;\n}\n', 'seven');
  await otherThere();
  const end = await productOf(rebaseSeries(bench.workspace, 'mine', 'k2', signal));
  expect(end).toMatchObject({ kind: 'stopped', files: ['init/main.c'] });
  put('init/resolved.c');
  put('init/main.c', 'int start_kernel(void)\n{\n\treturn 8;\n}\n');
  run(place, 'git', 'add', '-A');
  expect(run(place, 'git', 'diff', '--cached', '--name-only')).toBe('init/main.c\ninit/resolved.c');
  expect(await productOf(continueRebase(bench.workspace, 'mine', signal))).toMatchObject({ kind: 'rebased' });
  expect(ignoreFile()).toContain('\n# /*\n');
  expect(run(place, 'git', 'status', '--short')).toBe('');
  expect(run(place, 'git', 'show', '--format=', '--name-only')).toBe('init/main.c\ninit/resolved.c');
});

const otherThere = async () => {
  commitFile(bench.clone, '.gitignore', `${packaging}/more\n`, 'ignore more');
  await productOf(addTree(bench.workspace, 'k2', { kind: 'git', location: bench.clone }, signal));
};

test('a rebase that is aborted puts the copy back', async () => {
  run(bench.clone, 'git', 'checkout', '-q', '--detach', bench.tree.commit);
  commitFile(bench.clone, 'init/main.c', 'int start_kernel(void)\n{\n\treturn 7;\n}\n', 'seven');
  await otherThere();
  await productOf(rebaseSeries(bench.workspace, 'mine', 'k2', signal));
  await productOf(abortRebase(bench.workspace, 'mine', signal));
  expect(ignoreFile()).toBe(packaging.replace('\n/*\n', '\n# /*\n'));
  expect(run(place, 'git', 'status', '--short')).toBe('');
});

test('a new file that a rebase would write over stops it, although the tree ignores it', async () => {
  run(bench.clone, 'git', 'checkout', '-q', '--detach', bench.tree.commit);
  commitFile(bench.clone, 'fs/new.c', 'theirs\n', 'theirs');
  await otherThere();
  put('fs/new.c', 'mine\n');
  await expect(productOf(rebaseSeries(bench.workspace, 'mine', 'k2', signal))).rejects.toThrow(
    /new files in .* are in the way: fs\/new\.c/,
  );
  expect(readFileSync(path.join(place, 'fs/new.c'), 'utf8')).toBe('mine\n');
  rmSync(path.join(place, 'fs'), { recursive: true });
  expect(await productOf(rebaseSeries(bench.workspace, 'mine', 'k2', signal))).toMatchObject({
    kind: 'rebased',
  });
});

test('what a person writes into the copy is told of, and no operation writes over it', async () => {
  put('.gitignore', `${ignoreFile()}*.generated\n`);
  expect(run(place, 'git', 'status', '--short')).toBe('');
  expect(await lines()).toMatch(/^in no commit: \.gitignore$/m);
  expect((await refresh()).notices).toEqual(['not in any commit, so not in the patches: .gitignore']);
  await otherTree();
  await expect(productOf(rebaseSeries(bench.workspace, 'mine', 'k2', signal))).rejects.toThrow(
    'has changes that are not committed: .gitignore',
  );
  expect(ignoreFile()).toContain('*.generated');
});

test('a series that changes the ignore file edits the real one', async () => {
  rmSync(path.join(place, '.gitignore'));
  run(place, 'git', 'update-index', '--no-skip-worktree', '.gitignore');
  run(place, 'git', 'checkout', '-q', '--', '.gitignore');
  commitFile(place, '.gitignore', `${packaging}/mine\n`, 'ignore mine');
  await productOf(editSeries(bench.workspace, 'mine', signal));
  expect(ignoreFile()).toBe(`${packaging}/mine\n`);
  put('init/fresh.c');
  expect(await lines()).toContain('new, in no commit: init/fresh.c (ignored: line 6 of .gitignore, /*)');
  const { product, notices } = await refresh();
  expect(product.written.some(name => name.includes('ignore-mine'))).toBe(true);
  expect(notices).toEqual([
    'not in any commit, so not in the patches: init/fresh.c (ignored: line 6 of .gitignore, /*)',
  ]);
});

test('an undo that would remove the worktree counts a new file that the tree ignores', async () => {
  run(place, 'git', 'update-index', '--no-skip-worktree', '.gitignore');
  run(place, 'git', 'checkout', '-q', '--', '.gitignore');
  put('init/fresh.c');
  expect(run(place, 'git', 'status', '--short')).toBe('');
  await expect(productOf(undo(bench.workspace, 'mine', signal))).rejects.toThrow(
    'has changes that are not committed: init/fresh.c',
  );
  expect(existsSync(path.join(place, 'init/fresh.c'))).toBe(true);
});

test('a worktree that is built notices a file that the tree ignores', async () => {
  const { path: built } = await productOf(
    worktreeAt(bench.workspace, bench.tree, 'base', bench.tree.commit, signal),
  );
  writeFileSync(path.join(built, 'init/main.o'), '');
  mkdirSync(path.join(built, 'build-1'));
  writeFileSync(path.join(built, 'build-1/x.c'), '');
  const check = () => productOf(worktreeAt(bench.workspace, bench.tree, 'base', bench.tree.commit, signal));
  await check();
  writeFileSync(path.join(built, 'init/shadow.c'), '');
  await expect(check()).rejects.toThrow('has local changes: init/shadow.c');
});

test('a branch in a clone of the user: what is in no commit there, under the rules that count there', async () => {
  run(bench.clone, 'git', 'checkout', '-q', '-b', 'topic', 'HEAD~1');
  run(bench.clone, 'git', 'config', 'core.excludesFile', path.join(bench.folder, 'personal'));
  writeFileSync(path.join(bench.folder, 'personal'), 'scratch*\n');
  const tracked = { path: bench.clone, branch: 'topic', base: bench.tree.commit, name: 'followed' };
  await productOf(trackSeries(bench.workspace, tracked, signal));
  writeFileSync(path.join(bench.clone, 'init/new.c'), 'changed\n');
  writeFileSync(path.join(bench.clone, 'init/hidden.c'), 'new\n');
  writeFileSync(path.join(bench.clone, 'init/main.o'), 'built\n');
  const { notices } = await productAnd(
    refreshSeries(bench.workspace, 'followed', { overwrite: false }, signal),
  );
  expect(notices).toEqual([
    'not in any commit, so not in the patches: init/new.c, init/hidden.c (ignored: line 6 of .gitignore, /*)',
  ]);
  const { editing } = await productOf(status(bench.workspace, 'followed', [], signal));
  expect(editing).toMatchObject({ changed: ['init/new.c'], created: { ignored: 1 } });
});
