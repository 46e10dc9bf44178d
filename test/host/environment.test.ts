// SPDX-License-Identifier: GPL-2.0-only
/** What the host refuses is the user's to act on, whoever meets with it: Node, a program that runs, a log, a start. */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { productOf } from '../../src/events.ts';
import {
  environmentProblem,
  NoRoom,
  roomHint,
  startProblem,
  toolProblem,
} from '../../src/host/environment.ts';
import { exitCodes, ToolError, UserError } from '../../src/host/errors.ts';
import { capture, exec } from '../../src/host/exec.ts';
import { stageFiles, writeWhole } from '../../src/host/files.ts';
import { git } from '../../src/host/git.ts';

const signal = new AbortController().signal;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'initbench-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const strerror: Readonly<Record<string, string>> = {
  ENOSPC: 'No space left on device',
  EDQUOT: 'Disk quota exceeded',
  EROFS: 'Read-only file system',
  EMFILE: 'Too many open files',
  ENFILE: 'Too many open files in system',
  ENOMEM: 'Cannot allocate memory',
  EAGAIN: 'Resource temporarily unavailable',
  EACCES: 'Permission denied',
  EPERM: 'Operation not permitted',
  EIO: 'Input/output error',
};
const certain = ['ENOSPC', 'EDQUOT', 'EROFS', 'EMFILE', 'ENFILE', 'ENOMEM'];

describe.each(Object.keys(strerror))('%s', code => {
  const words = strerror[code]!;
  const errno = (more: object = {}) => Object.assign(new Error(`${code}: x`), { code, ...more });
  const tool = (...lastLines: string[]) =>
    new ToolError({ argv: ['mkfs.erofs', 'x'], exitCode: 1, signal: null, lastLines });

  test.each([
    ['of a file', errno({ path: '/c/f', syscall: 'open' }), `${words}: /c/f`],
    ['of a call', errno({ syscall: 'write' }), `${words}: write`],
    ['as the cause of another', new Error('wrapped', { cause: errno({ path: '/c/f' }) }), `${words}: /c/f`],
    [
      'of a program',
      tool('building', `mkfs.erofs: f: ${words}`, 'failed'),
      `mkfs.erofs failed: mkfs.erofs: f: ${words}`,
    ],
  ])('%s is one sentence, what to do, and exit code 4', (_of, error, message) => {
    const found = environmentProblem(error);
    expect(found).toBeInstanceOf(UserError);
    expect(found).toMatchObject({ message, exitCode: exitCodes.environment });
    expect(found?.hint).toBeTruthy();
  });

  test('the words are those that the C library of this host has', async () => {
    const number = (constants.errno as Readonly<Record<string, number>>)[code]!;
    const argv = ['perl', '-e', '$! = $ARGV[0]; print "$!"', String(number)];
    expect(await capture(argv, { signal })).toBe(words);
  });

  test('when a program is to be started', () => {
    expect(startProblem('qemu', code)?.exitCode).toBe(exitCodes.environment);
  });

  test('in a build it counts when nothing else can be meant', () => {
    const found = toolProblem('make', [`cc1: fatal error: ${words}`], { certain: true });
    expect(found !== undefined).toBe(certain.includes(code));
  });
});

test.each([
  new Error('x'),
  Object.assign(new Error('x'), { code: 'ENOENT' }),
  new ToolError({ argv: ['make'], exitCode: 2, signal: null, lastLines: ['x.c:1: error: no such space'] }),
  new UserError('x', { exitCode: 5 }),
  'x',
])('what is not the host is left alone: %s', error => {
  expect(environmentProblem(error)).toBeUndefined();
});

describe('a device that is full', () => {
  test('under the log of a program: the program is ended, and that is the reason', async () => {
    const work = exec(['sh', '-c', 'while :; do echo line; sleep 0.01; done'], {
      ...{ job: 'j', logPath: '/dev/full', signal },
    });
    const failed: unknown = await productOf(work).catch((error: unknown) => error);
    expect(environmentProblem(failed)?.message).toMatch(/^No space left on device/);
  });

  test('under the output of a program, in the language of the user', async () => {
    const env = { LANG: 'de_DE.UTF-8' };
    const failed: unknown = await capture(['sh', '-c', 'cat /etc/hosts > /dev/full'], { env, signal }).catch(
      (error: unknown) => error,
    );
    expect(failed).toBeInstanceOf(NoRoom);
    expect((failed as NoRoom).message).toMatch(/^sh failed: .*No space left on device/);
  });
});

