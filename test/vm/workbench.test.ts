// SPDX-License-Identifier: GPL-2.0-only
/** The workbench in a terminal of its own (tmux), on real boots, by its keys. Runs, marks and postings go into a state of the test's own; trees and kernels are those of the other tests. */
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { productOf } from '../../src/events.ts';
import { prepareKernel } from '../../src/kernel/prepare.ts';
import { keysInDocs, openTerminal, type Terminal } from '../tui/tmux.ts';
import { signal, workspace } from './house.ts';

let folder: string;
let terminal: Terminal;

beforeAll(async () => {
  const { settings } = workspace;
  for (const kernel of ['base', settings.series]) {
    const { tree, fragments } = settings;
    await productOf(prepareKernel(workspace, { kernel, tree, fragments }, signal));
  }
  folder = await mkdtemp(path.join(tmpdir(), 'initbench-test-'));
  await mkdir(path.join(folder, 'state'));
  for (const shared of ['linux.git', 'trees', 'campaigns']) {
    await symlink(path.join(workspace.state, shared), path.join(folder, 'state', shared));
  }
  await writeFile(
    path.join(folder, 'gitconfig'),
    '[user]\n\tname = A Developer\n\temail = dev@example.org\n',
  );
  const environment = {
    INITBENCH_STATE: path.join(folder, 'state'),
    INITBENCH_CACHE: workspace.cache,
    GIT_CONFIG_GLOBAL: path.join(folder, 'gitconfig'),
    LANG: 'C.UTF-8',
  };
  terminal = await openTerminal(environment);
  const { keys, text, until } = terminal;
  await text(`'${process.execPath}' dist/main.js`);
  await keys('Enter');
  await until('[x] kernelspace', 60);
});

afterAll(async () => {
  await terminal.close();
  await rm(folder, { recursive: true, force: true });
});

describe('the workbench', () => {
  test('compare: mark, boot side by side, read the difference, open one log, search', async () => {
    const { keys, text, until, counted } = terminal;
    counted();
    await text('jjjj');
    await keys('b');
    const shown = await until(/^(?![^]*running)[^]*\d ended|═ ended ═/m, 300);
    expect(shown).toMatch(/initramfs@base .* 1\.000 ready/);
    expect(shown).toMatch(/kernelspace@\S+ .* 0\.\d{3} ready/);
    expect(shown).toMatch(/userspace@base .* 0\.\d{3} ready/);
    await keys('Enter');
    await until('console of');
    await keys('/');
    await text('used');
    await keys('Enter');
    await until(/\/used +\d+ lines/);
    expect(counted()).toBe(await keysInDocs('Compare'));
    await keys('Escape');
    await until('═ ended ═');
    await keys('Escape');
    await until('═ 3 Flows');
  });

  test('a build with nothing to do, boots with the same figures, two runs held against each other', async () => {
    const { keys, until } = terminal;
    await keys('1', 'b');
    await until('nothing to do', 120);
    await keys('Escape');
    await until('═ 1 Series');
    await keys('3');
    await until('═ 3 Flows');
    await keys('b');
    const shown = await until('═ ended ═', 300);
    expect(shown.match(/ 0\.00 ready/g)).toHaveLength(3);
    await keys('Escape');
    await until('═ 3 Flows');
    await keys('4');
    await until('═ 4 Runs');
    await keys('d');
    await until(/═ diff \d{8}T[^]* lines/, 60);
    await keys('Escape');
    await until('═ 4 Runs');
  });

  test("a guest's console is typed into: a shell of the payload, until it is left", async () => {
    const { keys, text, until } = terminal;
    await keys('3');
    await until('═ 3 Flows');
    await text('k');
    await text('I');
    await until(/│\/ #/, 120);
    await keys('i');
    await until('all keys go to the guest');
    await text('echo $((6*7))');
    await keys('Enter');
    await until(/│42$/m);
    await keys('C-]');
    await until(/^(?![^]*all keys go)/);
    await keys('i');
    await text('poweroff -f');
    await keys('Enter');
    await until(/═ ended /, 30);
    await keys('Escape');
    await until('═ 3 Flows');
  });

  test('the command line runs any verb, and quitting gives the terminal back', async () => {
    const { keys, text, until } = terminal;
    await text(':series show initoverlayfs');
    await keys('Enter');
    await until('fs/erofs/');
    await keys('Q');
    await until(/[#$] *\n*$/);
    await text('stty -a');
    await keys('Enter');
    expect(await until('echo')).toMatch(/ icanon .* echo /s);
    const kept = await readFile(path.join(folder, 'state', 'workbench.json'), 'utf8');
    expect(JSON.parse(kept)).toMatchObject({ history: ['series show initoverlayfs'] });
  });

  test('boot --interactive does so without the workbench, and Ctrl-] gives the terminal back', async () => {
    const { keys, text, until } = terminal;
    await text(`clear; '${process.execPath}' dist/main.js boot kernelspace --interactive`);
    await keys('Enter');
    await until(/^\/ #/m, 120);
    await text('echo $((6*7))');
    await keys('Enter');
    await until(/^42$/m);
    await keys('C-]');
    await until('the keys are ours again');
    await keys('C-c');
    await until(/interrupted[^]*[#$] *\n*$/);
    await text('clear; stty -a');
    await keys('Enter');
    expect(await until('echo')).toMatch(/ icanon .* echo /s);
  });

  test('killed outright with boots at work, it leaves no QEMU, and a terminal that can be put right', async () => {
    const { keys, text, until, pid } = terminal;
    await text(`clear; '${process.execPath}' dist/main.js`);
    await keys('Enter');
    await until('[x] kernelspace', 60);
    await keys('3', 'b');
    await expect.poll(qemus, { timeout: 60_000 }).not.toEqual([]);
    const children = await readFile(`/proc/${await pid()}/task/${await pid()}/children`, 'utf8');
    process.kill(Number(children.trim().split(' ')[0]), 'SIGKILL');
    await expect.poll(qemus, { timeout: 10_000 }).toEqual([]);
    // no Enter yet: the terminal is as the workbench had it
    await text("printf '\\033[?1049l\\033[?25h'; stty sane; clear");
    await keys('C-j');
    await until(/^[#$] *\n*$/);
    await text('stty -a');
    await keys('Enter');
    expect(await until('echo')).toMatch(/ icanon .* echo /s);
  });
});

/** Machines of this test that run, by their command lines. */
async function qemus(): Promise<string[]> {
  const all = await Promise.all(
    (await readdir('/proc'))
      .filter(name => /^\d+$/.test(name))
      .map(name => readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')),
  );
  return all.filter(line => line.startsWith('qemu-system') && line.includes(folder));
}
