// SPDX-License-Identifier: GPL-2.0-only
/** User-Mode Linux as a machine: the same flows and images by the host's clock, what cannot be booted there, and nothing
 *  left behind. `npm run test:all` on x86-64 hosts. */
import { readdir, readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { readRun } from '../../src/boot/record.ts';
import { hostArch } from '../../src/kernel/architecture.ts';
import type { Comparison } from '../../src/measure/comparison.ts';
import { formatComparison } from '../../src/measure/table.ts';
import { folders } from '../../src/workspace.ts';
import { comparison, everything, request, rowOf, workspace } from './house.ts';

const arch = 'um';
const mebi = 2 ** 20;
const rows = [
  'initramfs:cpio',
  'initramfs:cpio-lz4',
  'initramfs:cpio-zstd',
  'userspace',
  'loop',
  'kernelspace:erofs',
  'kernelspace',
];

describe.runIf(everything && hostArch() === 'x86_64')('um', () => {
  let before: string[];
  let compared: Comparison;
  beforeAll(async () => {
    before = await readdir('/dev/shm');
    compared = await comparison({ arch, rows, clock: 'wall', rounds: 3, padBytes: 64 * mebi });
  });

  test('every flow reaches the end of its work', () => {
    expect(compared.rows.map(row => [row.id, row.outcome.kind])).toEqual(
      ['floor@base', `floor@${request().series}`, ...rows].map(id => [id, 'ready']),
    );
    expect(compared.warnings.map(({ about }) => about)).not.toContain(
      'the flows did not read the same bytes',
    );
  });

  test('the table names the platform and its conditions', () => {
    expect(compared.conditions).toMatchObject({ arch, accelerator: 'none' });
    const text = formatComparison(compared, 120).join('\n');
    expect(text).toMatch(/User-Mode Linux, host Linux \d/);
    expect(text).toMatch(/note: lpj=\d+: /);
    expect(text).toMatch(
      /note: a system call costs [\d.]+ us in the guest, [\d.]+ us on the host; the first touch/,
    );
  });

  test('/init of an image is far from that of an archive', () => {
    const image = rowOf(compared, 'kernelspace:erofs').init!.median;
    expect(image).toBeLessThan(rowOf(compared, 'initramfs:cpio').init!.median);
    expect(image).toBeLessThan(rowOf(compared, 'initramfs:cpio-zstd').init!.median);
  });

  test('boots were processes of the host, and nothing of them is left', async () => {
    const run = await readRun(`${folders.runs(workspace)}/${rowOf(compared, 'kernelspace').runs[0]!}`);
    expect(run.argv.some(word => word.endsWith('/linux'))).toBe(true);
    expect(run.qemuVersion).toBeUndefined();
    expect(await readdir('/dev/shm')).toEqual(before);
    const lines: string[] = [];
    for (const pid of (await readdir('/proc')).filter(name => /^\d+$/.test(name))) {
      lines.push(await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''));
    }
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.filter(line => line.includes(run.argv.find(word => word.endsWith('/linux'))!))).toEqual([]);
  });

  test('a flow that cannot be booted there is named with the reason, before anything is built', async () => {
    await expect(comparison({ arch, rows: ['memmap'], clock: 'wall' })).rejects.toThrow(
      /memmap cannot be booted on um: nothing but the initrd/,
    );
  });
});
