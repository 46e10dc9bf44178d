// SPDX-License-Identifier: GPL-2.0-only
/** Following a file while it is written, and the queue to a slow reader. */
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventQueue, growing } from '../../src/boot/serial.ts';
import type { WorkEvent } from '../../src/events.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'initbench-test-'));
  file = path.join(folder, 'log');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('growing()', () => {
  test('chunks as they come, and what is unread at the end', async () => {
    await writeFile(file, 'one');
    const over = new AbortController();
    const chunks = growing(file, over.signal);
    const next = async () => String((await chunks.next()).value);
    expect(await next()).toBe('one');
    const waiting = next();
    await appendFile(file, 'two');
    expect(await waiting).toBe('two');
    await appendFile(file, 'three');
    over.abort();
    expect(await next()).toBe('three');
    expect((await chunks.next()).done).toBe(true);
  });

  test('the end is noticed by one who waits', async () => {
    await writeFile(file, '');
    const over = new AbortController();
    const chunks = growing(file, over.signal);
    const waiting = chunks.next();
    setTimeout(() => over.abort(), 10);
    expect((await waiting).done).toBe(true);
  });
});

const line = (at: number): WorkEvent => ({ job: 'j', type: 'console', run: 'r', at, line: `line ${at}` });
const mark = (at: number): WorkEvent => ({ job: 'j', type: 'mark', run: 'r', mark: 'init', host: at });

describe('eventQueue()', () => {
  test('drops console lines beyond the limit with a count, never marks', async () => {
    const queue = eventQueue(10);
    for (let at = 0; at < 50; at++) queue.push(line(at));
    for (let at = 0; at < 50; at++) queue.push(mark(at));
    queue.close();
    const events: WorkEvent[] = [];
    for await (const event of queue.drain()) events.push(event);
    expect(events.filter(event => event.type === 'console')).toHaveLength(10);
    expect(events.filter(event => event.type === 'mark')).toHaveLength(50);
    expect(events.at(-1)).toMatchObject({
      type: 'notice',
      message: expect.stringMatching(/^40 console lines/),
    });
  });

  test('a reader that keeps up gets all, in order', async () => {
    const queue = eventQueue(10);
    const reading = (async () => {
      const seen: WorkEvent[] = [];
      for await (const event of queue.drain()) seen.push(event);
      return seen;
    })();
    const sent: WorkEvent[] = [];
    for (let at = 0; at < 40; at++) {
      const event = at % 3 ? line(at) : mark(at);
      sent.push(event);
      queue.push(event);
      if (at % 5 === 0) await new Promise(resolve => setImmediate(resolve));
    }
    queue.close();
    expect(await reading).toEqual(sent);
  });
});
