// SPDX-License-Identifier: GPL-2.0-only
/** A boot to take along: its files, its command, and the script, run by a real shell with the stand-in QEMU. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BootRun } from '../../src/boot/boot.ts';
import { expectedOf, relocated, writeBundle } from '../../src/boot/bundle.ts';
import { bootOnce } from '../../src/boot/run.ts';
import { UserError } from '../../src/host/errors.ts';
import { collect, never, recorded, type Sample, sampleImage, sampleMachine } from './machine.ts';

let sample: Sample;
let run: BootRun;
let bundle: string;
beforeAll(async () => {
  sample = await sampleMachine({ INITBENCH_TEST_CONSOLE: recorded('used-in-steps') });
  writeFileSync(sample.kernel.files.image, 'kernel');
  const initrd = path.join(sample.folder, "it's, an initrd");
  const disk = path.join(sample.folder, 'a disk, of memory');
  writeFileSync(initrd, 'initrd');
  writeFileSync(disk, 'disk');
  const plan = sample.plan(
    {},
    {
      initrd: sampleImage('cpio-lz4', 6, initrd),
      disks: [
        {
          kind: 'pmem',
          image: sampleImage('erofs', 4, disk),
          device: '/dev/pmem0',
          carveOut: { addressMiB: 1024, sizeMiB: 2 },
          standsFor: 'disk',
        },
      ],
    },
  );
  run = (await collect(bootOnce(sample.workspace, plan, never))).product;
  bundle = path.join(sample.folder, 'bundle');
});
afterAll(() => sample.remove());

/** Runs the script from elsewhere, as someone with a shell, coreutils and that QEMU would. */
function replay(console: string) {
  const bin = path.join(sample.folder, 'bin');
  mkdirSync(bin, { recursive: true });
  const programs = ['dirname', 'mktemp', 'rm', 'sha256sum', 'timeout'].map(name => [
    name,
    `/usr/bin/${name}`,
  ]);
  for (const [name, file] of [...programs, ['node', process.execPath]] as [string, string][]) {
    try {
      symlinkSync(file, path.join(bin, name));
    } catch {
      continue;
    }
  }
  return spawnSync('/bin/sh', [path.join(bundle, 'replay.sh')], {
    cwd: '/',
    encoding: 'utf8',
    env: {
      PATH: bin,
      QEMU: path.resolve('test/bin/boot/qemu-system-x86_64'),
      TMPDIR: sample.folder,
      INITBENCH_TEST_CONSOLE: console,
      INITBENCH_TEST_CALLS: process.env.INITBENCH_TEST_CALLS!,
    },
  });
}

describe('a bundle', () => {
  test('holds the files by simple names, their sums, and what is expected', async () => {
    const made = await writeBundle(run, bundle);
    expect(made.files).toEqual([
      ...['README', 'SHA256SUMS', 'disk0', 'expected', 'expected-console.log', 'initrd', 'kernel'],
      ...['kernel.config', 'replay.sh'],
    ]);
    expect(readFileSync(path.join(bundle, 'initrd'), 'utf8')).toBe('initrd');
    expect(readFileSync(path.join(bundle, 'disk0'), 'utf8')).toBe('disk');
    const [entry, init] = [run.marks.kernel!.tsc!, run.marks.init!.tsc!];
    const lines = readFileSync(path.join(bundle, 'expected'), 'utf8').split('\n');
    expect(lines[0]).toBe(`init ${init} ${init - entry}`);
    expect(made.expected.map(({ mark }) => mark)).toEqual([
      ...['init', 'used-1', 'used-10', 'used-50', 'used-100', 'end'],
    ]);
  });

  test('the same console: the same digits, exit code 0', () => {
    const { status, stdout, stderr } = replay(recorded('used-in-steps'));
    expect(stderr).toBe('');
    expect(stdout).toContain('console: identical\nthe same digits\n');
    expect(status).toBe(0);
  });

  test('it is the command of the run, with the machine by its version and the console in a file', async () => {
    const called = (await sample.calls()).at(-1)!;
    expect(called).toContain('-machine pc-i440fx-7.2 ');
    expect(called).toContain('-kernel kernel -initrd initrd -device loader,file=disk0,addr=0x40000000');
    expect(called).not.toContain('stdio');
  });

  test.each<[string, (text: string) => string, RegExp]>([
    ['another count', text => text.replace(/tsc=\d/, 'tsc=9'), /^init .* differs$/m],
    ['a step less', text => text.replace(/[^\n]*percent=50[^\n]*\n/, ''), /^used-50 .* differs$/m],
    ['nothing at all', () => '', /^end .* differs$/m],
    ['a step more', text => `${text}initbench: end tsc=1\n`, /^more than expected: end 1$/m],
    [
      'terminal escapes and a program',
      text => text.replace(/tsc=(\d+)/, 'tsc=$1$(reboot)\u001b[2J'),
      /^init .* differs$/m,
    ],
  ])('%s: exit code 1', (_what, change, said) => {
    const other = path.join(sample.folder, 'other.log');
    writeFileSync(other, change(readFileSync(recorded('used-in-steps'), 'utf8')));
    const { status, stdout } = replay(other);
    expect(stdout).toMatch(said);
    expect(stdout).toContain('NOT the same digits');
    expect(stdout).not.toContain('\u001b');
    expect(status).toBe(1);
  });

  test('a changed file is not booted', () => {
    writeFileSync(path.join(bundle, 'kernel'), 'another kernel');
    const { status, stderr } = replay(recorded('used-in-steps'));
    expect(stderr).toMatch(/checksum/);
    expect(status).toBe(2);
  });
});

describe('what makes no bundle', () => {
  const other = () => path.join(sample.folder, 'other');
  test.each<[string, () => Partial<BootRun>, RegExp]>([
    ['the wall clock', () => ({ clock: 'wall' }), /wall clock, which does not repeat/],
    ['a virtio disk', () => ({ argv: [...run.argv, '-device', 'virtio-blk-pci,drive=d'] }), /virtio disk/],
    [
      'a boot that hung',
      () => ({ outcome: { kind: 'hang', deadline: 1, lastLine: '' } }),
      /did not end by itself: hang/,
    ],
    [
      'files that are gone',
      () => ({ argv: [...run.argv, '-dtb', '/nowhere/tree'] }),
      /\/nowhere\/tree is no longer there/,
    ],
  ])('%s', async (_what, more, message) => {
    const work = writeBundle({ ...run, ...more() }, other());
    await expect(work).rejects.toThrow(UserError);
    await expect(work).rejects.toThrow(message);
  });

  test('a folder that holds something', async () => {
    await expect(writeBundle(run, bundle)).rejects.toThrow(/is not empty/);
  });
});

test('option lists keep their commas, and the kernel is first', () => {
  const argv = ['qemu', '-device', 'loader,file=/a,,b,addr=1', '-kernel', '/k/bzImage', '-append', 'file=/x'];
  expect(relocated({ argv })).toEqual({
    argv: ['qemu', '-device', 'loader,file=disk0,addr=1', '-kernel', 'kernel', '-append', 'file=/x'],
    files: [
      { from: '/k/bzImage', to: 'kernel' },
      { from: '/a,b', to: 'disk0' },
    ],
  });
});

test('only marks with a counter are expected', () => {
  const facts = [
    { name: 'init', values: { tsc: '5' } },
    { name: 'memory', values: { tsc: '6' } },
    { name: 'used', values: { percent: '10', tsc: 'x' } },
    { name: 'end', values: { boottime: '7' } },
  ];
  expect(expectedOf({ facts })).toEqual([{ mark: 'init', counter: 5 }]);
});
