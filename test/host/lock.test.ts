// SPDX-License-Identifier: GPL-2.0-only
/** Locks between real processes: one at a time, the holder named, the dead ones found out, whatever the clock says. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { productOf, type Work, type WorkEvent } from '../../src/events.ts';
import { Interrupted, UserError } from '../../src/host/errors.ts';
import { breakIfDead, readHolder, withLock } from '../../src/host/lock.ts';
import { lifeOf, ourselves, ownerOf, tagOf, taggedOwner } from '../../src/host/owner.ts';

const signal = new AbortController().signal;
let folder: string;
let target: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'initbench-test-'));
  target = path.join(folder, 'thing');
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

const module = path.resolve('dist/host/lock.js');

/** Another process that takes the lock as often as it is told and adds to a file that it does not read atomically. */
function other(script: string): ChildProcess {
  const text = `import { withLock } from ${JSON.stringify(module)};
    import { readFileSync, writeFileSync } from 'node:fs';
    const signal = new AbortController().signal;
    const run = async work => { for (let step = await work.next(); !step.done; step = await work.next()); };
    const pause = ms => new Promise(done => setTimeout(done, ms));
    ${script}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', text], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
}

const said = (child: ChildProcess) =>
  new Promise<string>(resolve => child.stdout!.once('data', data => resolve(String(data).trim())));
const ended = (child: ChildProcess) => new Promise<number | null>(resolve => child.once('exit', resolve));

const holding = (more = '') =>
  other(`await run(withLock(${JSON.stringify(target)}, signal, async function* () {
    console.log('held'); ${more} await pause(600000); }, { doing: 'something long' }));`);

const addingTo = (counter: string, times: number) =>
  `for (let i = 0; i < ${times}; i++) await run(withLock(${JSON.stringify(target)}, signal, async function* () {
    const value = +readFileSync(${JSON.stringify(counter)}, 'utf8');
    await pause(2);
    writeFileSync(${JSON.stringify(counter)}, String(value + 1)); }));`;

/** Work that says when it ran. */
async function* nothing(): Work<string> {
  yield { job: 'x', type: 'progress', done: 1, label: '' };
  return 'done';
}

test('two processes and their work never overlap', async () => {
  const counter = path.join(folder, 'counter');
  await writeFile(counter, '0');
  const adding = addingTo(counter, 25);
  expect(await Promise.all([other(adding), other(adding), other(adding)].map(ended))).toEqual([0, 0, 0]);
  expect(await readFile(counter, 'utf8')).toBe('75');
  expect(await readdir(folder)).toEqual(['counter']);
}, 60_000);

test('who waits is told who holds it, since when and doing what', async () => {
  const child = holding();
  await said(child);
  const events: WorkEvent[] = [];
  const stop = new AbortController();
  const work = withLock(target, stop.signal, nothing);
  const first = await work.next();
  events.push(first.value as WorkEvent);
  expect(events[0]).toMatchObject({
    type: 'notice',
    // So -q keeps it.
    level: 'warning',
    message: expect.stringMatching(
      new RegExp(`process ${child.pid} has it since \\d\\d:\\d\\d:\\d\\d \\(something long\\)$`),
    ),
  });
  stop.abort();
  await expect(productOf(work)).rejects.toBeInstanceOf(Interrupted);
  const late = productOf(withLock(target, signal, nothing, { waitMs: 300 }));
  await expect(late).rejects.toBeInstanceOf(UserError);
  await expect(late).rejects.toMatchObject({ exitCode: 4, hint: expect.stringContaining(`${child.pid}`) });
});

test('the lock of a process that was killed is free at once, for one of those who want it', async () => {
  const child = holding();
  await said(child);
  child.kill('SIGKILL');
  await ended(child);
  const started = performance.now();
  const order: number[] = [];
  await Promise.all(
    [1, 2, 3, 4].map(n =>
      productOf(
        withLock(target, signal, async function* (): Work<void> {
          order.push(n);
          await new Promise(resolve => setTimeout(resolve, 20));
          order.push(n);
        }),
      ),
    ),
  );
  expect(performance.now() - started).toBeLessThan(5000);
  for (let i = 0; i < order.length; i += 2) expect(order[i]).toBe(order[i + 1]);
  expect(await readdir(folder)).toEqual([]);
});

test('holders are killed while others want the lock: no two have it at once, and nothing is left', async () => {
  const counter = path.join(folder, 'counter');
  await writeFile(counter, '0');
  const adders = [1, 2, 3].map(() => ended(other(addingTo(counter, 15))));
  for (let killed = 0; killed < 6; killed++) {
    const child = holding();
    await said(child);
    child.kill('SIGKILL');
    await ended(child);
  }
  expect(await Promise.all(adders)).toEqual([0, 0, 0]);
  expect(await readFile(counter, 'utf8')).toBe('45');
  // The last one may have been killed after the last adder had left.
  expect(await productOf(withLock(target, signal, nothing))).toBe('done');
  expect(await readdir(folder)).toEqual(['counter']);
}, 120_000);

test('a broken lock stays as long as somebody living judges, and goes with the folders of dead judges', async () => {
  const lock = `${target}.lock`;
  const judge = `${lock}.${tagOf(ourselves)}-judge0`;
  const deadJudge = `${lock}.${tagOf({ ...ourselves, pid: 999_999_999 })}-judge1`;
  for (const left of [judge, deadJudge, `${lock}.dead-0123456789abcdef`]) await mkdir(left);
  await productOf(withLock(target, signal, nothing));
  expect((await readdir(folder)).sort()).toEqual(
    [`${lock}.dead-0123456789abcdef`, judge].map(left => path.basename(left)).sort(),
  );
  await rm(judge, { recursive: true });
  await productOf(withLock(target, signal, nothing));
  expect(await readdir(folder)).toEqual([]);
});

test('as long as children of a dead holder are being ended, its lock is theirs', async () => {
  const child = holding(`
    const { launch } = await import(${JSON.stringify(path.resolve('dist/host/exec.js'))});
    await launch(['sh', '-c', 'while :; do sleep 0.05; done'], { signal });
    await pause(300); console.log('launched');`);
  await said(child);
  while ((await said(child)) !== 'launched');
  const holder = await readHolder(`${target}.lock`);
  // It takes its time: as much as we need.
  process.kill(holder!.reaper!.pid, 'SIGSTOP');
  child.kill('SIGKILL');
  await ended(child);
  expect(lifeOf(holder!.reaper!)).toBe('alive');
  expect(await breakIfDead(`${target}.lock`)).toBe(false);
  process.kill(holder!.reaper!.pid, 'SIGCONT');
  await productOf(withLock(target, signal, nothing));
  expect(lifeOf(holder!.reaper!)).toBe('gone');
});

test('a living holder keeps its lock when the clock jumps; one of another container is left alone', async () => {
  const child = holding();
  await said(child);
  await utimes(`${target}.lock`, new Date(0), new Date(0));
  expect(await breakIfDead(`${target}.lock`)).toBe(false);
  const elsewhere = path.join(folder, 'elsewhere.lock');
  await mkdir(elsewhere);
  await writeFile(
    path.join(elsewhere, 'holder.json'),
    JSON.stringify({ ...ourselves, pid: 999_999_999, space: 'other', id: 'x', since: '', doing: '' }),
  );
  expect(await breakIfDead(elsewhere)).toBe(false);
});

test('a lock that names nobody is taken over when it is old, or from the future', async () => {
  const lock = `${target}.lock`;
  await mkdir(lock);
  await writeFile(path.join(lock, 'holder.json'), '');
  expect(await breakIfDead(lock)).toBe(false);
  await utimes(lock, new Date(), new Date(Date.now() + 3_600_000));
  expect(await productOf(withLock(target, signal, nothing))).toBe('done');
});

test('the work goes on and ends well when the folder with the lock is deleted meanwhile', async () => {
  const work = withLock(path.join(folder, 'cache', 'thing'), signal, async function* (): Work<string> {
    await rm(path.join(folder, 'cache'), { recursive: true });
    return 'done';
  });
  expect(await productOf(work)).toBe('done');
});

test('owners: a pid that was given out again is another one; tags come back from names', () => {
  expect(lifeOf(ourselves)).toBe('alive');
  expect(lifeOf({ ...ourselves, start: '1' })).toBe('gone');
  expect(lifeOf(ownerOf(999_999_999))).toBe('gone');
  expect(taggedOwner(`.new-${tagOf(ourselves)}-a1B2c3`)).toEqual(ourselves);
  expect(taggedOwner('events.jsonl')).toBeUndefined();
  expect(taggedOwner('.new-7.3.4-rc1')).toBeUndefined();
});
