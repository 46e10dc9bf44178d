// SPDX-License-Identifier: GPL-2.0-only
/** User-Mode Linux as a machine: its command line, what the host must let it do, and whole boots of stand-in kernels,
 *  which are what such a kernel is: programs. */
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { unbootable } from '../../src/boot/flow.ts';
import { guarded } from '../../src/boot/guard.ts';
import type { BootRun } from '../../src/boot/boot.ts';
import { type BootPlan, memoryDiskOf, type Vm } from '../../src/boot/machine.ts';
import um from '../../src/boot/machine/um.ts';
import { listFlows, machines } from '../../src/boot/registry.ts';
import { bootOnce } from '../../src/boot/run.ts';
import { umArgv } from '../../src/boot/um/argv.ts';
import { confines, isNoexec, requireRoom } from '../../src/boot/um/host.ts';
import { cpuOfOne } from '../../src/host/cpus.ts';
import { UserError } from '../../src/host/errors.ts';
import { shellQuote } from '../../src/host/argv.ts';
import { hostArch } from '../../src/kernel/architecture.ts';
import {
  collect,
  never,
  type Sample,
  sampleImage,
  sampleKernel,
  sampleMachine,
  sampleVm,
} from './machine.ts';

const mib = 2 ** 20;
const umVm = (more: Partial<Vm> = {}): Vm => {
  const { files, ...kernel } = sampleKernel('/kernels/um', { arch: 'um' });
  return {
    ...sampleVm(),
    machine: um,
    kernel: { ...kernel, files: { ...files, image: '/kernels/um/linux' } },
    append: ['console=tty0', 'panic=-1'],
    memoryMiB: 256,
    clock: 'wall',
    accelerator: 'none',
    ...more,
  };
};

describe('umArgv()', () => {
  test('not confined: one line to paste', () => {
    expect(shellQuote(umArgv(umVm()))).toMatchInlineSnapshot(
      `"env TMPDIR=/dev/shm /kernels/um/linux mem=256M uml_dir=/dev/shm/ initrd=/images/cpio-lz4 seccomp=auto con=null con0=null,fd:1 console=tty0 panic=-1"`,
    );
  });

  test('confined: the files it boots from and no others, memory of its own, no network', () => {
    const disks = [um.disk(sampleImage('erofs'), 0), um.disk(sampleImage('ext4'), 1)];
    const argv = umArgv(umVm({ sandbox: true, disks }));
    const bound = argv.flatMap((word, at) => (/^--(ro-)?bind|^--dev-bind/.test(word) ? [argv[at + 1]!] : []));
    expect(bound).toEqual([
      ...['/usr', '/lib', '/lib64', '/dev/null'],
      ...['/kernels/um/linux', '/images/cpio-lz4', '/images/erofs', '/images/ext4'],
    ]);
    expect(argv.filter(word => word === '--bind')).toEqual([]);
    expect(argv.slice(0, 3)).toEqual(['bwrap', '--unshare-all', '--die-with-parent']);
    expect(argv[argv.indexOf('--size') + 1]).toBe(String(260 * mib));
    expect(argv).toEqual(expect.arrayContaining(['ubd0r=/images/erofs', 'ubd1r=/images/ext4']));
    expect(disks.map(({ device }) => device)).toEqual(['/dev/ubda', '/dev/ubdb']);
  });

  test('several CPUs are threads, which need seccomp', () => {
    expect(umArgv(umVm({ cpus: 2 }))).toEqual(expect.arrayContaining(['ncpus=2', 'seccomp=on']));
    expect(umArgv(umVm()).join(' ')).not.toMatch(/ncpus|seccomp=on/);
    expect(umArgv(umVm())).toContain('seccomp=auto');
  });
});

test('a guest of one CPU keeps to one of the host, others do not', async () => {
  expect(umArgv(await guarded(umVm(), never, 3)).slice(0, 3)).toEqual(['taskset', '--cpu-list', '3']);
  expect(umArgv(await guarded(umVm(), never))).toContain(String(cpuOfOne()));
  expect(umArgv(await guarded(umVm({ cpus: 2 }), never))).not.toContain('taskset');
  expect((await guarded(sampleVm(), never)).hostCpu).toBeUndefined();
});

