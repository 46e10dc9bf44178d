// SPDX-License-Identifier: GPL-2.0-only
/** From gcov's counts to the lines of a series: what gcov itself prints of a program, and how lines are folded. */
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AddedFile, foldLines, parseGcov, summed } from '../../../src/evidence/coverage/lines.ts';

describe('parseGcov()', () => {
  let top: string;
  beforeAll(async () => {
    top = await mkdtemp(path.join(tmpdir(), 'initbench-lines-'));
    await mkdir(path.join(top, 'build', 'init'), { recursive: true });
    await mkdir(path.join(top, 'init'));
    await writeFile(
      path.join(top, 'init', 'a.c'),
      [
        '#include "a.h"',
        'int main(int n, char **v)',
        '{',
        '\tif (n > 9)',
        '\t\treturn 3;',
        '\treturn odd(n) ? 0 : 1;',
        '}',
        '',
      ].join('\n'),
    );
    await writeFile(
      path.join(top, 'init', 'a.h'),
      ['static inline int odd(int n)', '{', '\treturn n & 1;', '}', ''].join('\n'),
    );
  });
  afterAll(() => rm(top, { recursive: true, force: true }));

  // as kbuild calls the compiler from a build folder below the tree, and as it does from the tree
  test.each([
    ['seen from below', () => '../init/a.c'],
    ['by its whole path', () => path.join(top, 'init', 'a.c')],
  ])('%s', (_, source) => {
    const cwd = path.join(top, 'build');
    const run = (...argv: string[]) => execFileSync(argv[0]!, argv.slice(1), { cwd, encoding: 'utf8' });
    run('gcc', '--coverage', '-c', source(), '-o', 'init/a.o');
    run('gcc', '--coverage', 'init/a.o', '-o', 'a');
    run('./a');
    const counts = parseGcov(run('gcov', '--json-format', '--stdout', 'init/a.gcda'), top);
    run('rm', 'init/a.gcda');
    expect([...counts.keys()].sort()).toEqual(['init/a.c', 'init/a.h']);
    expect(Object.fromEntries(counts.get('init/a.c')!)).toMatchObject({ 4: 1, 5: 0, 6: 1 });
    expect(Object.fromEntries(counts.get('init/a.h')!)).toMatchObject({ 3: 1 });
  });
});

test('summed(): lines add up, and one that was counted nowhere stays a line', () => {
  const sum = summed([new Map([[1, 2], [5, 0]]), new Map([[1, 3], [7, 0]])]); // prettier-ignore
  expect(Object.fromEntries(sum)).toEqual({ 1: 5, 5: 0, 7: 0 });
});

describe('foldLines()', () => {
  const file: AddedFile = {
    file: 'init/a.c',
    patches: new Map([
      ...([2, 3, 4] as const).map(line => [line, 'one'] as const),
      ...([6, 7] as const).map(line => [line, 'two'] as const),
    ]),
    counts: new Map([
      ['boots', new Map([...[1, 2, 3].map(line => [line, 1] as const), [4, 0], [6, 0]])],
      ['fuzz', new Map([...[1, 2].map(line => [line, 9] as const), [3, 0], [4, 0], [6, 1]])],
    ]),
    source: ['a', 'b', '\t\tc', '\td();', 'e', 'f', 'g'],
  };

  test('lines without code and lines that were there before do not count', () => {
    expect(foldLines(['one', 'two', 'three'], ['boots', 'fuzz'], [file])).toEqual([
      {
        ...{ patch: 'one', lines: 3, reached: 2, by: { boots: 2, fuzz: 1 } },
        missed: [{ file: 'init/a.c', line: 4, source: 'd();' }],
      },
      { patch: 'two', lines: 1, reached: 1, by: { boots: 0, fuzz: 1 }, missed: [] },
    ]);
  });

  test('nothing was booted: every line is missed, none is forgotten', () => {
    const counts = new Map([['boots', new Map([2, 3, 4, 6].map(line => [line, 0] as const))]]);
    const rows = foldLines(['one', 'two'], ['boots'], [{ ...file, counts }]);
    expect(rows.map(({ reached, missed }) => [reached, missed.length])).toEqual([
      [0, 3],
      [0, 1],
    ]);
  });
});
