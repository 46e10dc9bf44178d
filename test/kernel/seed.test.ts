// SPDX-License-Identifier: GPL-2.0-only
/** A build directory taken over from base, with real git and a real make: only what differs is made again. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { productOf } from '../../src/events.ts';
import { type Build, buildFolder } from '../../src/kernel/make.ts';
import { type Memory, memoryFile, seedBuild, variablesDigest } from '../../src/kernel/seed.ts';

const signal = new AbortController().signal;
const fragment = (name: string) => ({ name, path: `/${name}.config`, options: [], remarks: [] });
const shared = [fragment('base')];

/** Writes what it makes to a log: an object is its source. */
const makefile = `
all: $(O)/a.o $(O)/b.o
$(O)/%.o: %.c ; @echo $@ >> $(O)/made; cp $< $@
`;

let folder: string;
let commits: { base: string; tip: string };
const at = (...parts: string[]) => path.join(folder, ...parts);
const git = (where: string, ...words: string[]) =>
  execFileSync('git', ['-C', where, '-c', 'user.name=t', '-c', 'user.email=t@localhost', ...words], {
    encoding: 'utf8',
  }).trim();
const make = (label: string, out: string) =>
  execFileSync('make', ['-s', '-C', at(label), `O=${out}`], { encoding: 'utf8' });

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'initbench-seed-'));
  mkdirSync(at('base'));
  git(at('base'), 'init', '-q');
  for (const [name, text] of Object.entries({ Makefile: makefile, 'a.c': 'a', 'b.c': 'b' }))
    writeFileSync(at('base', name), text);
  git(at('base'), 'add', '.');
  git(at('base'), 'commit', '-q', '-m', 'base');
  const base = git(at('base'), 'rev-parse', 'HEAD');
  git(at('base'), 'worktree', 'add', '-q', '--detach', at('series'));
  writeFileSync(at('series', 'a.c'), 'changed');
  git(at('series'), 'commit', '-q', '-a', '-m', 'tip');
  commits = { base, tip: git(at('series'), 'rev-parse', 'HEAD') };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const build = (name: string): Build => ({
  name,
  tree: 't',
  version: '7.3.4',
  worktree: { path: at(name), commit: name === 'base' ? commits.base : commits.tip, treeId: '' },
  fragments: name === 'base' ? shared : [...shared, fragment(name)],
  variables: {},
  arch: 'x86_64',
  toolchain: { compiler: '', linker: '', assembler: '' },
  jobs: 1,
});
const outOf = (name: string) => buildFolder({}, build(name).fragments);

function builtBase(): void {
  mkdirSync(at('base', outOf('base')));
  symlinkSync('..', at('base', outOf('base'), 'source'));
  make('base', outOf('base'));
  const memory: Memory = {
    config: 'c',
    commit: commits.base,
    variables: variablesDigest(build('base')),
    warnings: {},
  };
  writeFileSync(memoryFile(at('base', outOf('base'))), JSON.stringify(memory));
}

