// SPDX-License-Identifier: GPL-2.0-only
/** Which options a commit's Kconfig files define, asked of git with nothing checked out. */
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { definedAt, parseDefinitions } from '../../src/kconfig/defined.ts';
import { asRepository, git } from '../kernel/repository.ts';
import { type Sample, sampleTree } from '../kernel/sample.ts';

const signal = new AbortController().signal;
let sample: Sample;
beforeEach(async () => {
  sample = await sampleTree();
  await asRepository(sample);
});
afterEach(() => sample.remove());

const asked = (commit: string, ...names: string[]) =>
  definedAt(sample.worktree.path, commit, names, 'x86', signal).then(found => [...found].sort());

describe('definedAt()', () => {
  test('finds config and menuconfig at the commit asked for, not in the working tree', async () => {
    const tree = sample.worktree.path;
    await mkdir(path.join(tree, 'usr'));
    await writeFile(path.join(tree, 'usr/Kconfig.extra'), '\tmenuconfig TRIAL # new\n\tbool "x"\n');
    git(tree, 'add', '-A');
    git(tree, 'commit', '-q', '-m', 'usr: add TRIAL');
    await appendFile(path.join(tree, 'Kconfig'), 'config LATER\n');
    expect(await asked('HEAD', 'TRIAL', 'LATER', 'EROFS_FS')).toEqual(['EROFS_FS', 'TRIAL']);
    expect(await asked('HEAD^', 'TRIAL', 'LATER', 'EROFS_FS')).toEqual(['EROFS_FS']);
    expect(await asked('HEAD')).toEqual([]);
  });

  test('a name is a whole word: neither a prefix nor a use of it counts', async () => {
    expect(await asked('HEAD', 'EROFS', 'FS', 'ROFS_FS')).toEqual([]);
  });
});

test('parseDefinitions() leaves out what other architectures define', () => {
  const answer =
    'c0ffee:arch/arm/Kconfig:config TRIAL\nc0ffee:arch/x86/Kconfig:config OTHER\nc0ffee:init/Kconfig:config THIRD';
  expect([...parseDefinitions(answer, 'x86')]).toEqual(['OTHER', 'THIRD']);
});
