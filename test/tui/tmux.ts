// SPDX-License-Identifier: GPL-2.0-only
/** The workbench in a terminal of its own (tmux), worked as a person does: by its keys, which are counted. */
import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { capture } from '../../src/host/exec.ts';

const { signal } = new AbortController();

export interface Terminal {
  /** Keys of the workbench, by tmux's names. */
  readonly keys: (...names: readonly string[]) => Promise<void>;
  /** What is not counted: words, and moves to a line. */
  readonly text: (words: string) => Promise<void>;
  /** The screen when it shows that. Boots under TCG take their time on a busy machine. @throws Error with the screen */
  readonly until: (wanted: string | RegExp, seconds?: number) => Promise<string>;
  /** Keys since the last time this was asked. */
  readonly counted: () => number;
  /** A command of the tmux that is this terminal. */
  readonly tmux: (...words: readonly string[]) => Promise<string>;
  /** The process that is the terminal's shell, for those who look below it. */
  readonly pid: () => Promise<number>;
  readonly close: () => Promise<void>;
}

let opened = 0;

/** A shell in a terminal, with these variables. */
export async function openTerminal(
  environment: Readonly<Record<string, string | undefined>>,
  [width, height]: readonly [number, number] = [120, 40],
): Promise<Terminal> {
  const socket = `initbench-test-${process.pid}-${++opened}`;
  const tmux = (...words: readonly string[]) =>
    capture(['tmux', '-L', socket, '-f', '/dev/null', ...words], { signal });
  const send = (...words: readonly string[]) => tmux('send-keys', '-t', 'work', ...words);
  const assignments = Object.entries(environment).map(([name, value]) =>
    value === undefined ? `-u${name}` : `${name}=${value}`,
  );
  assignments.sort((a, b) => Number(b.startsWith('-')) - Number(a.startsWith('-')));
  const size = ['-x', String(width), '-y', String(height)];
  await tmux('new-session', '-d', '-s', 'work', ...size, 'env', ...assignments, 'sh');
  await tmux('set-option', '-g', 'escape-time', '0');
  const pid = async () => Number(await tmux('display-message', '-p', '-t', 'work', '#{pane_pid}'));
  let count = 0;
  return {
    async keys(...names) {
      count += names.length;
      await send(...names);
    },
    text: async words => void (await send('-l', words)),
    async until(wanted, seconds = 20) {
      let shown = '';
      for (const limit = Date.now() + seconds * 1000; Date.now() < limit; await pause(50)) {
        shown = await tmux('capture-pane', '-p', '-t', 'work');
        if (typeof wanted === 'string' ? shown.includes(wanted) : wanted.test(shown)) return shown;
      }
      throw new Error(`'${wanted}' is not on the screen:\n${shown}`);
    },
    counted() {
      const keys = count;
      count = 0;
      return keys;
    },
    tmux,
    pid,
    async close() {
      const shell = await pid().catch(() => undefined);
      await tmux('kill-server').catch(() => {});
      // what hangs up writes its state down first
      for (const limit = Date.now() + 10_000; shell && Date.now() < limit; await pause(50)) {
        if (!(await capture(['pgrep', '-s', String(shell)], { signal }).catch(() => ''))) return;
      }
    },
  };
}

/** How many keys docs/workbench.md says that a job takes. */
export async function keysInDocs(job: 'Compare' | 'Iterate' | 'Post'): Promise<number> {
  const said = new RegExp(`^- _${job}_:[^]*?(\\d+) keys`, 'm').exec(
    await readFile('docs/workbench.md', 'utf8'),
  );
  return Number(said?.[1]);
}