describe('seedBuild()', () => {
  test('the objects of base serve; only what the series changes is made again', async () => {
    builtBase();
    mkdirSync(at('series', outOf('series')));
    symlinkSync('..', at('series', outOf('series'), 'source'));
    expect(await productOf(seedBuild(build('series'), '', signal))).toBe(true);
    rmSync(at('series', outOf('series'), 'made'));
    make('series', outOf('series'));
    expect(readFileSync(at('series', outOf('series'), 'made'), 'utf8')).toBe(`${outOf('series')}/a.o\n`);
    expect(readFileSync(at('series', outOf('series'), 'a.o'), 'utf8')).toBe('changed');
    expect(readFileSync(at('series', outOf('series'), 'b.o'), 'utf8')).toBe('b');
  });

  test('also when base was built after the series was checked out', async () => {
    const past = statSync(at('series', 'a.c')).mtimeMs;
    await new Promise(resolve => setTimeout(resolve, 20));
    builtBase();
    expect(statSync(at('base', outOf('base'), 'a.o')).mtimeMs).toBeGreaterThan(past);
    await productOf(seedBuild(build('series'), '', signal));
    make('series', outOf('series'));
    expect(readFileSync(at('series', outOf('series'), 'a.o'), 'utf8')).toBe('changed');
  });

  test('nothing is taken over from an unfinished base, nor into a directory that was built in', async () => {
    expect(await productOf(seedBuild(build('series'), '', signal))).toBe(false);
    builtBase();
    mkdirSync(at('series', outOf('series')));
    writeFileSync(at('series', outOf('series'), 'initbench.log'), 'CC a.o\n');
    expect(await productOf(seedBuild(build('series'), '', signal))).toBe(false);
    expect(existsSync(at('series', outOf('series'), 'a.o'))).toBe(false);
  });

  test('base with one more fragment starts from base without', async () => {
    builtBase();
    const more = { ...build('base'), fragments: [...shared, fragment('debug')] };
    expect(await productOf(seedBuild(more, '', signal))).toBe(true);
    expect(existsSync(at('base', buildFolder({}, more.fragments), 'a.o'))).toBe(true);
  });

  test('other make variables make other objects', async () => {
    builtBase();
    expect(await productOf(seedBuild({ ...build('series'), variables: { LLVM: '1' } }, '', signal))).toBe(
      false,
    );
  });

  test('base is not built from itself', async () => {
    builtBase();
    expect(await productOf(seedBuild(build('base'), '', signal))).toBe(false);
  });

  describe('of several, the one with the fewest objects to make anew', () => {
    /** A finished build of a worktree with that configuration; both its objects are of it, and depend on OPTION. */
    function finished(name: string, fragments: readonly string[], options: string): string {
      const own = { ...build(name), fragments: fragments.map(fragment) };
      const out = at(name, buildFolder({}, own.fragments));
      mkdirSync(path.join(out, 'include/config'), { recursive: true });
      writeFileSync(path.join(out, 'include/config/auto.conf'), options);
      for (const each of ['a', 'b']) {
        const text = `source_${each}.o := ../${each}.c\n\ndeps_${each}.o := \\\n    $(wildcard include/config/OPTION) \\\n`;
        writeFileSync(path.join(out, `.${each}.o.cmd`), text);
        writeFileSync(path.join(out, `${each}.o`), `${name} ${fragments.join()}`);
      }
      const memory = {
        ...{ config: 'c', commit: own.worktree.commit, variables: variablesDigest(own), warnings: {} },
      } satisfies Memory;
      writeFileSync(memoryFile(out), JSON.stringify(memory));
      return out;
    }
    const taken = async (name: string, fragments: readonly string[], dotConfig: string) => {
      const wanted = { ...build(name), fragments: fragments.map(fragment) };
      expect(await productOf(seedBuild(wanted, dotConfig, signal))).toBe(true);
      return readFileSync(at(name, buildFolder({}, wanted.fragments), 'b.o'), 'utf8');
    };

    test("a series' own earlier build, whose patches are in it already", async () => {
      finished('series', ['base', 'series'], 'CONFIG_X=y\n');
      finished('base', ['base'], 'CONFIG_X=y\n');
      expect(await taken('series', ['base', 'debug', 'series'], 'CONFIG_X=y\nCONFIG_Y=y\n')).toBe(
        'series base,series',
      );
    });

    test('one without the option that all files use, though one with it was built later', async () => {
      finished('base', ['base'], 'CONFIG_X=y\n');
      finished('base', ['base', 'debug'], 'CONFIG_X=y\nCONFIG_OPTION=y\n');
      expect(await taken('series', ['base', 'series'], 'CONFIG_X=y\nCONFIG_SERIES=y\n')).toBe('base base');
      expect(await taken('base', ['base', 'more'], 'CONFIG_OPTION=y\nCONFIG_MORE=y\n')).toBe(
        'base base,debug',
      );
    });

    test('not one whose commit is gone', async () => {
      const out = finished('base', ['base'], '');
      const memory = JSON.parse(readFileSync(memoryFile(out), 'utf8')) as Memory;
      writeFileSync(memoryFile(out), JSON.stringify({ ...memory, commit: '0'.repeat(40) }));
      expect(await productOf(seedBuild(build('series'), '', signal))).toBe(false);
    });
  });
});
