// SPDX-License-Identifier: GPL-2.0-only
/** Whole boots with the stand-in QEMU: each way one can end, the record it leaves, and who stops whom. */
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createConnection, type Socket } from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BootPlan } from '../../src/boot/machine.ts';
import type { Seen } from '../../src/boot/seen.ts';
import { outcomeOf } from '../../src/boot/guest.ts';
import { qemuFailure } from '../../src/boot/qemu/guest.ts';
import arm64 from '../../src/boot/machine/arm64.ts';
import { readRun } from '../../src/boot/record.ts';
import { bootOnce } from '../../src/boot/run.ts';
import type { WorkEvent } from '../../src/events.ts';
import { Interrupted, UserError } from '../../src/host/errors.ts';
import { folders } from '../../src/workspace.ts';
import { collect, never, recorded, type Sample, sampleMachine } from './machine.ts';

let sample: Sample;
beforeEach(async () => {
  sample = await sampleMachine();
});
afterEach(() => sample.remove());

const guest = (settings: Record<string, string>) => {
  for (const [name, value] of Object.entries(settings)) process.env[`INITBENCH_TEST_${name}`] = value;
};
afterEach(() => {
  for (const name of Object.keys(process.env))
    if (name.startsWith('INITBENCH_TEST_')) delete process.env[name];
});

const boot = (plan: BootPlan = sample.plan(), signal = never) =>
  collect(bootOnce(sample.workspace, plan, signal));

/** Without the kernel's entry to be measured first. */
const wall = (more: Partial<BootPlan> = {}) => sample.plan(more, { clock: 'wall' });

/** Processes of the stand-in that are still there. */
async function running(): Promise<number[]> {
  const found: number[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const cmdline = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '');
    if (cmdline.includes(sample.folder) && cmdline.includes('qemu.cjs')) found.push(Number(entry));
  }
  return found;
}

