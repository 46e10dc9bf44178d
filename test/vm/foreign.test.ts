// SPDX-License-Identifier: GPL-2.0-only
/** Files that nobody here made: initrds booted as they came, and attributes of a tree on their way to the guest. */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { BootRun } from '../../src/boot/boot.ts';
import { planBoot } from '../../src/boot/plan.ts';
import { findFlow } from '../../src/boot/registry.ts';
import { bootOnce } from '../../src/boot/run.ts';
import { capture } from '../../src/host/exec.ts';
import { collectPayload } from '../../src/image/collect.ts';
import { hostArchive, hostMode } from '../../src/image/debian/packages.ts';
import { buildGuestPrograms } from '../../src/image/guest.ts';
import { prepareKernel } from '../../src/kernel/prepare.ts';
import { runFigures } from '../../src/measure/figures.ts';
import { archive, dir, file, link, pack, padded, types } from '../archives/member.ts';
import { ended, everything, request, signal, workspace } from './house.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'initbench-foreign-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Asked {
  readonly flow?: string;
  readonly fragments?: readonly string[];
  readonly append?: readonly string[];
  readonly holdMs?: number;
  readonly rootfs?: boolean;
}

async function boot(spec: string, { flow: name = 'initramfs', fragments = [], append = [], ...more }: Asked) {
  const { tree, series } = request();
  const flow = await findFlow(name);
  const wanted = {
    kernel: flow.kernel === 'series' ? series : 'base',
    tree,
    fragments: [...request().fragments, ...fragments],
  };
  const { product: kernel } = await ended(prepareKernel(workspace, wanted, signal));
  const about = { padBytes: 0, arch: kernel.arch };
  const { product: payload } = await ended(collectPayload(workspace, spec, about, signal));
  const asked = {
    flow,
    kernel,
    payload,
    append,
    memoryMiB: 1024,
    cpus: 1,
    clock: 'icount',
    used: [],
  } as const;
  const { product: plan } = await ended(
    planBoot(workspace, { ...asked, timeoutMs: 1_200_000, ...more }, signal),
  );
  const { product: run } = await ended(bootOnce(workspace, plan, signal));
  return { run, plan };
}

const logged = (run: BootRun, text: RegExp) =>
  run.facts.filter(({ name, values }) => name === 'log' && text.test(values.text ?? ''));

const earlyArchive = (): Buffer =>
  archive(
    ...['kernel', 'kernel/x86', 'kernel/x86/microcode'].map(name => dir(name)),
    file('kernel/x86/microcode/AuthenticAMD.bin', Buffer.alloc(20_000, 0x55)),
  );

/** Microcode in front, as initramfs tools put it there, then busybox and an init of its own, packed with zstd. */
function foreignInitrd(): string {
  const busybox = execFileSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).trim();
  const init = [
    ...[
      '#!/bin/sh',
      'mount -t devtmpfs dev /dev',
      'mount -t proc proc /proc',
      'echo an init of somebody else',
    ],
    'for word in $(cat /proc/cmdline); do case $word in root=*) root=${word#root=} ;; esac; done',
    // guest time flies while a guest only waits
    '[ -z "$root" ] && while :; do sleep 1000; done',
    ...['mount -t ext4 -o ro "$root" /mnt', 'exec switch_root /mnt /sbin/init', ''],
  ].join('\n');
  const main = archive(
    ...['bin', 'dev', 'proc', 'mnt'].map(name => dir(name)),
    file('bin/busybox', readFileSync(busybox), { mode: types.file | 0o755 }),
    ...['sh', 'mount', 'cat', 'echo', 'sleep', 'switch_root'].map(name => link(`bin/${name}`, 'busybox')),
    file('init', init, { mode: types.file | 0o755 }),
  );
  const at = path.join(folder, 'foreign.img');
  writeFileSync(at, Buffer.concat([padded(earlyArchive(), 512), pack.zstd(main)]));
  return at;
}

describe('an initrd that is booted as it came', () => {
  const at = foreignInitrd();

  test('runs its own init; what nobody saw is unknown', async () => {
    const { run, plan } = await boot(`initrd:${at}`, { holdMs: 2000 });
    expect(readFileSync(plan.vm.initrd!.path).equals(readFileSync(at))).toBe(true);
    expect(run.outcome).toEqual({ kind: 'ready' });
    const console = readFileSync(path.join(run.folder, 'console.log'), 'utf8');
    expect(console).toContain('an init of somebody else');
    expect(Object.keys(run.marks)).toEqual(['kernel', 'init']);
    expect(logged(run, /^Run \/init as init process$/)).toHaveLength(1);
    expect(logged(run, /^Freeing initrd memory/)).toHaveLength(1);
    expect(runFigures(run)).toMatchObject({ init: undefined, total: undefined, memory: [], steps: [] });
    expect(run.notes.join()).toContain('without the probe');
  });

  test('goes to a root file system, where its own log says when its init ran', async () => {
    const { run } = await boot(`initrd:${at}`, { rootfs: true });
    expect(run.outcome).toEqual({ kind: 'ready' });
    const { init, total, points } = runFigures(run);
    const rootfs = points.find(({ id }) => id === 'rootfs')!.at;
    expect(init).toBeGreaterThan(100e6);
    expect(init).toBeLessThan(rootfs);
    expect(total).toBe(init);
    const console = readFileSync(path.join(run.folder, 'console.log'), 'utf8');
    // nothing is printed that a boot with the probe does not print
    expect(console).not.toContain('Run /init as init process\n');
  });
});

