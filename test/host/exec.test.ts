// SPDX-License-Identifier: GPL-2.0-only
/** Real processes through host/exec.ts: lines, failures, cancelling, and groups that die with us. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { WorkEvent } from '../../src/events.ts';
import { merge, productOf } from '../../src/events.ts';
import { Interrupted, ToolError, UserError } from '../../src/host/errors.ts';
import { capture, captureBuffer, exec, launch } from '../../src/host/exec.ts';
import { shellQuote } from '../../src/host/argv.ts';

const signal = new AbortController().signal;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'initbench-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const alive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
const gone = async (pid: number) => {
  for (let i = 0; i < 100 && alive(pid); i++) await new Promise(resolve => setTimeout(resolve, 50));
  return !alive(pid);
};

describe('exec()', () => {
  test('yields the command, each line, and keeps the log', async () => {
    const events: WorkEvent[] = [];
    const logPath = path.join(folder, 'log');
    const work = exec(['sh', '-c', 'echo one; sleep 0.2; echo two >&2; sleep 0.2; printf three'], {
      job: 'j',
      logPath,
      signal,
    });
    for (;;) {
      const next = await work.next();
      if (next.done) {
        expect(next.value).toEqual({ exitCode: 0, lastLines: ['one', 'two', 'three'] });
        break;
      }
      events.push(next.value);
    }
    expect(events.map(event => (event.type === 'output' ? event.line : event.type))).toEqual([
      'command',
      'one',
      'two',
      'three',
    ]);
    expect(await readFile(logPath, 'utf8')).toBe('one\ntwo\nthree\n');
  });

  test('throws a ToolError that carries argv, exit code and the last lines', async () => {
    const failed = await productOf(exec(['sh', '-c', 'echo bad; exit 3'], { job: 'j', signal })).catch(
      e => e,
    );
    expect(failed).toBeInstanceOf(ToolError);
    expect(failed).toMatchObject({ exitCode: 3, lastLines: ['bad'], argv: ['sh', '-c', 'echo bad; exit 3'] });
  });

  test('returns an accepted exit code', async () => {
    const result = await productOf(exec(['sh', '-c', 'exit 3'], { job: 'j', accept: [3], signal }));
    expect(result.exitCode).toBe(3);
  });

  test('names the package of a tool that is missing', async () => {
    const env = { PATH: folder };
    const failed = await productOf(exec(['mkfs.erofs', '-V'], { job: 'j', env, signal })).catch(e => e);
    expect(failed).toBeInstanceOf(UserError);
    expect(failed.exitCode).toBe(4);
    expect(`${failed.message} ${failed.hint}`).toContain('erofs-utils');
  });

  test('kills the whole group when it is cancelled', async () => {
    const controller = new AbortController();
    const work = exec(['sh', '-c', 'sleep 60 & echo $!; wait'], { job: 'j', signal: controller.signal });
    await work.next();
    const line = await work.next();
    const pid = Number((line.value as { line: string }).line);
    expect(alive(pid)).toBe(true);
    controller.abort();
    await expect(productOf(work)).rejects.toBeInstanceOf(Interrupted);
    expect(await gone(pid)).toBe(true);
  });

  test('kills the group when the reader stops reading', async () => {
    const work = exec(['sh', '-c', 'sleep 60 & echo $!; wait'], { job: 'j', signal });
    await work.next();
    const line = await work.next();
    await work.return(undefined as never);
    expect(await gone(Number((line.value as { line: string }).line))).toBe(true);
  });
});

test('capture() returns stdout alone and ToolError shows stderr', async () => {
  expect(await capture(['sh', '-c', 'echo out; echo err >&2'], { signal })).toBe('out');
  expect([...(await captureBuffer(['printf', '\\377'], { signal }))]).toEqual([255]);
  await expect(capture(['sh', '-c', 'echo out; echo why >&2; exit 1'], { signal })).rejects.toMatchObject({
    lastLines: ['why'],
  });
  expect(await capture(['cat'], { stdin: 'given', signal })).toBe('given');
});

test('launch() leaves a program running until it is stopped', async () => {
  const running = await launch(['sleep', '60'], { signal });
  expect(alive(running.pid)).toBe(true);
  await running.stop();
  expect(await running.ended).toMatchObject({ signal: 'SIGTERM' });
  await expect(launch(['no-such-program-here'], { signal })).rejects.toBeInstanceOf(UserError);
});

test('a program dies with us even when we are killed outright', async () => {
  const script = `
    import { launch } from ${JSON.stringify(path.resolve('src/host/exec.ts'))};
    const running = await launch(['sh', '-c', 'sleep 60 & wait'], { signal: new AbortController().signal });
    console.log(running.pid);
    setInterval(() => {}, 1000);
  `;
  const file = path.join(folder, 'parent.mts');
  const bundle = path.resolve('dist/host/exec.js');
  const { writeFile } = await import('node:fs/promises');
  await writeFile(file.replace('.mts', '.mjs'), script.replace(path.resolve('src/host/exec.ts'), bundle));
  const parent = spawn(process.execPath, [file.replace('.mts', '.mjs')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const pid = await new Promise<number>(resolve => parent.stdout.once('data', d => resolve(Number(d))));
  expect(alive(pid)).toBe(true);
  parent.kill('SIGKILL');
  expect(await gone(pid)).toBe(true);
});

test('shellQuote() gives a line a shell reads back as the same words', async () => {
  const words = ['a b', "it's", '$HOME', 'plain=1', 'x;y', ''];
  const out = await capture(['sh', '-c', `printf '<%s>' ${shellQuote(words)}`], { signal });
  expect(out).toBe(words.map(word => `<${word}>`).join(''));
});

test('merge() keeps the order within a stream and returns all products', async () => {
  async function* source(job: string, count: number) {
    for (let i = 0; i < count; i++) yield { job, type: 'progress', done: i, label: '' } as WorkEvent;
    return job;
  }
  const seen: string[] = [];
  const work = merge([source('a', 3), source('b', 2)]);
  for (;;) {
    const next = await work.next();
    if (next.done) {
      expect(next.value).toEqual(['a', 'b']);
      break;
    }
    seen.push(`${next.value.job}${(next.value as { done: number }).done}`);
  }
  expect(seen.filter(s => s[0] === 'a')).toEqual(['a0', 'a1', 'a2']);
  expect(seen).toHaveLength(5);
});