describe('bootOnce()', () => {
  test('ready: marks, facts, instructions, and three files that agree', async () => {
    guest({ CONSOLE: recorded('ready-initramfs') });
    const { product: run, events } = await boot();
    expect(run).toMatchObject({
      outcome: { kind: 'ready' },
      icount: 308821393,
      machine: 'pc-i440fx-7.2',
      qemuVersion: '7.2.22 (Stand-in)',
      marks: { kernel: { tsc: 35913360 }, init: { tsc: 305932873, boottime: 373417505 } },
    });
    expect(run.marks.end!.host).toBeGreaterThan(0);
    const console = await readFile(path.join(run.folder, 'console.log'), 'latin1');
    expect(console.match(/ nonce=[0-9a-f]{16}(?= )/g)!.length).toBeGreaterThan(3);
    expect(console.replaceAll(/ nonce=[0-9a-f]{16}/g, '')).toBe(
      await readFile(recorded('ready-initramfs'), 'latin1'),
    );
    expect(await readRun(run.folder)).toEqual(run);
    expect((await readdir(run.folder)).sort()).toEqual(['console.log', 'events.jsonl', 'run.json']);
    const kept = (await readFile(path.join(run.folder, 'events.jsonl'), 'utf8')).split('\n').slice(1, -2);
    expect(events.filter(({ type }) => type !== 'step')).toEqual(
      kept.map(line => JSON.parse(line) as WorkEvent),
    );
    expect(await running()).toEqual([]);
  });

  test('the pasteable command is kept, the instrumented one is run', async () => {
    guest({ CONSOLE: recorded('ready-initramfs') });
    const { product: run } = await boot();
    expect(run.argv).toContain('stdio');
    expect((await sample.calls()).at(-1)).toMatch(/-chardev file,id=console.* -no-shutdown /);
  });

  test('the entry of the kernel is measured once for a machine', async () => {
    guest({ CONSOLE: recorded('ready-initramfs') });
    const debugged = async () => (await sample.calls()).filter(call => call.includes('-gdb')).length;
    const steps = ({ events }: { events: WorkEvent[] }) =>
      events.flatMap(event => (event.type === 'step' ? [event.state] : []));
    expect(steps(await boot())).toEqual(['started', 'done']);
    expect(steps(await boot())).toEqual(['cached']);
    expect(await debugged()).toBe(1);
    expect(steps(await boot(sample.plan({}, { memoryMiB: 512 })))).toEqual(['started', 'done']);
  });

  test('a kernel that is never entered: one sentence, no run', async () => {
    guest({ ENTRY: 'never' });
    await expect(boot()).rejects.toThrow(/does not get to start_kernel/);
    await expect(readdir(folders.runs(sample.workspace))).rejects.toThrow('ENOENT');
    expect(await running()).toEqual([]);
  });

  test('the entry of an arm64 kernel: the counter shows whole ticks only', async () => {
    guest({ CONSOLE: recorded('ready-initramfs') });
    const { product: run } = await boot(sample.plan({}, { machine: arm64 }));
    expect(run.marks.kernel).toEqual({ host: 0, tsc: 35913360 });
    expect(run.argv[0]).toBe('qemu-system-aarch64');
  });

  test('wall clock: nothing to calibrate, nothing counted', async () => {
    guest({ CONSOLE: recorded('ready-initramfs') });
    const { product: run, events } = await boot(wall());
    expect(run.marks.kernel).toEqual({ host: 0, boottime: 0 });
    expect(run.icount).toBeUndefined();
    expect(events.find(event => event.type === 'mark' && event.mark === 'init')).toMatchObject({
      guest: { clock: 'boottime', value: 373417505 },
    });
  });

  test('panic, with its message', async () => {
    guest({ CONSOLE: recorded('panic-no-root') });
    const { product: run } = await boot(wall());
    expect(run.outcome).toEqual({
      kind: 'panic',
      message: 'VFS: Unable to mount root fs on unknown-block(0,0)',
    });
  });

  test('hang: the deadline and the last line', async () => {
    guest({ CONSOLE: recorded('hung-in-io'), END: 'hang' });
    const { product: run } = await boot(wall({ timeout: 3000 }));
    expect(run.outcome).toMatchObject({
      kind: 'hang',
      deadline: 3000,
      lastLine: expect.stringMatching(/\S/),
    });
    // a task that hangs may go on
    expect(run.facts.map(({ name }) => name)).toContain('trouble');
    expect(run.icount).toBeUndefined();
    expect(await running()).toEqual([]);
  });

  test.each(['wall', 'icount'] as const)('an oops ends a boot soon, by the %s clock', async clock => {
    guest({ CONSOLE: recorded('damaged-initramfs'), END: 'hang' });
    const { product: run, events } = await boot(sample.plan({ timeout: 600_000 }, { clock }));
    expect(run.outcome).toEqual({
      kind: 'incomplete',
      message: 'the boot stopped after: BUG: unable to handle page fault for address: ffff88807ffe0000',
    });
    expect(run.facts[0]).toMatchObject({ name: 'trouble' });
    expect(events.at(-1)).toMatchObject({ type: 'boot-ended' });
    expect(await running()).toEqual([]);
  });

  test('no output', async () => {
    guest({ CONSOLE: recorded('nothing'), END: 'hang' });
    const { product: run } = await boot(wall({ timeout: 700 }));
    expect(run.outcome).toEqual({ kind: 'no-output', deadline: 700 });
  });

  test('incomplete: the guest ends before it is done', async () => {
    guest({ CONSOLE: recorded('stops-mid-line') });
    const { product: run } = await boot(wall());
    expect(run.outcome).toMatchObject({
      kind: 'incomplete',
      message: expect.stringMatching(/last line: initbench: used/),
    });
  });

  test("incomplete: done, but with an error of the guest's programs", async () => {
    guest({ CONSOLE: recorded('error-no-partition') });
    const { product: run } = await boot(wall());
    expect(run.outcome).toEqual({
      kind: 'incomplete',
      message: 'the guest reported an error: what=boot-partition path=/dev/nope errno=38',
    });
  });

  test('QEMU fails: its exit code and words, made safe', async () => {
    guest({ CONSOLE: recorded('nothing'), END: 'exit' });
    const { product: run } = await boot(wall());
    expect(run.outcome).toEqual({
      kind: 'qemu-failed',
      exitCode: 3,
      message: 'qemu-system-x86_64: it broke; for \\x1b[31mgood',
    });
  });

  test('QEMU stops the guest for a reason of its own', async () => {
    guest({ CONSOLE: recorded('nothing'), END: 'pause' });
    const { product: run } = await boot(wall());
    expect(run.outcome).toMatchObject({
      kind: 'qemu-failed',
      message: 'QEMU stopped the guest: internal-error',
    });
  });

  test("a payload's own init may go on for a while, and is then stopped", async () => {
    guest({ CONSOLE: recorded('ready-initramfs'), END: 'hang' });
    const { product: run } = await boot(wall({ hold: 200 }));
    expect(run.outcome).toEqual({ kind: 'ready' });
    expect(run.icount).toBeUndefined();
  });

  test("a payload's own init that dies is a panic", async () => {
    guest({ CONSOLE: recorded('own-init-dies') });
    const { product: run } = await boot(wall({ hold: 10_000 }));
    expect(run.outcome).toEqual({ kind: 'panic', message: 'Attempted to kill init! exitcode=0x00000300' });
  });

  test('interrupted: QEMU is gone, the run is kept', async () => {
    guest({ CONSOLE: recorded('ready-initramfs'), END: 'hang' });
    const abort = new AbortController();
    const work = bootOnce(sample.workspace, wall(), abort.signal);
    for (;;) {
      const next = await work.next();
      if (next.done) {
        expect(next.value.outcome).toEqual({ kind: 'interrupted' });
        expect(next.value.marks.end).toBeDefined();
        expect(await readRun(next.value.folder)).toEqual(next.value);
        break;
      }
      if (next.value.type === 'mark' && next.value.mark === 'end') abort.abort();
    }
    expect(await running()).toEqual([]);
  });

  test('already interrupted: thrown, and nothing started', async () => {
    await expect(boot(sample.plan(), AbortSignal.abort())).rejects.toThrow(Interrupted);
  });

  test('a reader that leaves takes QEMU with it', async () => {
    guest({ CONSOLE: recorded('ready-initramfs'), END: 'hang' });
    for await (const event of bootOnce(sample.workspace, wall(), never)) {
      if (event.type === 'console') break;
    }
    expect(await running()).toEqual([]);
  });

  test('a slow reader slows neither guest nor record', async () => {
    guest({ CONSOLE: recorded('verbose') });
    const work = bootOnce(sample.workspace, wall(), never);
    let event = await work.next();
    while (!event.done && event.value.type !== 'boot-started') event = await work.next();
    const { run } = event.value as Extract<WorkEvent, { type: 'boot-started' }>;
    const file = path.join(folders.runs(sample.workspace), run, 'run.json');
    let record = '';
    for (let i = 0; i < 500 && record === ''; i++) {
      await new Promise(resolve => setTimeout(resolve, 20));
      record = await readFile(file, 'utf8').catch(() => '');
    }
    expect(JSON.parse(record)).toMatchObject({ outcome: { kind: 'ready' } });
    await work.return(undefined as never);
  });

  test('no QEMU: its name and package', async () => {
    process.env.PATH = '/nowhere';
    const error = await boot().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({ exitCode: 4, hint: expect.stringContaining('qemu-system-x86') });
  });

  test('a System.map without start_kernel', async () => {
    await writeFile(sample.kernel.files.systemMap, 'ffffffff81000000 T _text\n');
    await expect(boot()).rejects.toThrow(/has no start_kernel/);
  });
});