describe('every machine', () => {
  test('there are the three, and one folder holds them', async () => {
    const files = await readdir('src/boot/machine');
    expect(machines.map(({ id }) => `${id}.ts`)).toEqual(files.sort());
    expect(machines.map(({ id }) => id)).toEqual(['arm64', 'um', 'x86_64']);
  });

  test.each(machines.map(machine => [machine.id, machine] as const))('%s', async (_, machine) => {
    expect(machine.clocks).toContain('wall');
    expect(machine.entry !== undefined).toBe(machine.clocks.includes('icount'));
    const disks = [0, 1, 2].map(index => machine.disk(sampleImage('erofs'), index));
    expect(new Set(disks.map(disk => (disk.kind === 'block' ? disk.device : ''))).size).toBe(3);
    expect(machine.memoryDisk === undefined).toBe(machine.lacks['memory disk'] !== undefined);
    const flows = await listFlows();
    const unable = flows.filter(flow => unbootable(flow, machine) !== undefined).map(({ id }) => id);
    expect(unable).toEqual(machine.id === 'um' ? ['memmap'] : []);
    if (!machine.memoryDisk) expect(() => memoryDiskOf(machine)).toThrow(UserError);
    const vm = machine.id === 'um' ? umVm() : sampleVm();
    expect(machine.argv({ ...vm, machine })).toEqual(
      expect.arrayContaining([expect.stringContaining('/images/cpio-lz4')]),
    );
  });
});

describe('what the host must have', () => {
  const room = { noexec: false, freeBytes: 1024 * mib, hostBytes: 4096 * mib };
  test.each([
    ['fits', 1024, room, undefined],
    ['noexec', 64, { ...room, noexec: true }, /mounted noexec.*executable memory/],
    ['too small a /dev/shm', 1025, room, /1025 MiB .* do not fit into \/dev\/shm, which has 1024 MiB free/],
    ['more than the host has', 4097, { ...room, freeBytes: Infinity }, /4097 MiB .* more than the 4096 MiB/],
  ])('%s', (_, memoryMiB, place, error) => {
    const check = () => requireRoom(memoryMiB, place);
    if (error) expect(check).toThrow(error);
    else expect(check).not.toThrow();
  });

  test('each refusal says what to do, and ends with the code of an unusable environment', () => {
    fc.assert(
      fc.property(fc.nat(8192), fc.boolean(), fc.nat(8192), fc.nat(8192), (memory, noexec, free, host) => {
        const place = { noexec, freeBytes: free * mib, hostBytes: host * mib };
        const fits = !noexec && memory <= free && memory <= host;
        try {
          requireRoom(memory, place);
          expect(fits).toBe(true);
        } catch (error) {
          expect(fits).toBe(false);
          expect(error).toMatchObject({ exitCode: 4, hint: expect.stringMatching(/mount|--mem/) });
        }
      }),
    );
  });

  test.each([
    ['tmpfs /dev/shm tmpfs rw,nosuid,nodev 0 0', false],
    ['shm /dev/shm tmpfs rw,nosuid,nodev,noexec,size=65536k 0 0', true],
    ['udev /dev devtmpfs rw,noexec 0 0\n/dev/sda1 / ext4 rw 0 0', true],
    ['udev /dev devtmpfs rw,noexec 0 0\ntmpfs /dev/shm tmpfs rw 0 0', false],
    ['tmpfs /dev/shm tmpfs rw 0 0\ntmpfs /dev/shm tmpfs rw,noexec 0 0', true],
    ['/dev/sda1 / ext4 rw 0 0', false],
    ['', false],
  ])('mounts %j: noexec %s', (mounts, noexec) => {
    expect(isNoexec(mounts)).toBe(noexec);
  });
});

