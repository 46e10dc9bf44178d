// SPDX-License-Identifier: GPL-2.0-only
/** The workbench in a terminal of its own (tmux), on real boots: two jobs as a person does them, by their keys. Runs,
 *  marks and postings go into a state of the test's own; trees and kernels are those of the other tests. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { productOf } from '../../src/events.ts';
import { capture } from '../../src/host/exec.ts';
import { prepareKernel } from '../../src/campaign/prepare.ts';
import { signal, workspace } from './house.ts';

const socket = `initbench-test-${process.pid}`;
const tmux = (...words: readonly string[]) =>
  capture(['tmux', '-L', socket, '-f', '/dev/null', ...words], { signal });
const keys = (...names: readonly string[]) => tmux('send-keys', '-t', 'work', ...names);
const text = (words: string) => tmux('send-keys', '-t', 'work', '-l', words);
const screen = () => tmux('capture-pane', '-p', '-t', 'work');

let folder: string;

/** The screen when it shows that. Boots under TCG take their time on a busy machine. */
async function until(wanted: string | RegExp, seconds = 20): Promise<string> {
  let shown = '';
  for (const limit = Date.now() + seconds * 1000; Date.now() < limit; await pause(100)) {
    shown = await screen();
    if (typeof wanted === 'string' ? shown.includes(wanted) : wanted.test(shown)) return shown;
  }
  throw new Error(`'${wanted}' is not on the screen:\n${shown}`);
}

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
  const assignments = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  await tmux('new-session', '-d', '-s', 'work', '-x', '120', '-y', '40', 'env', ...assignments, 'sh');
  await tmux('set-option', '-g', 'escape-time', '0');
  await text(`'${process.execPath}' dist/main.js`);
  await keys('Enter');
  await until('[x] kernelspace', 60);
});

afterAll(async () => {
  await tmux('kill-server').catch(() => {});
  await rm(folder, { recursive: true, force: true });
});

describe('the workbench', () => {
  test('compare: mark, boot side by side, read the difference, open one log, search', async () => {
    await text('jjjj');
    await keys('b');
    const shown = await until(/^(?![^]*running)[^]*\d ended|═ ended ═/m, 300);
    expect(shown).toMatch(/initramfs@base .* 1\.000 ready/);
    expect(shown).toMatch(/kernelspace@\S+ .* 0\.\d{3} ready/);
    expect(shown).toMatch(/userspace@base .* 0\.\d{3} ready/);
    await keys('Enter');
    await until('console of');
    await text('/used');
    await keys('Enter');
    await until(/\/used +\d+ lines/);
    await keys('Escape');
    await until('═ ended ═');
    await keys('Escape');
    await until('═ 3 Flows');
  });

  test('iterate, from the build on: nothing changed, so nothing is built and the figure is the same', async () => {
    await keys('1', 'b');
    await until('nothing to do', 120);
    await keys('Escape');
    await until('═ 1 Series');
    await keys('3');
    await until('═ 3 Flows');
    await keys('b');
    const shown = await until('═ ended ═', 300);
    expect(shown.match(/\+0\.00 ready/g)).toHaveLength(3);
    await keys('Escape');
    await until('═ 3 Flows');
    await keys('4');
    await until('═ 4 Runs');
    await keys('d');
    await until(/═ diff \d{8}T[^]* lines/, 60);
    await keys('Escape');
    await until('═ 4 Runs');
  });

  test('the command line runs any verb, and quitting gives the terminal back', async () => {
    await text(':series show initoverlayfs');
    await keys('Enter');
    await until('fs/erofs/');
    await keys('Q');
    await until(/[#$] *\n*$/);
    await text('stty -a');
    await keys('Enter');
    expect(await until('echo')).toMatch(/ icanon .* echo /s);
  });
});
