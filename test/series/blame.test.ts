// SPDX-License-Identifier: GPL-2.0-only
/** Which patch a line comes from, asked of git itself in a repository with three of them. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addedBy, parseBlame } from '../../src/series/blame.ts';

const never = new AbortController().signal;
let folder: string;
const git = (...args: string[]): string =>
  execFileSync('git', ['-C', folder, '-c', 'user.name=A', '-c', 'user.email=a@example.org', ...args], {
    encoding: 'utf8',
  }).trim();

async function commit(lines: readonly string[]): Promise<string> {
  await writeFile(path.join(folder, 'a.c'), `${lines.join('\n')}\n`);
  git('add', '-A');
  git('commit', '-q', '-m', 'c');
  return git('rev-parse', 'HEAD');
}

const commits: string[] = [];
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'initbench-blame-'));
  git('init', '-q');
  commits.push(await commit(['old 1', 'old 2', 'old 3']));
  commits.push(await commit(['old 1', 'first', 'changed later', 'old 3']));
  commits.push(
    await commit(['old 1', 'first', 'second', 'old 3', '0123456789012345678901234567890123456789 1 1']),
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('lines of the base belong to no patch, a line that was changed to the last that did', async () => {
  const lines = await addedBy(folder, { base: commits[0]!, tip: commits[2]! }, 'a.c', never);
  expect(Object.fromEntries(lines)).toEqual({ 2: commits[1], 3: commits[2], 5: commits[2] });
});

test('a file that the range does not change has none', async () => {
  expect(
    (await addedBy(folder, { base: commits[1]!, tip: commits[2]! }, 'a.c', never)).get(2),
  ).toBeUndefined();
});

test('what is no blame has none', () => {
  expect(parseBlame('').size).toBe(0);
});
