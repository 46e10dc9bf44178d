// SPDX-License-Identifier: GPL-2.0-only
/** The door to git: what of the caller's environment gets through, and how questions end. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { productOf } from '../../src/events.ts';
import { Interrupted, ToolError, UserError } from '../../src/host/errors.ts';
import {
  adminFolderOf,
  branchOf,
  git,
  gitArgv,
  gitEnvironment,
  gitWork,
  ownConfigOnly,
  parseGitProgress,
} from '../../src/host/git.ts';
import { putBack } from '../variables.ts';

const { signal } = new AbortController();
const saved = { ...process.env };
let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'initbench-test-'));
  await git(folder, ['init', '-q'], signal);
});
afterEach(() => {
  putBack(saved);
  rmSync(folder, { recursive: true, force: true });
});

describe('gitEnvironment()', () => {
  test('removes which repository and index to use, keeps how to reach a remote', () => {
    const env = gitEnvironment({
      GIT_DIR: '/x',
      GIT_INDEX_FILE: '/y',
      GIT_SSH_COMMAND: 'ssh -x',
      HOME: '/h',
    });
    expect(Object.keys(env)).toEqual(expect.arrayContaining(['GIT_DIR', 'GIT_INDEX_FILE']));
    expect(env.GIT_DIR).toBeUndefined();
    expect(env).not.toHaveProperty('GIT_SSH_COMMAND');
    expect(env).not.toHaveProperty('HOME');
    expect(env.GIT_TERMINAL_PROMPT).toBe('0');
  });
});

test('gitArgv() is a command line that can be pasted', () => {
  expect(gitArgv('/r', ['log', '-1'])).toEqual(['git', '-C', '/r', 'log', '-1']);
});

test('adminFolderOf() and branchOf() read of a linked worktree what git says of it', async () => {
  const env = {
    GIT_AUTHOR_NAME: 'A',
    GIT_AUTHOR_EMAIL: 'a@b',
    GIT_COMMITTER_NAME: 'A',
    GIT_COMMITTER_EMAIL: 'a@b',
  };
  await git(folder, ['commit', '-q', '--allow-empty', '-m', 'first'], signal, { env });
  const linked = path.join(folder, 'with blank', 'linked');
  await git(folder, ['worktree', 'add', '-q', '-b', 'series/mine', linked], signal);
  const asked = { admin: ['rev-parse', '--absolute-git-dir'], branch: ['symbolic-ref', 'HEAD'] };
  expect(await adminFolderOf(linked)).toBe(await git(linked, asked.admin, signal));
  expect(await branchOf(linked)).toBe('refs/heads/series/mine');
  expect(await branchOf(linked)).toBe(await git(linked, asked.branch, signal));
  const pointer = path.join(linked, '.git');
  writeFileSync(pointer, `gitdir: ${path.relative(linked, await adminFolderOf(linked))}\n`);
  expect(await adminFolderOf(linked)).toBe(await git(linked, asked.admin, signal));
  await git(linked, ['checkout', '-q', '--detach'], signal);
  expect(await branchOf(linked)).toBeUndefined();
});

test.each(['/nowhere', path.resolve('test/bin/environment/git-2.30')])(
  'ownConfigOnly hides what the user has configured, with %s first on PATH',
  async place => {
    Object.assign(process.env, { PATH: `${place}:${process.env.PATH}`, HOME: folder });
    delete process.env.GIT_CONFIG_GLOBAL;
    writeFileSync(path.join(folder, '.gitconfig'), '[filter "x"]\n\tsmudge = touch proof\n');
    const ask = (env = {}) =>
      git(folder, ['config', '--get', 'filter.x.smudge'], signal, { env, accept: [1] });
    expect(await ask()).toBe('touch proof');
    expect(await ask(ownConfigOnly)).toBe('');
  },
);

describe('git()', () => {
  test('is deaf to GIT_DIR and to editors, and hears what it is given', async () => {
    Object.assign(process.env, {
      GIT_DIR: '/nowhere',
      GIT_WORK_TREE: '/',
      EDITOR: 'vi',
      PREFIX: '/',
      GIT_SSH_COMMAND: 'x',
    });
    expect(await git(folder, ['rev-parse', '--is-inside-work-tree'], signal)).toBe('true');
    const env = {
      GIT_AUTHOR_NAME: 'Someone',
      GIT_AUTHOR_EMAIL: 's@example.org',
      GIT_AUTHOR_DATE: '946684800 +0000',
    };
    expect(await git(folder, ['var', 'GIT_AUTHOR_IDENT'], signal, { env })).toBe(
      'Someone <s@example.org> 946684800 +0000',
    );
  });

  test('feeds bytes to stdin', async () => {
    const id = await git(folder, ['hash-object', '--stdin'], signal, { input: Buffer.from('junk\n') });
    expect(id).toBe('a941931010167fd6cd8c7ea895d3468f26e67bde');
  });

  test('a failure is a ToolError with argv, exit code and what git said; an accepted code is an answer', async () => {
    const question = ['rev-parse', '--verify', '-q', 'nosuch'];
    await expect(git(folder, question, signal)).rejects.toBeInstanceOf(ToolError);
    expect(await git(folder, question, signal, { accept: [1] })).toBe('');
    const error = await git(folder, ['cat-file', '-t', 'nosuch'], signal).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      argv: ['git', '-C', folder, 'cat-file', '-t', 'nosuch'],
      exitCode: 128,
      lastLines: ['fatal: Not a valid object name nosuch'],
    });
  });

  test('without git: the package that has it', async () => {
    process.env.PATH = folder;
    await expect(git(folder, ['status'], signal)).rejects.toThrow(UserError);
    await expect(git(folder, ['status'], signal)).rejects.toThrow('git is not installed');
  });

  test('stops when the signal says so', async () => {
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 50);
    await expect(git(folder, ['cat-file', '--batch'], abort.signal)).rejects.toThrow();
    const silent = new AbortController();
    const work = productOf(
      gitWork(folder, ['-c', 'alias.wait=!sleep 30', 'wait'], { job: 'j', signal: silent.signal }),
    );
    setTimeout(() => silent.abort(), 50);
    await expect(work).rejects.toBeInstanceOf(Interrupted);
  });
});

test('parseGitProgress() reads what git says while it works', () => {
  expect(parseGitProgress('Updating files:  45% (43225/96057)')).toEqual({
    label: 'updating files',
    done: 43225,
    total: 96057,
  });
  expect(parseGitProgress('remote: Counting objects: 100% (3/3), done.')).toMatchObject({
    done: 3,
    total: 3,
  });
  expect(parseGitProgress('fatal: no')).toBeUndefined();
});