test.each(['kernelspace', 'userspace'])('%s: attributes of a tree arrive in the guest', async flow => {
  const root = path.join(folder, `tree-${flow}`);
  const inTree = (name: string) => path.join(root, name);
  const { product: guest } = await ended(buildGuestPrograms(workspace, 'x86_64', signal));
  for (const name of ['dev', 'proc', 'sys', 'd']) mkdirSync(inTree(name), { recursive: true });
  cpSync(guest.witness, inTree('witness'));
  symlinkSync('witness', inTree('init'));
  writeFileSync(inTree('ping'), 'x');
  const acl = '0200000001000700ffffffff02000600e803000004000500ffffffff10000700ffffffff20000500ffffffff';
  const capability = '0100000200200000000000000000000000000000';
  const set = (name: string, attribute: string, value: string) =>
    execFileSync('setfattr', ['-n', attribute, '-v', `0x${value}`, inTree(name)]);
  set('ping', 'user.note', '68656c6c6f');
  set('ping', 'system.posix_acl_access', acl);
  set('d', 'system.posix_acl_default', acl);
  const privileged = process.getuid!() === 0;
  if (privileged) set('ping', 'security.capability', capability);
  const { run } = await boot(`dir:${root}`, {
    flow,
    // the payload's own init in place of the probe
    append: ['rdinit=/init', 'INITBENCH_INIT=/init', 'INITBENCH_CHECK=xattrs', 'INITBENCH_PATHS=/ping,/d'],
  });
  expect(run.outcome).toEqual({ kind: 'ready' });
  const found = run.facts
    .filter(({ name }) => name === 'xattr')
    .map(({ values }) => `${values.path} ${values.name} ${values.value}`);
  expect(found.sort()).toEqual([
    `/d system.posix_acl_default ${acl}`,
    ...(privileged ? [`/ping security.capability ${capability}`] : []),
    `/ping system.posix_acl_access ${acl}`,
    '/ping user.note 68656c6c6f',
  ]);
});

describe.runIf(everything)('initrds of Debian', () => {
  /** What a maker of initrds puts into /boot, from packages of the host's own release. */
  async function madeBy(packages: readonly string[], hooks: readonly string[]): Promise<string> {
    const target = path.join(folder, packages.join('-'));
    const { release, sources } = await hostArchive(signal);
    const argv = [
      ...['mmdebstrap', `--mode=${await hostMode()}`, '--variant=apt', '--format=null'],
      `--include=${['linux-image-amd64', 'kmod', 'udev', 'zstd', ...packages].join(',')}`,
      ...hooks.map(hook => `--customize-hook=${hook}`),
      `--customize-hook=tar-out /boot ${target}.tar`,
      ...[release, '-', ...sources],
    ];
    await capture(argv, { signal });
    mkdirSync(target);
    await capture(['tar', '-x', '-C', target, '-f', `${target}.tar`], { signal });
    const made = readdirSync(path.join(target, 'boot')).filter(name => name.startsWith('initrd.img'));
    return path.join(target, 'boot', made.sort().at(-1)!);
  }

  test.each([
    ['initramfs-tools', ['initramfs-tools', 'busybox'], []],
    [
      'dracut',
      ['dracut', 'busybox'],
      ['chroot "$1" dracut --force --no-hostonly --zstd /boot/initrd.img-dracut "$(ls "$1"/lib/modules)"'],
    ],
  ] as const)(
    '%s: boots as it came, and with microcode in front, to a root file system',
    async (_, packages, hooks) => {
      const made = await madeBy(packages, hooks);
      const early = `${made}.early`;
      const microcode = padded(earlyArchive(), 512);
      writeFileSync(early, Buffer.concat([microcode, readFileSync(made)]));
      for (const one of [made, early]) {
        const { run } = await boot(`initrd:${one}`, { rootfs: true, fragments: ['systemd'] });
        expect(run.outcome).toEqual({ kind: 'ready' });
        const { init, points } = runFigures(run);
        expect(init).toBeGreaterThan(100e6);
        expect(points.map(({ id }) => id)).toEqual(
          expect.arrayContaining(['kernel', 'init', 'rootfs', 'end']),
        );
      }
    },
    7_200_000,
  );
});