describe('a console that is typed into', () => {
  const typing = (more: Partial<BootPlan> = {}) =>
    wall({ interactive: true, hold: 60_000, timeout: 60_000, ...more });

  test('has its own line to the guest, shows what has no end yet, and is not comparable', async () => {
    guest({ CONSOLE: recorded('ready-initramfs') });
    const unfinished: string[] = [];
    let line: Socket | undefined;
    const work = bootOnce(sample.workspace, typing(), never);
    let next = await work.next();
    for (; !next.done; next = await work.next()) {
      const event = next.value;
      if (event.type === 'typable') {
        // in the folder that QEMU's sockets are in, which nobody else may enter
        expect((await stat(path.dirname(event.socket))).mode & 0o777).toBe(0o700);
        line = createConnection(event.socket);
        line.write('ls\x1b[A\r');
      }
      if (event.type === 'unfinished') unfinished.push(event.text);
      if (event.type === 'console' && event.line.startsWith('typed: "ls')) line!.write('poweroff\r');
    }
    line!.destroy();
    expect(unfinished).toContain('/ # ');
    expect(unfinished.every(text => !/[\x00-\x1f]/.test(text))).toBe(true);
    expect(next.value).toMatchObject({ interactive: true, outcome: { kind: 'ready' } });
    const log = await readFile(path.join(next.value.folder, 'console.log'), 'utf8');
    expect(log).toContain('typed: "ls\\u001b[A"');
    const kept = await readFile(path.join(next.value.folder, 'events.jsonl'), 'utf8');
    expect(kept).not.toMatch(/"type":"(unfinished|typable)"/);
    expect((await sample.calls()).at(-1)).toMatch(/-chardev socket,id=console,.*,logfile=/);
    expect(await running()).toEqual([]);
  });

  test('ends when nobody types for long, and when we are stopped', async () => {
    guest({ CONSOLE: recorded('ready-initramfs') });
    expect((await boot(typing({ hold: 200 }))).product.outcome).toEqual({ kind: 'ready' });
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 500);
    const { product } = await boot(typing(), stop.signal);
    expect(product.outcome).toEqual({ kind: 'interrupted' });
    expect(await running()).toEqual([]);
  });
});