let sample: Sample;
beforeEach(async () => {
  sample = await sampleMachine();
});
afterEach(() => sample.remove());

/** A kernel that is a script, with what the console of a boot looks like. */
async function planOf(script: string, vm: Partial<Vm> = {}, more: Partial<BootPlan> = {}): Promise<BootPlan> {
  const image = path.join(sample.folder, 'linux');
  const initrd = path.join(sample.folder, 'initrd');
  await writeFile(image, `#!/usr/bin/sh\n${script}\n`);
  await writeFile(initrd, 'initrd');
  await chmod(image, 0o755);
  const kernel = { ...sample.kernel, arch: 'um', files: { ...sample.kernel.files, image } };
  const { kernel: _, ...plan } = sample.plan();
  return {
    ...plan,
    kernel: { ...sample.plan().kernel, arch: 'um' },
    vm: umVm({ kernel, initrd: sampleImage('cpio', 6, initrd), ...vm }),
    acceleratorReason: 'a process of the host',
    ...more,
  };
}

/** Prints as our programs do, with the nonce of the command line. */
const says = (...lines: readonly string[]) =>
  [
    'for word; do case $word in INITBENCH_NONCE=*) nonce=${word#*=};; esac; done',
    'say() { name=$1; shift; echo "initbench: $name nonce=$nonce $*"; }',
    ...lines,
  ].join('\n');

const ready = says(
  'say init tsc=5000 boottime=3700000',
  'say used percent=10 tsc=9000 boottime=4900000',
  'say end tsc=9100 boottime=5000000',
);

const boot = async (plan: BootPlan, signal = never): Promise<BootRun> =>
  (await collect(bootOnce(sample.workspace, plan, signal))).product;

const left = async (): Promise<string[]> => {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter(name => /^\d+$/.test(name))) {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (line.includes(`${sample.folder}/linux`)) found.push(pid);
  }
  return found;
};

/** A guest that is confined ends with its confinement, which the kernel sees to a moment later. */
const gone = () => expect.poll(left, { timeout: 5000, interval: 20 }).toEqual([]);

