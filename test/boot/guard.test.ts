// SPDX-License-Identifier: GPL-2.0-only
/** A hostile guest around the stand-in QEMU: forged lines, endless consoles, and what QEMU is started with. */
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bounded, cutFile } from '../../src/boot/budget.ts';
import { consoleParser } from '../../src/boot/console.ts';
import { guarded } from '../../src/boot/guard.ts';
import type { BootPlan } from '../../src/boot/machine.ts';
import { calibrationArgv, instrumentedArgv, qemuArgv } from '../../src/boot/qemu/argv.ts';
import { canSandbox } from '../../src/boot/qemu/sandbox.ts';
import { readRun } from '../../src/boot/record.ts';
import { bootOnce } from '../../src/boot/run.ts';
import { socketFolder } from '../../src/host/files.ts';
import { collect, never, recorded, type Sample, sampleMachine, sampleVm } from './machine.ts';

let sample: Sample;
beforeEach(async () => {
  sample = await sampleMachine();
});
afterEach(async () => {
  for (const name of Object.keys(process.env))
    if (name.startsWith('INITBENCH_TEST_')) delete process.env[name];
  await sample.remove();
});

const boot = async (plan: BootPlan) => (await collect(bootOnce(sample.workspace, plan, never))).product;

describe('lines that a payload has made up', () => {
  test('are refused and counted; what our programs say stands', async () => {
    process.env.INITBENCH_TEST_CONSOLE = recorded('forged');
    const run = await boot(sample.plan());
    expect(run.outcome).toEqual({ kind: 'ready' });
    expect(run.marks).toMatchObject({ init: { tsc: 305932873 }, end: { tsc: 308821393 } });
    expect(run.marks.rootfs).toBeUndefined();
    const of = (name: string) => run.facts.filter(fact => fact.name === name);
    expect(of('forged')).toHaveLength(7);
    expect(of('memory').map(({ values }) => values.MemTotal)).toEqual(['2000000']);
    expect(of('error')).toEqual([]);
    expect(of('systemd')).toHaveLength(1);
    expect(JSON.stringify(run.facts)).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/);
    expect(await readRun(run.folder)).toEqual(run);
  });

  test('without a nonce, as in a saved log, every line counts and none shows it', () => {
    const [mark, fact] = consoleParser().line('initbench: init nonce=0123456789abcdef tsc=5');
    expect(mark).toMatchObject({ type: 'mark', mark: 'init', tsc: 5 });
    expect(fact).toEqual({ type: 'fact', fact: { name: 'init', values: { tsc: '5' } } });
  });
});

