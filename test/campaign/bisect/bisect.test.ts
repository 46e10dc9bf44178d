// SPDX-License-Identifier: GPL-2.0-only
/** Whole bisections of a small series whose middle patch does not build, of its history, and by git bisect run: real
 *  git and images, stand-ins for make and QEMU. */
import { spawnSync } from 'node:child_process';
import { cp, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Asked, bisect, type BisectRequest, bisectStep } from '../../../src/campaign/bisect/bisect.ts';
import type { Boots } from '../../../src/campaign/bisect/question.ts';
import { bisect as command, bisectStep as stepCommand, limitOf } from '../../../src/commands/bisect.ts';
import { runCli } from '../../../src/cli/run.ts';
import { productOf } from '../../../src/events.ts';
import { folders, type Workspace } from '../../../src/workspace.ts';
import { recorded as consoleOf } from '../../boot/machine.ts';
import { git } from '../../kernel/repository.ts';
import { bin } from '../../kernel/sample.ts';
import { fingerprint } from '../../tree/sample.ts';
import { makeTrial, type Trial } from '../trial.ts';
import { conforming } from '../../conforms.ts';

const never = new AbortController().signal;
let trial: Trial;
let workspace: Workspace;
let tree: string;
let base: string;

const main = (text: string) => `int main(void)\n{\n${text}\n}\n`;
/** The fourth one brings the fault, which the stand-in QEMU sees in the image; the third one does not build. */
const changes = ['return 1;', 'return 2;', '#error', 'return faulty;', 'return faulty + 5;'];

beforeEach(async () => {
  trial = await makeTrial({
    pinned: true,
    process: { INITBENCH_TEST_FAULT: `${consoleOf('panic-no-root')}:faulty` },
  });
  ({ workspace, tree } = trial);
  base = git(tree, 'rev-parse', 'HEAD');
  for (const [index, text] of changes.entries()) {
    await writeFile(path.join(tree, 'init/main.c'), main(text));
    git(tree, 'commit', '-q', '-a', '-m', `init: change ${index + 1}`);
  }
  git(tree, 'format-patch', '-q', base, '-o', path.join(workspace.root, 'patches/trial'));
});
afterEach(() => trial.remove());

const boots: Boots = {
  ...{ flow: 'initramfs', payload: 'busybox', padBytes: 0, append: [], memoryMiB: 2048, cpus: 1 },
  clock: 'icount',
  ...{ usedPercent: 10, times: 1 },
};
const asked: Asked = { boots, question: { kind: 'outcome' }, fragments: ['base'], kernel: 'base' };
const go = async (more: Partial<BisectRequest>) => {
  const product = await productOf(bisect(workspace, { ...asked, clone: tree, again: false, ...more }, never));
  conforming(command.json(product));
  return product;
};
const shown = ({ tested }: Awaited<ReturnType<typeof go>>) =>
  tested.map(({ label, mark }) => `${label} ${mark}`);

