// SPDX-License-Identifier: GPL-2.0-only
/** Beside the default: the second tree, systemd as the payload's init, a real root file system. `npm run test:all`. */
import { describe, expect, test } from 'vitest';
import { planBoot } from '../../src/boot/plan.ts';
import { findFlow } from '../../src/boot/registry.ts';
import { bootOnce } from '../../src/boot/run.ts';
import { collectPayload } from '../../src/image/collect.ts';
import { prepareKernel } from '../../src/kernel/prepare.ts';
import { runFigures } from '../../src/measure/figures.ts';
import { comparison, ended, everything, request, signal, workspace } from './house.ts';

describe.runIf(everything)('beside the default', () => {
  test('6.12: initramfs and userspace boot', async () => {
    const compared = await comparison({ tree: '6.12', rows: ['initramfs', 'userspace'] });
    expect(compared.rows.map(row => [row.id, row.outcome.kind])).toEqual([
      ['floor@base', 'ready'],
      ['initramfs', 'ready'],
      ['userspace', 'ready'],
    ]);
  });

  test.each([
    ['initramfs', 'base', false, ['own-init', 'sysinit.target']],
    ['kernelspace', request().series, false, ['own-init', 'sysinit.target']],
    ['initramfs', 'base', true, ['own-init', 'initrd.target', 'switch-root']],
    ['kernelspace', request().series, true, ['own-init', 'initrd.target', 'switch-root']],
  ])('debian: systemd in %s@%s, to a root file system: %s', async (flowName, name, rootfs, what) => {
    const { tree, fragments } = request();
    const wanted = { kernel: name, tree, fragments: [...fragments, 'systemd'] };
    const { product: kernel } = await ended(prepareKernel(workspace, wanted, signal));
    const { product: payload } = await ended(collectPayload(workspace, 'debian', { padBytes: 0 }, signal));
    const flow = await findFlow(flowName);
    const asked = { flow, kernel, payload, append: [], memoryMiB: 2048, cpus: 1, clock: 'icount' } as const;
    const plan = await ended(planBoot(workspace, { ...asked, used: [0], holdMs: 0, rootfs }, signal));
    const { product: run } = await ended(bootOnce(workspace, plan.product, signal));
    expect(run.outcome).toEqual({ kind: 'ready' });
    const reported = runFigures(run).points.filter(({ mark }) => mark === undefined);
    expect(reported.map(({ id }) => id)).toEqual(what);
    const root = run.facts.find(fact => fact.name === 'rootfs')?.values;
    expect(root?.fstype).toBe(rootfs ? 'ext4' : undefined);
  });

  test.each(['initramfs', 'userspace', 'kernelspace'])('%s reaches a real ext4 root', async flowName => {
    const { tree, series, fragments } = request();
    const flow = await findFlow(flowName);
    const name = flow.kernel === 'series' ? series : 'base';
    const { product: kernel } = await ended(
      prepareKernel(workspace, { kernel: name, tree, fragments }, signal),
    );
    const { product: payload } = await ended(collectPayload(workspace, 'busybox', { padBytes: 0 }, signal));
    const asked = { flow, kernel, payload, append: [], memoryMiB: 512, cpus: 1, clock: 'wall' } as const;
    const plan = await ended(planBoot(workspace, { ...asked, used: [1], rootfs: true }, signal));
    const { product: run } = await ended(bootOnce(workspace, plan.product, signal));
    expect(run.outcome).toEqual({ kind: 'ready' });
    expect(run.facts.find(fact => fact.name === 'rootfs')?.values).toMatchObject({ fstype: 'ext4' });
  });
});
