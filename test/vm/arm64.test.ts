// SPDX-License-Identifier: GPL-2.0-only
/** arm64 guests, cross-built and emulated: the same flows, figures that repeat, memory that comes back.
 *  `npm run test:all` on Debian hosts. */
import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import type { BootRun } from '../../src/boot/boot.ts';
import { planBoot } from '../../src/boot/plan.ts';
import { readRun } from '../../src/boot/record.ts';
import { findFlow } from '../../src/boot/registry.ts';
import { bootOnce } from '../../src/boot/run.ts';
import { collectPayload } from '../../src/image/collect.ts';
import { prepareKernel } from '../../src/kernel/prepare.ts';
import type { Comparison } from '../../src/measure/comparison.ts';
import { folders } from '../../src/workspace.ts';
import { comparison, ended, everything, figuresOf, request, rowOf, signal, workspace } from './house.ts';

const arch = 'arm64';
const million = 1e6;
const mebi = 2 ** 20;
const tick = 16;
const rows = ['initramfs', 'initramfs:cpio', 'userspace', 'kernelspace', 'kernelspace:erofs'];

/** setup.sh --all gives Debian hosts what it takes. */
const isPossible = existsSync('/usr/bin/apt-get');

describe.runIf(everything && isPossible)('arm64', () => {
  let first: Comparison;
  beforeAll(async () => {
    first = await comparison({ arch, rows });
  });

  test('every flow reaches the end of its work', () => {
    expect(first.conditions.arch).toBe(arch);
    expect(first.rows.map(row => [row.id, row.outcome.kind])).toEqual(
      ['floor@base', `floor@${request().series}`, ...rows].map(id => [id, 'ready']),
    );
    expect(first.warnings.map(warning => warning.about)).not.toContain(
      'the flows did not read the same bytes',
    );
  });

  test('icount figures repeat, those of the memory disk too', async () => {
    expect(figuresOf(await comparison({ arch, rows }))).toEqual(figuresOf(first));
  });

  test('figures are whole ticks of the counter, and the granularity is said', async () => {
    for (const row of first.rows) {
      expect(row.notes.join()).toContain('CNTVCT_EL0');
      const { marks } = await readRun(`${folders.runs(workspace)}/${row.runs[0]!}`);
      for (const mark of ['init', 'used', 'end'] as const) expect(marks[mark]!.tsc! % tick).toBe(0);
    }
  });

  test.each(['kernelspace', 'kernelspace:erofs'])('%s reaches /init near the floor', id => {
    expect(rowOf(first, id).overFloor!).toBeLessThan(6 * million);
    expect(rowOf(first, 'initramfs:cpio').overFloor!).toBeGreaterThan(6 * million);
  });

  test('the wall clock: a virtio disk', async () => {
    const compared = await comparison({ arch, rows: ['userspace'], clock: 'wall' });
    expect(rowOf(compared, 'userspace').outcome.kind).toBe('ready');
  });

  async function toRootfs(flowName: string, append: readonly string[] = []): Promise<BootRun> {
    const { tree, series, fragments } = request();
    const wanted = { kernel: series, tree, fragments, arch };
    const { product: kernel } = await ended(prepareKernel(workspace, wanted, signal));
    const options = { padBytes: 16 * mebi, arch };
    const { product: payload } = await ended(collectPayload(workspace, 'busybox', options, signal));
    const flow = await findFlow(flowName);
    const asked = { flow, kernel, payload, append, memoryMiB: 512, cpus: 1, clock: 'wall' } as const;
    const plan = await ended(planBoot(workspace, { ...asked, used: [10], rootfs: true }, signal));
    return (await ended(bootOnce(workspace, plan.product, signal))).product;
  }
  const totalAt = (run: BootRun, point: string) =>
    Number(run.facts.find(fact => fact.name === 'memory' && fact.values.at === point)?.values.MemTotal) *
    1024;

  test('the memory of the image comes back behind pivot_root, unless it is to be kept', async () => {
    const [cpio, image] = [await toRootfs('initramfs'), await toRootfs('kernelspace')];
    expect([cpio.outcome, image.outcome]).toEqual([{ kind: 'ready' }, { kind: 'ready' }]);
    expect(totalAt(image, 'init')).toBeLessThan(totalAt(cpio, 'init') - mebi);
    expect(Math.abs(totalAt(image, 'rootfs') - totalAt(cpio, 'rootfs'))).toBeLessThan(mebi);
    const kept = await toRootfs('kernelspace', ['keepinitrd']);
    expect(kept.outcome).toEqual({ kind: 'ready' });
    expect(totalAt(kept, 'rootfs')).toBeLessThan(totalAt(cpio, 'rootfs') - mebi);
  });
});