describe('outcomeOf()', () => {
  const seen = (more: Partial<Seen> = {}): Seen => ({ bytes: 10, lastLine: 'x', marks: new Set(), ...more });
  const plan = { timeout: 1000 };
  const end = new Set(['end'] as const);

  test('done and a late deadline is ready', () => {
    expect(outcomeOf({ kind: 'deadline' }, seen({ marks: end }), plan)).toEqual({ kind: 'ready' });
  });

  test('a shell that is left takes the kernel down, which is no panic', () => {
    const left = seen({ marks: end, panic: 'Attempted to kill init! exitcode=0x00000000' });
    const why = { kind: 'guest-stopped', status: 'shutdown' } as const;
    const typed = { ...plan, hold: 1000, interactive: true } as const;
    expect(outcomeOf(why, left, typed)).toEqual({ kind: 'ready' });
    expect(outcomeOf(why, left, { ...plan, hold: 1000 })).toMatchObject({ kind: 'panic' });
    expect(outcomeOf(why, { ...left, panic: 'VFS: cannot' }, typed)).toMatchObject({ kind: 'panic' });
  });

  test('a panic is one even if nothing stops the guest behind it', () => {
    expect(outcomeOf({ kind: 'deadline' }, seen({ panic: 'p' }), plan)).toEqual({
      kind: 'panic',
      message: 'p',
    });
  });

  test('a console that never ends', () => {
    expect(outcomeOf({ kind: 'flood' }, seen(), plan)).toEqual({
      kind: 'incomplete',
      message: 'more than 64 MiB on the console',
    });
  });

  test('interrupted comes before all', () => {
    expect(outcomeOf({ kind: 'interrupted' }, seen({ panic: 'p', marks: end }), plan)).toEqual({
      kind: 'interrupted',
    });
  });

  test('killed from outside', () => {
    expect(qemuFailure({ kind: 'exited', exitCode: null, signal: 'SIGTERM', stderr: '' })).toEqual({
      kind: 'qemu-failed',
      exitCode: null,
      message: 'QEMU was killed',
    });
  });
});