describe('initbench bisect', () => {
  test('over a series: the patch that does not build is gone round, and the one behind it cannot be told from it', async () => {
    const found = await go({ series: 'trial' });
    expect(shown(found)).toEqual(['0000 good', '0002 good', '0003 skip', '0004 bad', '0005 bad']);
    expect(found.tested[2]!.why).toMatch(/^does not build: .*#error/);
    expect(found).toMatchObject({ kind: 'among', commits: [{ label: '0003' }, { label: '0004' }] });
    expect(command.exitCode!(found)).toBe(8);
    const runs = await readdir(folders.runs(workspace));
    expect(await go({ series: 'trial' })).toMatchObject({ known: 5, kind: 'among' });
    expect(await readdir(folders.runs(workspace))).toEqual(runs);
    expect(await go({ series: 'trial', good: '3', bad: '5' })).toMatchObject({
      kind: 'ends',
      commits: [{ label: '0003' }],
    });
    await expect(go({ series: 'trial', good: '4', bad: '2' })).rejects.toThrow('does not come before');
    await expect(go({ series: 'trial', bad: '9' })).rejects.toThrow("'9' is no patch of trial");
  }, 120_000);

  test('over a history in a clone, which is only read', async () => {
    git(tree, 'checkout', '-q', '-b', 'side', base);
    await writeFile(path.join(tree, 'init/main.h'), 'int side;\n');
    git(tree, 'commit', '-q', '-a', '-m', 'init: side');
    git(tree, 'merge', '-q', '--no-edit', 'main');
    const was = fingerprint(tree);
    const found = await go({ good: base, bad: 'side' });
    expect(found).toMatchObject({ kind: 'among' });
    expect(found.commits.map(({ subject }) => subject)).toEqual(['init: change 3', 'init: change 4']);
    expect(fingerprint(tree)).toBe(was);
    await expect(go({ good: 'side', bad: base })).rejects.toThrow('is not made on');
    await expect(go({ good: 'nope', bad: base })).rejects.toThrow('there is no nope');
    await expect(go({ bad: base })).rejects.toThrow('needs both');
  }, 120_000);

  test('a figure above a limit takes six boots of other layouts; a boot that fails tells nothing of it', async () => {
    const question = { kind: 'metric', metric: 'init', above: 1 } as const;
    const above = await go({ series: 'trial', good: '0', bad: '1', question });
    expect(above).toMatchObject({ kind: 'ends', commits: [{ label: '0000' }] });
    expect(above.tested[0]).toMatchObject({ mark: 'bad', why: 'init of 6 boots is above the limit' });
    expect(above.tested[0]!.samples).toHaveLength(6);
    const faulty = await go({ series: 'trial', good: '4', bad: '5', question });
    expect(faulty.tested[0]).toMatchObject({ mark: 'skip', why: expect.stringContaining('panic') });
  }, 120_000);
});

describe('initbench bisect step', () => {
  const step = async (commit: string) => {
    git(tree, 'checkout', '-q', commit);
    const tested = await productOf(bisectStep(workspace, { ...asked, clone: tree }, never));
    conforming(stepCommand.json(tested));
    return stepCommand.exitCode!(tested);
  };

  test('0 good, 1 bad, 125 does not build; from 128 what stops a bisect', async () => {
    expect([await step('main~3'), await step('main~2'), await step('main')]).toEqual([0, 125, 1]);
    const cli = (...argv: string[]) =>
      runCli(
        ['bisect', 'step', ...argv],
        [command, stepCommand],
        '1',
        () => workspace,
        { out: () => {}, err: () => {}, errIsTerminal: false, width: 80 },
        never,
      );
    const plain = ['--clone', tree, '--flow', 'initramfs', '--outcome'];
    expect(await cli(...plain)).toBe(1);
    expect(await cli('--nonsense')).toBe(130);
    expect(await cli('--clone', '/nowhere', '--flow', 'floor', '--outcome')).toBe(130);
    expect(await cli('--flow', 'floor')).toBe(130);
    process.env.PATH = '/nowhere';
    workspace = { ...workspace, environment: { ...workspace.environment, PATH: '/nowhere' } };
    expect(await cli(...plain)).toBe(132);
  }, 120_000);

  test('git bisect run goes round the middle that does not build, and is not stopped by it', async () => {
    const { root } = workspace;
    await symlink(path.resolve('node_modules'), path.join(root, 'node_modules'));
    await cp('package.json', path.join(root, 'package.json'));
    await cp('dist', path.join(root, 'dist'), { recursive: true });
    // One PATH for all: the kernel gets the stand-ins, programs of the guest the real ones.
    const tools = path.join(root, 'tools');
    await mkdir(tools);
    const wrapper = (standIn: string, name: string) =>
      `#!/bin/sh\ncase "$*" in ${standIn}) exec ${bin}/${name} "$@" ;; esac\nexec /usr/bin/${name} "$@"\n`;
    await writeFile(path.join(tools, 'make'), wrapper('*O=build*', 'make'), { mode: 0o755 });
    await writeFile(path.join(tools, 'gcc'), wrapper('--version|-Wa,--version*', 'gcc'), { mode: 0o755 });
    // gcc looks for its linker in PATH.
    await writeFile(path.join(tools, 'ld'), wrapper('--version*|-v*', 'ld'), { mode: 0o755 });
    await symlink('/usr/bin/lz4', path.join(tools, 'lz4'));
    const search = [tools, path.resolve('test/bin/boot'), workspace.environment.PATH].join(':');
    git(tree, 'bisect', 'start', 'main', base);
    const step = [process.execPath, path.join(root, 'dist/main.js'), 'bisect', 'step'];
    const run = spawnSync('git', ['bisect', 'run', ...step, '--flow', 'initramfs', '--outcome'], {
      ...{ cwd: tree, encoding: 'utf8' },
      env: { ...process.env, ...workspace.environment, PATH: search },
    });
    const said = run.stdout + run.stderr;
    expect(said).toContain("There are only 'skip'ped commits left to test.");
    expect(said.slice(said.indexOf('The first bad commit could be any of'))).toContain(
      git(tree, 'rev-parse', 'main~1'),
    );
    expect(said).toContain('is skipped: does not build');
  }, 120_000);
});

test('limitOf() reads limits in the unit of the metric', () => {
  expect(limitOf('950M', 'init', 'icount')).toBe(950e6);
  expect(limitOf('1.5s', 'init', 'wall')).toBe(1500);
  expect(limitOf('64M', 'memory', 'icount')).toBe(64 * 2 ** 20);
  expect(() => limitOf('3 apples', 'init', 'icount')).toThrow('no limit for init');
});
