// SPDX-License-Identifier: GPL-2.0-only
/** initramfs-fixes as its users see it: a root that was left is given back although PID 1 has the console that the kernel
 *  opened for it, which the unpatched kernel does not do. On User-Mode Linux; `npm run test:all` on x86-64 hosts. */
import { beforeAll, describe, expect, test } from 'vitest';
import { witnessRoot } from '../../src/evidence/verify/files.ts';
import type { Bench } from '../../src/evidence/verify/initrd.ts';
import { leaving, realRoot } from '../../src/evidence/verify/leaving.ts';
import { kernels, type Shown, type Trial } from '../../src/evidence/verify/requirement.ts';
import { factOf, memories } from '../../src/evidence/verify/shown.ts';
import { planTrial, runTrial } from '../../src/evidence/verify/trial.ts';
import { buildGuestPrograms } from '../../src/image/guest.ts';
import { hostArch, programsArch } from '../../src/kernel/architecture.ts';
import { prepare } from '../../src/kernel/prepare.ts';
import { ended, everything, request, signal, workspace } from './house.ts';

const payloadKiB = 48 << 10;
/** Caches of the new root, and what the allocator keeps. */
const restKiB = 2 << 10;

const leave = (...append: readonly string[]): Trial => ({
  kernel: kernels.series,
  initrd: [{ files: [...witnessRoot, { path: 'data/noise', noise: payloadKiB << 10 }], format: 'cpio' }],
  checks: ['memory', 'leave'],
  append: [...leaving('pivot', ['settle', 'memory']), 'INITBENCH_ROOT=/dev/ubda', ...append],
  disks: [realRoot],
});

describe.runIf(everything && hostArch() === 'x86_64')('leaving the initramfs', () => {
  const benches = new Map<string, Bench>();
  beforeAll(async () => {
    for (const kernel of ['base', 'initramfs-fixes']) {
      const { tree, fragments } = request();
      const { product } = await ended(prepare(workspace, { kernel, tree, fragments, arch: 'um' }, signal));
      if (product.kind !== 'kernel') throw new Error(`${kernel}: ${product.kind}`);
      const arch = programsArch(product.kernel.arch);
      const guest = (await ended(buildGuestPrograms(workspace, arch, signal))).product;
      benches.set(kernel, { workspace, kernel: product.kernel, guest, made: new Map() });
    }
  });

  async function boot(kernel: string, trial: Trial): Promise<Shown> {
    const planned = await ended(planTrial(benches.get(kernel)!, { name: kernel, trial }, signal));
    const { product } = await ended(runTrial(workspace, planned.product, signal));
    expect(product.outcome.kind).toBe('ready');
    expect(factOf(product, 'leave')).toMatchObject({ how: 'pivot', errno: '0' });
    return product;
  }

  /** What there is more, in KiB, after the root was left. */
  async function givenBack(kernel: string, ...append: readonly string[]): Promise<number> {
    const [before, after] = memories(await boot(kernel, leave(...append)));
    return after!.free - before!.free;
  }

  test('with the console that the kernel has opened: only with the series', async () => {
    expect(await givenBack('base', 'INITBENCH_CONSOLE=keep')).toBeLessThan(restKiB);
    expect(await givenBack('initramfs-fixes', 'INITBENCH_CONSOLE=keep')).toBeGreaterThan(
      payloadKiB - restKiB,
    );
  });

  test('with a console that was reopened: with either kernel', async () => {
    expect(await givenBack('base')).toBeGreaterThan(payloadKiB - restKiB);
    expect(await givenBack('initramfs-fixes')).toBeGreaterThan(payloadKiB - restKiB);
  });
});
