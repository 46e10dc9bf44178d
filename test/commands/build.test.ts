// SPDX-License-Identifier: GPL-2.0-only
/** `initbench build` from what was typed to what is printed, on a small tree with a stand-in make. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { build } from '../../src/commands/build.ts';
import { productOf } from '../../src/events.ts';
import { exitCodes } from '../../src/host/errors.ts';
import { prepareKernel } from '../../src/kernel/prepare.ts';
import { openWorkspace, type Workspace } from '../../src/workspace.ts';
import { asRepository, diverge } from '../kernel/repository.ts';
import { type Sample, sampleTree } from '../kernel/sample.ts';

const signal = new AbortController().signal;
let sample: Sample;
let workspace: Workspace;
beforeEach(async () => {
  sample = await sampleTree();
  await asRepository(sample);
  workspace = openWorkspace(sample.workspace.environment, sample.workspace.root);
});
afterEach(() => sample.remove());

interface Typing {
  readonly words?: readonly string[];
  readonly options?: Readonly<Record<string, unknown>>;
  readonly rest?: readonly string[];
}

async function typed({ words = [], options = {}, rest = [] }: Typing) {
  const input = build.parse({ words, options, rest }, workspace);
  const product = await productOf(build.run(workspace, input, signal));
  return {
    text: build.text(product, 100),
    json: build.json(product) as Record<string, unknown>,
    exitCode: build.exitCode!(product),
  };
}

test('base, then the series: two kernels of the same fragments, the series with its own on top', async () => {
  await writeFile(path.join(workspace.root, 'kconfigs/trial.config'), 'CONFIG_TRIAL=y\n');
  const base = await typed({});
  const trial = await typed({ words: ['trial'] });
  expect([base.exitCode, trial.exitCode]).toEqual([exitCodes.done, exitCodes.done]);
  expect(base.json).toMatchObject({
    schema: 'initbench.kernel/1',
    outcome: 'built',
    cached: false,
    name: 'base',
    tree: '7.3',
    version: '7.3.4',
    fragments: ['base'],
    lost: [],
  });
  expect(trial.json).toMatchObject({ name: 'trial', fragments: ['base', 'trial'], lost: [] });
  expect(trial.json.digest).not.toBe(base.json.digest);
  expect(trial.json.treeId).not.toBe(base.json.treeId);
  expect(base.text[0]).toMatch(/^kernel +7\.3\.4-initbench, base on 7\.3, i386$/);

  const calls = await sample.calls();
  const again = await typed({});
  expect(again.json).toMatchObject({ cached: true, digest: base.json.digest });
  expect(again.text.join('\n')).toContain('nothing to do');
  expect(await sample.calls()).toEqual(calls);
});

test('lost options are printed with both values and stop the build, unless told otherwise', async () => {
  const options = { config: ['CONFIG_EROFS_SF=y', 'debug'] };
  const stopped = await typed({ options });
  expect(stopped.exitCode).toBe(exitCodes.failed);
  expect(stopped.text).toEqual([
    'base on 7.3 was not built: requested options did not survive.',
    '',
    '1 lost:',
    '  CONFIG_EROFS_SF: requested y (item), does not exist: Kconfig has no EROFS_SF; there is EROFS_FS',
    '',
    '1 redefined:',
    '  CONFIG_EROFS_FS: y (base), then n (debug)',
    '',
    'Correct the fragments, or build it as it is with --allow-lost.',
  ]);
  expect(stopped.json).toMatchObject({ outcome: 'lost', lost: [{ requested: 'y', actual: null }] });
  expect(await sample.calls()).toHaveLength(2);

  const built = await typed({ options: { ...options, allowLost: true } });
  expect(built.exitCode).toBe(exitCodes.done);
  expect(built.json).toMatchObject({ outcome: 'built', lost: [{ option: 'CONFIG_EROFS_SF' }] });
});

test('a series that does not apply is an answer with its own exit code', async () => {
  await diverge(sample);
  const conflict = await typed({ words: ['trial'] });
  expect(conflict.exitCode).toBe(exitCodes.conflict);
  expect(conflict.json).toMatchObject({ outcome: 'conflict', series: 'trial', files: ['init/main.c'] });
  expect(conflict.text.slice(0, 2)).toEqual([
    'trial does not apply to 7.3: 0001-init-try-something.patch',
    '  init/main.c',
  ]);
});

test('--dry-run prints what would be run and calls no make', async () => {
  const { text, exitCode } = await typed({
    options: { dryRun: true, jobs: '3', config: ['CONFIG_CRYPTO=y'] },
    rest: ['KCFLAGS=-Og -g'],
  });
  expect(exitCode).toBe(exitCodes.done);
  // What is made first stands before the commands, as comments of a shell.
  const first = text.findIndex(line => !line.startsWith('#'));
  expect(first).toBeGreaterThan(0);
  expect(text[first]).toBe(`cd ${path.join(workspace.cache, 'worktrees/7.3/base')}`);
  expect(text.join('\n')).toMatch(/printf %s 'CONFIG_CRYPTO=y\n' > build-[0-9a-f]{8}\/fragment-2\.config/);
  expect(text.at(-2)).toMatch(
    / -j3 .* 'KCFLAGS=-Og -g' LOCALVERSION=-initbench PAHOLE=false RUSTC=false bzImage$/,
  );
  expect(await sample.calls()).toEqual([]);
});

describe('what was typed wrong', () => {
  test('an unknown kernel answers with those there are, before a tree is made', async () => {
    await expect(typed({ words: ['trail'] })).rejects.toMatchObject({
      message: "no kernel is called 'trail'",
      hint: 'there is: base, trial',
    });
  });

  test('an unknown tree', async () => {
    await expect(typed({ options: { tree: '9.9' } })).rejects.toThrow("no tree is called '9.9'");
  });

  test('a number of jobs that is none', () => {
    expect(() => build.parse({ words: [], options: { jobs: '0' }, rest: [] }, workspace)).toThrow('--jobs 0');
  });
});

describe('prepareKernel(), for those who need the kernel', () => {
  test('throws lost options, unless they are allowed', async () => {
    const request = { kernel: 'base', tree: '7.3', fragments: ['base', 'CONFIG_NONE=y'] };
    await expect(productOf(prepareKernel(workspace, request, signal))).rejects.toMatchObject({
      message: expect.stringContaining('CONFIG_NONE: requested y (item), does not exist'),
      exitCode: exitCodes.failed,
    });
    const kernel = await productOf(prepareKernel(workspace, { ...request, allowLost: true }, signal));
    expect(kernel.fragments).toEqual(['base', 'item']);
  });

  test('throws a conflict', async () => {
    await diverge(sample);
    const request = { kernel: 'trial', tree: '7.3', fragments: ['base'] };
    await expect(productOf(prepareKernel(workspace, request, signal))).rejects.toMatchObject({
      message: 'trial does not apply to 7.3: 0001-init-try-something.patch conflicts in init/main.c',
      exitCode: exitCodes.conflict,
    });
  });
});