describe('guarded()', () => {
  test('equal machines have equal nonces under icount, others have others, all of one length', async () => {
    const nonce = async (more: Parameters<typeof sampleVm>[0] = {}) =>
      (await guarded(sampleVm(more), never)).nonce!;
    expect(await nonce()).toMatch(/^[0-9a-f]{16}$/);
    expect(await nonce()).toBe(await nonce());
    const others = [await nonce({ append: ['quiet'] }), await nonce({ memoryMiB: 512 }), await nonce()];
    expect(new Set(others).size).toBe(3);
    const wall = [await nonce({ clock: 'wall' }), await nonce({ clock: 'wall' })];
    expect(wall[0]).toMatch(/^[0-9a-f]{16}$/);
    expect(wall[0]).not.toBe(wall[1]);
  });

  test('the nonce is the last word, behind what the user has appended', async () => {
    const vm = await guarded(sampleVm({ append: ['INITBENCH_NONCE=mine'] }), never);
    const words = qemuArgv(vm).at(-1)!.split(' ');
    expect(words.at(-1)).toBe(`INITBENCH_NONCE=${vm.nonce}`);
  });

  test('no command line has a network that leads anywhere, a public socket or a disk that is written', async () => {
    const image = { ...sampleVm().initrd!, format: 'ext4', path: '/images/a,b' };
    const disks = [{ kind: 'block', image, device: '/dev/vda' }] as const;
    const vm = await guarded(sampleVm({ disks, clock: 'wall' }), never);
    const sockets = { gdb: '/s/gdb', qmp: '/s/qmp' };
    for (const argv of [
      qemuArgv(vm),
      instrumentedArgv(vm, { console: '/c', qmp: '/s/qmp' }),
      calibrationArgv(vm, sockets),
    ]) {
      expect(argv).toContain('-nodefaults');
      expect(argv).toContain('-no-user-config');
      expect(argv[argv.indexOf('-sandbox') + 1]).toBe(
        'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny',
      );
      expect(argv.join(' ')).not.toMatch(/tcp:|udp:|-nic|-net |user,|virtio-net|e1000/);
      for (const word of argv.filter(each => each.includes('file=') && each.startsWith('if=')))
        expect(word).toContain('readonly=on');
    }
  });

  test('a QEMU without -sandbox boots without', async () => {
    process.env.INITBENCH_TEST_SANDBOX = 'no';
    process.env.PATH = `${process.env.PATH}:/nowhere`;
    expect(await canSandbox('qemu-system-x86_64', never)).toBe(false);
    process.env.INITBENCH_TEST_CONSOLE = recorded('ready-initramfs');
    const run = await boot(sample.plan());
    expect(run.outcome).toEqual({ kind: 'ready' });
    expect(run.argv).not.toContain('-sandbox');
  });

  test('nobody else may look into the folder of the sockets', async () => {
    const folder = await socketFolder('qemu');
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    await rm(folder, { recursive: true });
    // A path that no socket has room for: another place is taken.
    const long = path.join(sample.folder, 'x'.repeat(120));
    await mkdir(long);
    process.env.TMPDIR = long;
    const shorter = await socketFolder('qemu');
    delete process.env.TMPDIR;
    expect(path.join(shorter, 'qmp').length).toBeLessThan(108);
    expect((await stat(shorter)).mode & 0o777).toBe(0o700);
    await rm(shorter, { recursive: true });
  });
});

describe('a console without an end', () => {
  test('100 MB without a newline: stopped, head and tail kept, the cut stated', async () => {
    process.env.INITBENCH_TEST_CONSOLE = recorded('ready-floor');
    process.env.INITBENCH_TEST_FLOOD = '100';
    process.env.INITBENCH_TEST_END = 'hang';
    const run = await boot(sample.plan({}, { clock: 'wall' }));
    // The end was reached before the flood: the figures stand.
    expect(run.marks.end).toBeDefined();
    const log = await readFile(path.join(run.folder, 'console.log'));
    expect(log.length).toBeLessThan(9 * 2 ** 20);
    expect(log.includes('initbench cut ')).toBe(true);
    expect(log.subarray(0, 4096).includes('Linux version') || log.includes('initbench: init')).toBe(true);
    expect((await stat(path.join(run.folder, 'events.jsonl'))).size).toBeLessThan(10 * 2 ** 20);
  }, 60_000);

  test('cutFile() keeps what fits as it is, and says how many bytes went', async () => {
    const file = path.join(sample.folder, 'log');
    await writeFile(file, 'head...middle...tail');
    expect(await cutFile(file, { headBytes: 10, tailBytes: 10 })).toBe(0);
    expect(await cutFile(file, { headBytes: 4, tailBytes: 4 })).toBe(12);
    expect(await readFile(file, 'utf8')).toBe('head\ninitbench cut 12 bytes here\ntail');
  });

  test('bounded() passes on a head, holds a tail, and counts what is between', () => {
    const seen: (number | string)[] = [];
    const list = bounded<number>({ headBytes: 30, tailBytes: 20 }, item => seen.push(item));
    for (let i = 0; i < 20_000; i++) list.add(i, 10);
    expect(seen).toEqual([0, 1, 2]);
    list.end((items, bytes) => seen.push(`${items} ${bytes}`));
    expect(seen).toEqual([0, 1, 2, '19995 199950', 19_998, 19_999]);
  });
});
