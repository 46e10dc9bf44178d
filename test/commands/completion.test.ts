// SPDX-License-Identifier: GPL-2.0-only
/** Completion: what may stand where, of all commands, and real shells that ask the built program. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { AnyCommand } from '../../src/commands/command.ts';
import { candidatesAt } from '../../src/commands/complete.ts';
import { verbs } from '../../src/commands/verbs.ts';
import { openWorkspace } from '../../src/workspace.ts';
import { valuesOf } from '../../src/commands/values.ts';
import { temporaryFolder } from '../image/fixture.ts';

const commands: readonly AnyCommand[] = await Promise.all(verbs.map(verb => verb.load()));

const at = (line: string) => {
  const words = line.split(' ');
  return candidatesAt(commands, words, words.length - 1);
};
const wordsAt = (line: string): readonly string[] => {
  const found = at(line);
  return 'words' in found ? found.words : [`<${found.values}>`];
};

describe('candidatesAt()', () => {
  test('first all verbs, each group once, then the words of a group', () => {
    expect(wordsAt('')).toEqual([...new Set(verbs.map(({ id }) => id.split(' ')[0]))]);
    const ofGroup = (group: string) =>
      verbs.flatMap(({ id }) => (id.startsWith(`${group} `) ? [id.split(' ')[1]] : []));
    expect(ofGroup('series').length).toBeGreaterThan(10);
    expect(wordsAt('series ')).toEqual(ofGroup('series'));
    // a command of its own, too
    expect(wordsAt('bisect ')).toEqual(ofGroup('bisect'));
    expect(wordsAt('nothing ')).toEqual([]);
  });

  test.each([
    ['series verify ', ['<series>']],
    ['series verify initoverlayfs ', []],
    ['compare ', ['<row>']],
    ['compare kernelspace ', ['<row>']],
    ['compare kernelspace loop ', ['<row>']],
    ['compare --tree ', ['<tree>']],
    ['compare --pivot ', ['<row>']],
    ['compare --tree 7.3 ', ['<row>']],
    ['boot kernelspace --machine ', ['<machine>']],
    ['boot kernelspace --clock ', ['icount', 'wall']],
    ['boot kernelspace --via ', ['uefi']],
    ['diff @1 ', ['<after>']],
    ['parse ', ['<file>']],
    ['doctor ', []],
  ])('%s', (line, expected) => {
    expect(wordsAt(line)).toEqual(expected);
  });

  test('the options of every command, and those of all', () => {
    for (const { id, options } of commands) {
      const found = wordsAt(`${id} -`);
      for (const { usage } of options) expect(found).toContain(/--[\w-]+/.exec(usage)![0]);
      expect(found.filter(word => !/^--?[a-z][a-z-]*$/.test(word))).toEqual([]);
    }
    expect(wordsAt('export initoverlayfs -o ')).toEqual(['<folder>']);
  });
});

test('placeholders stand for what there is', async () => {
  const workspace = openWorkspace({ ...process.env, INITBENCH_STATE: temporaryFolder() }, path.resolve('.'));
  expect(await valuesOf(workspace, 'series')).toContain('initoverlayfs');
  expect(await valuesOf(workspace, 'kernel')).toContain('base');
  expect(await valuesOf(workspace, 'tree')).toContain('7.3');
  expect(await valuesOf(workspace, 'row')).toContain('kernelspace');
  expect(await valuesOf(workspace, 'machine')).toEqual(expect.arrayContaining(['um', 'x86_64']));
  expect(await valuesOf(workspace, 'run')).toEqual(['@']);
  expect(await valuesOf(workspace, 'MiB')).toEqual([]);
});

describe('a shell', () => {
  let PATH: string;
  beforeAll(() => {
    const bin = path.join(temporaryFolder(), 'bin');
    mkdirSync(bin);
    symlinkSync(path.resolve('dist/main.js'), path.join(bin, 'initbench'));
    PATH = `${bin}:${process.env.PATH}`;
  });
  const ask = (shell: string, ...args: readonly string[]) =>
    execFileSync(shell, args, { env: { ...process.env, PATH }, encoding: 'utf8' })
      .trim()
      .split('\n');
  const installed = (shell: string) =>
    process.env.INITBENCH_TEST_ALL === '1' ||
    (process.env.PATH ?? '').split(':').some(folder => existsSync(path.join(folder, shell)));

  test('bash', () => {
    const script =
      'eval "$(initbench completion bash)"; COMP_WORDS=("$@"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _initbench; printf "%s\\n" "${COMPREPLY[@]}"';
    const complete = (...words: readonly string[]) =>
      ask('bash', '-c', script, 'bash', 'initbench', ...words);
    expect(complete('series', 'ver')).toEqual(['verify']);
    expect(complete('series', 'verify', 'initoverlayfs-')).toContain('initoverlayfs-alt');
    expect(complete('boot', 'kernelspace', '--mach')).toEqual(['--machine']);
  });

  test.runIf(installed('fish'))('fish', () => {
    const complete = (line: string) =>
      ask('fish', '--no-config', '-c', `initbench completion fish | source; complete -C '${line}'`);
    expect(complete('initbench series ver')).toEqual(['verify']);
    expect(complete('initbench compare --machine u')).toEqual(['um']);
    expect(complete('initbench parse packag')).toContain('package.json');
  });

  test.runIf(installed('zsh'))('zsh', () => {
    const script =
      'autoload -U compinit; compinit -u -D; eval "$(initbench completion zsh)"; compadd() { print -l -- $found }; _files() { print files }; words=("$@"); CURRENT=$#words; _initbench';
    const complete = (...words: readonly string[]) =>
      ask('zsh', '-f', '-c', script, 'zsh', 'initbench', ...words);
    expect(complete('series', 'ver')).toEqual(['verify']);
    expect(complete('compare', '--machine', 'u')).toEqual(['um']);
    expect(complete('parse', '')).toEqual(['files']);
  });
});
