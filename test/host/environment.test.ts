// SPDX-License-Identifier: GPL-2.0-only
/** What the host refuses is the user's to act on, whoever meets with it: Node, a program that runs, a log, a start. */
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { productOf } from '../../src/events.ts';
import { environmentProblem, startProblem, toolProblem } from '../../src/host/environment.ts';
import { exitCodes, ToolError, UserError } from '../../src/host/errors.ts';
import { capture, exec } from '../../src/host/exec.ts';
import { writeWhole } from '../../src/host/files.ts';

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
    expect(failed).toBeInstanceOf(ToolError);
    expect(environmentProblem(failed)?.message).toMatch(/No space left on device/);
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
