// SPDX-License-Identifier: GPL-2.0-only
/** Whether a program works is told by its work: small stand-ins on PATH that print versions or not, work or not. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { productOf } from '../../src/events.ts';
import { probeTools } from '../../src/host/probe.ts';
import { type Tool, tools } from '../../src/host/tools.ts';

const signal = new AbortController().signal;
const model = tools.find(({ name }) => name === 'mkfs.erofs')!;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'initbench-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function standIn(name: string, script: string): Promise<Tool> {
  const file = path.join(folder, name);
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  return { ...model, name: file, use: { argv: [file, 'pack'] } };
}

const works = 'case $1 in pack) : > packed ;; esac';

describe('probeTools()', () => {
  test.each([
    ['prints a version', `${works}\necho "x 1.9"`, { state: 'works', version: 'x 1.9' }],
    [
      'prints it and refuses the option',
      `${works}\n[ $1 = pack ] || { echo "x 1.9"; exit 1; }`,
      { state: 'works', version: 'x 1.9' },
    ],
    [
      'knows no option for it',
      `${works}\n[ $1 = pack ] || { echo "invalid option" >&2; exit 1; }`,
      { state: 'works' },
    ],
    [
      'prints it at work alone',
      `${works}\n[ $1 = pack ] || exit 1; echo "x 2.0"`,
      { state: 'works', version: 'x 2.0' },
    ],
    [
      'prints a version and does not work',
      'echo "x 1.9"; [ $1 != pack ] || { echo "no lz4" >&2; exit 1; }',
      { state: 'broken', version: 'x 1.9', problem: 'no lz4' },
    ],
    [
      'does not work, without a word',
      '[ $1 != pack ] || exit 3',
      { state: 'broken', problem: 'it failed without a word' },
    ],
  ])('one that %s', async (what, script, about) => {
    const tool = await standIn(what.replaceAll(/\W/g, '-'), script);
    const [probed] = await productOf(probeTools([tool], signal));
    expect(probed).toEqual({ tool, ...about });
  });

  test('one that is not there is missing, and so is a module of a language that is', async () => {
    const absent = { ...model, name: 'initbench-no-such-tool' };
    const module = { ...model, name: 'perl-x', command: ['perl'], version: ['-e', 'require No::Such'] };
    const probed = await productOf(probeTools([absent, module], signal));
    expect(probed.map(({ state }) => state)).toEqual(['missing', 'missing']);
  });

  test('one that works on what another makes is not blamed when that is missing', async () => {
    const maker = { ...model, name: 'initbench-no-such-tool' };
    const reader = await standIn('reader', 'exit 1');
    const after = { ...reader, use: { ...reader.use!, after: maker.name } };
    const probed = await productOf(probeTools([maker, after], signal));
    expect(probed.map(({ state }) => state)).toEqual(['missing', 'works']);
  });

  test('every required program of this host works', async () => {
    const required = tools.filter(tool => tool.required);
    const probed = await productOf(probeTools(required, signal));
    expect(required.length).toBeGreaterThan(10);
    expect(probed.filter(({ state }) => state !== 'works')).toEqual([]);
  }, 120_000);
});
