// SPDX-License-Identifier: GPL-2.0-only
/** The built workbench in real terminals: tmux as a terminal, tmux in tmux, screen in tmux. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openTerminal, type Terminal } from './tmux.ts';

const has = (program: string) => spawnSync(program, ['-V']).error === undefined;

const main = `'${process.execPath}' '${path.resolve('dist/main.js')}'`;
let folder: string;
let terminal: Terminal;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'initbench-test-'));
});
afterEach(async () => {
  await terminal.close();
  await rm(folder, { recursive: true, force: true });
});

/** A shell in tmux, which is the terminal: what goes to its clipboard is in its buffer. */
async function openShell(more: Readonly<Record<string, string | undefined>> = {}): Promise<void> {
  terminal = await openTerminal(
    {
      INITBENCH_STATE: path.join(folder, 'state'),
      INITBENCH_CACHE: path.join(folder, 'cache'),
      SCREENDIR: folder,
      LANG: 'C.UTF-8',
      TERM: 'xterm-256color',
      TMUX: undefined,
      STY: undefined,
      ...more,
    },
    [100, 30],
  );
  await terminal.tmux('set-option', '-s', 'set-clipboard', 'on');
}

async function run(command: string): Promise<void> {
  await terminal.text(command);
  await terminal.keys('Enter');
}

async function openWorkbench(): Promise<void> {
  await run(main);
  await terminal.until('[x] kernelspace', 60);
}

/** The table of flows, its first line selected, and that copied. */
async function copyLine(): Promise<void> {
  await run(':flow list');
  await terminal.until(/^ *flows:/m, 60);
  await terminal.keys('j', 'y');
}

const buffer = async (...server: readonly string[]): Promise<string> => {
  for (const limit = Date.now() + 10_000; Date.now() < limit; await pause(50)) {
    const text = server.length > 0 ? shown(server) : await terminal.tmux('show-buffer').catch(() => '');
    if (text !== '') return text;
  }
  return '';
};
const shown = (server: readonly string[]) =>
  spawnSync('tmux', [...server, 'show-buffer'], { encoding: 'utf8' }).stdout.trimEnd();

describe.skipIf(!has('tmux'))('in a terminal', { timeout: 120_000 }, () => {
  test('a copy reaches its clipboard', async () => {
    await openShell();
    await openWorkbench();
    await copyLine();
    await terminal.until('sent to the clipboard of the terminal (OSC 52)');
    expect(await buffer()).toMatch(/^ {2}file-backed +/);
  });

  test('of a type that has no clipboard it is said', async () => {
    await openShell({ TERM: 'linux' });
    await openWorkbench();
    await copyLine();
    await terminal.until('a terminal of type linux has no clipboard');
  });

  test('a paste is text, marked as such: over a panel it does nothing, in a line it is written', async () => {
    await openShell();
    await openWorkbench();
    await terminal.tmux('set-buffer', 'echo hello\nruns\nQy');
    await terminal.tmux('paste-buffer', '-p', '-t', 'work');
    await terminal.until('a paste is text, not keys');
    await terminal.keys(':');
    await terminal.tmux('paste-buffer', '-p', '-t', 'work');
    const screen = await terminal.until(':echo hello runs Qy');
    expect(screen).not.toContain('running');
  });

  test('letters of any script are shown as they are typed, in their columns', async () => {
    await openShell();
    await openWorkbench();
    await terminal.text(':show 日本語 e\u0301 한 👍|');
    await terminal.until(':show 日本語 e\u0301 한 👍|');
    await terminal.keys('BSpace', 'BSpace', 'BSpace');
    expect(await terminal.until(/^:show 日本語 e\u0301 한 *$/mu)).not.toContain('👍');
  });

  test('that goes away it ends, and nothing aborts', async () => {
    await openShell();
    const status = path.join(folder, 'status');
    // a shell that outlives its terminal
    const line = `trap "" HUP; ${main.replaceAll("'", '"')}; echo $? > "${status}"`;
    await run(`exec sh -c '${line}'`);
    await terminal.until('[x] kernelspace', 60);
    await terminal.tmux('kill-server');
    let code = '';
    for (const limit = Date.now() + 30_000; code === '' && Date.now() < limit; await pause(50)) {
      code = await readFile(status, 'utf8').catch(() => '');
    }
    // with the signal or without; 134 would be SIGABRT
    expect(['0', '130']).toContain(code.trim());
  });
});

describe.skipIf(!has('tmux'))('in tmux', { timeout: 120_000 }, () => {
  const inner = ['-L', `initbench-inner-${process.pid}`];
  afterEach(() => void spawnSync('tmux', [...inner, 'kill-server']));

  test('a copy goes through, whatever it lets applications do by themselves', async () => {
    await openShell();
    await run(`tmux ${inner.join(' ')} -f /dev/null new-session -x 100 -y 29`);
    await terminal.until('[0]', 30);
    await openWorkbench();
    await copyLine();
    for (const mode of ['external', 'off', 'on']) {
      spawnSync('tmux', [...inner, 'set-option', '-s', 'set-clipboard', mode]);
      // what the round before left would be taken for this one's
      spawnSync('tmux', [...inner, 'delete-buffer']);
      await terminal.tmux('delete-buffer').catch(() => {});
      await terminal.keys('Escape', 'Escape');
      // a key right behind Escape is that key with Alt
      await pause(500);
      await terminal.keys('y');
      await terminal.until('copied: the buffer of tmux and the clipboard');
      expect([mode, await buffer(...inner)]).toEqual([mode, 'initbench flow list']);
      expect([mode, await buffer()]).toEqual([mode, 'initbench flow list']);
    }
  });
});

describe.skipIf(!has('tmux') || !has('screen'))('in screen', { timeout: 120_000 }, () => {
  test('a copy goes through to the terminal around it', async () => {
    await openShell();
    await run('screen -c /dev/null -U sh');
    await pause(1000);
    await openWorkbench();
    await copyLine();
    await terminal.until('sent to the clipboard through screen (OSC 52)');
    expect(await buffer()).toMatch(/^ {2}file-backed +/);
    await terminal.keys('C-c');
  });
});
