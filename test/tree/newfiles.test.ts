// SPDX-License-Identifier: GPL-2.0-only
/** Which new files are told of: whatever rule hides them, and of what a build leaves only how many there are. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { formatNewFile, hidingRules, newFiles } from '../../src/tree/newfiles.ts';
import { makeClone, makeSample, restoredForEach, run, type Sample } from './sample.ts';

// Dozens of git processes a test: on a busy machine they take their time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const { signal } = new AbortController();
let sample: Sample;
let clone: string;
restoredForEach(() => {
  sample = makeSample();
  clone = makeClone(sample);
  run(clone, 'git', 'config', 'core.excludesFile', path.join(sample.folder, 'personal'));
  return sample;
});

const put = (file: string, text = 'new\n') => {
  mkdirSync(path.dirname(path.join(clone, file)), { recursive: true });
  writeFileSync(path.join(clone, file), text);
};
/** A rule that the tree itself has: committed. */
const treeRule = (file: string, text: string) => {
  put(file, text);
  run(clone, 'git', 'add', '-f', '--', file);
  run(clone, 'git', 'commit', '-q', '-m', file);
};

describe('a new source file is named, whatever hides it', () => {
  // Where the rule stands, the rule, the file; whether it is said to be ignored.
  const table: [title: string, where: string | undefined, rule: string, file: string, shown: string][] = [
    ['nothing hides it', undefined, '', 'init/new.c', 'init/new.c'],
    ["packaging's rule on everything", '.gitignore', '*.o\n/*\n!/debian/\n', 'init/new.c', 'init/new.c (ignored: line 2 of .gitignore, /*)'],
    ['that rule, at the top', '.gitignore', '/*\n', 'NEWS.c', 'NEWS.c (ignored: line 1 of .gitignore, /*)'],
    ['that rule, a new folder', '.gitignore', '/*\n', 'fs/new/Kbuild', 'fs/new/Kbuild (ignored: line 1 of .gitignore, /*)'],
    ['a rule on a folder of sources', '.gitignore', 'init/\n', 'init/new.c', 'init/new.c (ignored: line 1 of .gitignore, init/)'],
    ['everything in one folder', 'init/.gitignore', '*\n!/.gitignore\n', 'init/new.c', 'init/new.c (ignored: line 1 of init/.gitignore, *)'],
    ["a clone's own excludes", '.git/info/exclude', 'new*\n', 'init/new.c', 'init/new.c (ignored: line 1 of .git/info/exclude, new*)'],
    ["a person's own excludes", 'PERSONAL', '*.c\n', 'init/new.c', 'init/new.c (ignored: line 1 of PERSONAL, *.c)'],
    ['a name without a suffix that sources have', 'PERSONAL', 'Kconfig\n', 'init/Kconfig', 'init/Kconfig (ignored: line 1 of PERSONAL, Kconfig)'],
  ]; // prettier-ignore
  test.each(table)('%s', async (_title, where, rule, file, shown) => {
    const personal = path.join(sample.folder, 'personal');
    if (where === 'PERSONAL') writeFileSync(personal, rule);
    else if (where?.startsWith('.git/')) put(where, rule);
    else if (where !== undefined) treeRule(where, rule);
    put(file);
    const { files, ignored } = await newFiles(clone, signal, 'a person');
    expect(files.map(formatNewFile)).toEqual([shown.replace('PERSONAL', personal)]);
    expect(ignored).toBe(0);
  });
});

describe('what a build leaves is counted, not named', () => {
  test.each([
    ['by suffix', '*.o\n', 'init/new.o'],
    ['a source that is generated', '*.mod.c\n', 'init/x.mod.c'],
    ['a folder of generated sources', '/include/generated/\n', 'include/generated/autoconf.c'],
    ['a program, under a rule on everything', '/*\n', 'init/main'],
    ['a build directory', '', 'build-0123/include/x.c'],
    ['a build directory, under a rule on everything', '/*\n', 'build-0123/include/x.c'],
  ])('%s', async (_title, rule, file) => {
    treeRule('.gitignore', rule);
    put('.git/info/exclude', '/build*/\n');
    put(file);
    expect(await newFiles(clone, signal, 'a person')).toEqual({ files: [], ignored: 1 });
  });
});

test('a build directory of any name is known by its configuration', async () => {
  treeRule('.gitignore', '/*\n');
  put('out/.config');
  put('out/include/generated/x.c');
  put('init/new.c');
  const { files, ignored } = await newFiles(clone, signal, 'a person');
  expect([files.map(file => file.path), ignored]).toEqual([['init/new.c'], 2]);
});

test("a person's own excludes do not count where git does not read them", async () => {
  writeFileSync(path.join(sample.folder, 'personal'), '*.c\n');
  run(clone, 'git', 'config', 'core.excludesFile', '/dev/null');
  put('init/new.c');
  expect((await newFiles(clone, signal)).files).toEqual([{ path: 'init/new.c' }]);
});

test('hidingRules() finds the rules on folders that hold tracked files, and no others', async () => {
  expect(await hidingRules(clone, signal)).toEqual([]);
  treeRule('.gitignore', '*.o\n/*\n!/debian/\n/absent/\n');
  expect(await hidingRules(clone, signal)).toEqual([{ file: '.gitignore', line: 2, pattern: '/*' }]);
  treeRule('.gitignore', '*.o\nx*\n');
  expect((await hidingRules(clone, signal)).map(({ pattern }) => pattern)).toEqual(['x*']);
});
