// SPDX-License-Identifier: GPL-2.0-only
/** A bundle, booted by someone who has a shell, coreutils and QEMU: the same digits. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { writeBundle } from '../../src/boot/bundle.ts';
import { planBoot } from '../../src/boot/plan.ts';
import { findFlow } from '../../src/boot/registry.ts';
import { bootOnce } from '../../src/boot/run.ts';
import { collectPayload } from '../../src/image/collect.ts';
import { prepareKernel } from '../../src/kernel/prepare.ts';
import { ended, request, signal, workspace } from './house.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'initbench-replay-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the same digits elsewhere, and other digits for another machine', async () => {
  const { tree, fragments } = request();
  const asked = { kernel: 'base', tree, fragments };
  const kernel = (await ended(prepareKernel(workspace, asked, signal))).product;
  const flow = await findFlow('userspace');
  const payload = (
    await ended(collectPayload(workspace, 'busybox', { padBytes: 0, arch: kernel.arch }, signal))
  ).product;
  const wanted = { memoryMiB: 2048, cpus: 1, clock: 'icount', append: [], used: [1, 100] } as const;
  const plan = (await ended(planBoot(workspace, { flow, kernel, payload, ...wanted }, signal))).product;
  const run = (await ended(bootOnce(workspace, plan, signal))).product;
  const bundle = path.join(folder, 'bundle');
  const { expected } = await writeBundle(run, bundle);
  expect(expected.map(({ mark }) => mark)).toEqual(['stage1', 'init', 'used-1', 'used-100', 'end']);

  const bin = path.join(folder, 'bin');
  mkdirSync(bin);
  const programs = ['dirname', 'mktemp', 'rm', 'sha256sum', 'timeout', run.argv[0]!];
  for (const program of programs) {
    symlinkSync(
      execFileSync('/bin/sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim(),
      path.join(bin, program),
    );
  }
  const replay = () =>
    spawnSync('/bin/sh', [path.join(bundle, 'replay.sh')], {
      ...{ cwd: '/', encoding: 'utf8', env: { PATH: bin, TMPDIR: folder } },
    });
  const again = replay();
  expect(again.stderr).toBe('');
  expect(again.stdout).toContain('console: identical\nthe same digits\n');
  expect(again.status).toBe(0);

  const script = path.join(bundle, 'replay.sh');
  const text = readFileSync(script, 'utf8');
  execFileSync('/bin/sh', ['-c', 'printf %s "$1" >"$2"', 'sh', text.replace('-m 2048', '-m 2047'), script]);
  expect(replay()).toMatchObject({ status: 1, stdout: expect.stringContaining('NOT the same digits') });
});