describe('what a program reports of the host is no answer of the program', () => {
  const said = (words: string, code: number) => ['sh', '-c', `echo "${words}" >&2; exit ${code}`];
  const failing = (work: Promise<unknown>) => work.catch((error: unknown) => error);
  async function gitThat(words: string, code: number): Promise<unknown> {
    const { PATH } = process.env;
    const script = `#!/bin/sh\necho "${words}" >&2\nexit ${code}\n`;
    await writeFile(path.join(folder, 'git'), script, { mode: 0o755 });
    process.env.PATH = `${folder}:${PATH}`;
    return git(folder, ['apply'], signal).finally(() => {
      process.env.PATH = PATH;
    });
  }

  test.each([
    'error: unable to write file objects/ab/cd: No space left on device',
    "fatal: sha1 file '/state/index.lock' write error. Out of diskspace",
    'fixdep: not all data was written to the output',
    '/bin/sh: 1: printf: printf: I/O error',
    'error: Disk quota exceeded',
    'fatal: Read-only file system',
    'fatal: Too many open files',
  ])('%s', async words => {
    for (const code of [1, 128]) {
      const found = [
        await failing(capture(said(words, code), { signal })),
        await failing(productOf(exec(said(words, code), { job: 'j', signal }))),
        // A patch that does not apply ends git with the same exit codes.
        await failing(gitThat(words, code)),
      ];
      expect(found).toHaveLength(3);
      for (const error of found) {
        expect(error).not.toBeInstanceOf(ToolError);
        expect(error).toMatchObject({
          exitCode: exitCodes.environment,
          message: expect.stringContaining(words),
        });
      }
    }
  });

  test('what may have another cause is left to whoever called it', async () => {
    const found = await failing(capture(said('x.sh: Permission denied', 126), { signal }));
    expect(found).toBeInstanceOf(ToolError);
  });
});

describe('where there is no room', () => {
  test('places with room, and places that are not there, are not named', () => {
    expect(roomHint([{ folder }, { folder: path.join(folder, 'none') }])).toBeUndefined();
  });

  // proc has no blocks at all, as a full disk has none that are free
  test('a full one is, once for its file system, with what moves it', () => {
    expect(
      roomHint([{ folder: '/proc', variable: 'X' }, { folder: '/proc/sys', variable: 'Y' }, { folder }]),
    ).toBe('free some space in /proc (initbench clean), or set X to a folder on another disk');
    expect(roomHint([{ folder: '/proc' }])).toBe('free some space in /proc (initbench clean)');
  });
});

describe('files that are written together', () => {
  test('where one cannot be, none is replaced, and no file or folder is left', async () => {
    await writeFile(path.join(folder, 'old'), 'before');
    const data = 'after';
    const places = ['old', 'new/deep/file', 'old/no-folder'].map(name => ({
      file: path.join(folder, name),
      data,
    }));
    await expect(stageFiles(places)).rejects.toThrow(/ENOTDIR|EEXIST/);
    expect(await readdir(folder)).toEqual(['old']);
    expect(await readFile(path.join(folder, 'old'), 'utf8')).toBe('before');
  });

  test('they are there with publish(), and not before', async () => {
    const [one, two] = ['one', 'new/two'].map(name => path.join(folder, name)) as [string, string];
    const staged = await stageFiles([one, two].map(file => ({ file, data: file })));
    await expect(readFile(one)).rejects.toThrow(/ENOENT/);
    await staged.publish();
    expect([await readFile(one, 'utf8'), await readFile(two, 'utf8')]).toEqual([one, two]);
    expect((await readdir(folder)).sort()).toEqual(['new', 'one']);
  });

  test('what is discarded leaves nothing', async () => {
    const staged = await stageFiles([{ file: path.join(folder, 'new/deep/file'), data: 'x' }]);
    await staged.discard();
    expect(await readdir(folder)).toEqual([]);
  });
});

// root may write anywhere
test.skipIf(process.getuid?.() === 0)('a folder that is not ours leaves no temporary file', async () => {
  const place = path.join(folder, 'theirs');
  await mkdir(place);
  await writeFile(path.join(place, 'f'), 'before');
  await chmod(place, 0o555);
  const failed: unknown = await writeWhole(path.join(place, 'f'), 'after').catch((error: unknown) => error);
  await chmod(place, 0o755);
  expect(environmentProblem(failed)?.exitCode).toBe(exitCodes.environment);
  expect(await readdir(place)).toEqual(['f']);
});