describe.runIf(hostArch() === 'x86_64')('bootOnce()', () => {
  test('ready: the guest ends, and its machine with it', async () => {
    const run = await boot(await planOf(ready));
    expect(run).toMatchObject({
      outcome: { kind: 'ready' },
      clock: 'wall',
      accelerator: 'none',
      platform: expect.stringMatching(/^User-Mode Linux, host Linux \d/),
      marks: {
        kernel: { boottime: 0 },
        init: { boottime: 3_700_000, tsc: 5000 },
        end: { boottime: 5_000_000 },
      },
      used: [{ percent: 10, boottime: 4_900_000 }],
    });
    expect(run).not.toHaveProperty('qemuVersion');
    expect(run.argv.join(' ')).toContain(`${sample.folder}/linux mem=256M`);
    expect(JSON.parse(await readFile(path.join(run.folder, 'run.json'), 'utf8'))).toEqual(run);
    await gone();
  });

  test.each([
    [
      'a panic',
      says('say init tsc=1 boottime=1', 'echo "Kernel panic - not syncing: VFS: no root"', 'kill -ABRT $$'),
      { kind: 'panic', message: 'VFS: no root' },
    ],
    [
      'death without a word',
      'kill -SEGV $$',
      {
        kind: 'incomplete',
        message: expect.stringMatching(
          /^the kernel's process ended with (SIGSEGV|exit code 139); it printed nothing$/,
        ),
      },
    ],
    [
      'death with a last word',
      'echo "Freeing initrd" >&2; exit 3',
      {
        kind: 'incomplete',
        message: "the kernel's process ended with exit code 3; its last line: Freeing initrd",
      },
    ],
    [
      'an end without the end',
      says('say init tsc=1 boottime=1'),
      { kind: 'incomplete', message: expect.stringMatching(/before its end/) },
    ],
    [
      'no ptrace',
      'echo "ptrace: Operation not permitted" >&2; exit 1',
      {
        kind: 'machine-failed',
        exitCode: 1,
        message: expect.stringMatching(/lets no process trace another.*container/),
      },
    ],
    [
      'no seccomp',
      'echo "SECCOMP userspace requested but not functional!"; exit 1',
      { kind: 'machine-failed', exitCode: 1, message: expect.stringMatching(/seccomp filter/) },
    ],
    [
      'noexec',
      'echo "/dev/shm must be not mounted noexec"; exit 1',
      { kind: 'machine-failed', exitCode: 1, message: expect.stringMatching(/noexec.*remount,exec/) },
    ],
    [
      'less memory than the kernel',
      'echo "Too few physical memory! Needed=1, given=0"; exit 1',
      { kind: 'machine-failed', exitCode: 1, message: expect.stringMatching(/--mem/) },
    ],
  ])('%s', async (_, script, outcome) => {
    const run = await boot(await planOf(script));
    expect(run.outcome).toEqual(outcome);
    await gone();
  });

  test('the end mark is the end: how the machine is switched off is not waited for', async () => {
    const run = await boot(await planOf(`${ready}\nsleep 1000`, {}, { timeout: 60_000 }));
    expect(run.outcome).toEqual({ kind: 'ready' });
    await gone();
  });

  test("behind it the payload's own init has its time", async () => {
    const run = await boot(
      await planOf(`${ready}\nsleep 0.3\necho own init\nsleep 1000`, {}, { hold: 2000 }),
    );
    expect(run.outcome).toEqual({ kind: 'ready' });
    expect(await readFile(path.join(run.folder, 'console.log'), 'utf8')).toContain('own init');
    await gone();
  });

  test('one that never ends is stopped at the deadline, with all it has started', async () => {
    const plan = await planOf('echo up; sleep 1000 & sleep 1000', {}, { timeout: 1500 });
    expect((await boot(plan)).outcome).toEqual({ kind: 'hang', deadline: 1500, lastLine: 'up' });
    await gone();
  });

  test('an interrupt ends it', async () => {
    const stop = new AbortController();
    const plan = await planOf('echo up; sleep 1000');
    setTimeout(() => stop.abort(), 1000);
    expect((await boot(plan, stop.signal)).outcome).toEqual({ kind: 'interrupted' });
    await gone();
  });

  test('confined: it sees its own files, no other process, no network, and cannot write', async context => {
    if (!(await confines(never))) context.skip();
    const secret = path.join(sample.folder, 'secret');
    await writeFile(secret, 'x');
    await mkdir(path.join(sample.folder, 'images'), { recursive: true });
    const attempts = [
      `/usr/bin/cat ${secret} && echo read`,
      `echo x > ${sample.folder}/initrd && echo wrote`,
      `/usr/bin/touch /usr/bin/it && echo wrote`,
      `/usr/bin/cat /etc/passwd && echo read`,
      `[ -e /proc/${process.pid}/environ ] && [ $$ != ${process.pid} ] && echo process`,
      `/usr/bin/grep -v lo: /proc/net/dev | /usr/bin/grep : && echo network`,
      `[ -n "$HOME$INITBENCH_TEST_CALLS" ] && echo environment`,
      `/usr/bin/head -c 300M /dev/zero > /dev/shm/x 2>&1 && echo memory`,
    ];
    const plan = await planOf(says(...attempts, 'say init tsc=1 boottime=1', 'say end tsc=2 boottime=2'));
    const run = await boot(plan);
    expect(run.argv.slice(0, 4)).toEqual(['taskset', '--cpu-list', String(cpuOfOne()), 'bwrap']);
    expect(run.outcome).toEqual({ kind: 'ready' });
    const console = await readFile(path.join(run.folder, 'console.log'), 'utf8');
    expect(console).not.toMatch(/^(read|wrote|process|network|environment|memory)$/m);
    expect(console).toMatch(/Permission denied|Read-only file system|No such file/);
    expect(await readFile(path.join(sample.folder, 'initrd'), 'utf8')).toBe('initrd');
    await rm(secret);
  });
});
