// SPDX-License-Identifier: GPL-2.0-only
/** Archives as kernels unpack them: booted on the base kernel, which tells what it sees, and unpacked by us. */
import { describe, expect, test } from 'vitest';
import { openBench } from '../../src/evidence/fuzz/machine.ts';
import { compressions } from '../../src/image/archive/compression.ts';
import { buildGuestPrograms } from '../../src/image/guest.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { hasOption } from '../../src/kernel/kernel.ts';
import { prepareKernel } from '../../src/kernel/prepare.ts';
import { type Judge, type Judged, judge } from '../archives/boot.ts';
import { type Case, handmade } from '../archives/handmade.ts';
import { randomCases } from '../archives/random.ts';
import { ended, everything, request, signal, workspace } from './house.ts';

/** Which part of the cases a run takes, and how many at random. */
const { INITBENCH_ARCHIVES_RANDOM, INITBENCH_ARCHIVES_SEED, INITBENCH_ARCHIVES_ONLY } = process.env;
const atOnce = 2;

async function judgeOn(fragments: readonly string[]): Promise<Judge> {
  const { tree } = request();
  const wanted = { kernel: 'base', tree, fragments: [...request().fragments, ...fragments] };
  const { product: kernel } = await ended(prepareKernel(workspace, wanted, signal));
  const { product: guest } = await ended(buildGuestPrograms(workspace, kernel.arch, signal));
  const { product: bench } = await ended(openBench(workspace, kernel, 1, signal));
  return {
    bench,
    witness: guest.witness,
    known: await knownTo(kernel),
    times: await hasOption(kernel, 'INITRAMFS_PRESERVE_MTIME'),
  };
}

async function knownTo(kernel: Kernel) {
  const known = await Promise.all(
    compressions.map(async name => ((await hasOption(kernel, `RD_${name.toUpperCase()}`)) ? [name] : [])),
  );
  return known.flat();
}

async function judgeAll(setting: Judge, cases: readonly Case[]): Promise<Judged[]> {
  const judged: Judged[] = [];
  const pending = [...cases.entries()];
  const work = async () => {
    for (let next = pending.shift(); next; next = pending.shift()) {
      const [index, one] = next;
      const result = await judge(setting, one, index % 5 === 4, signal);
      judged.push(result);
      for (const text of result.differences) process.stderr.write(`  ${result.name}: ${text}\n`);
      if (judged.length % 20 === 0) process.stderr.write(`  ${judged.length}/${cases.length} archives\n`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return judged;
}

const faultsOf = (judged: readonly Judged[]) =>
  judged.flatMap(({ name, differences }) => (differences.length > 0 ? [{ name, differences }] : []));

test('a few archives, on the kernel that everything is measured with', async () => {
  const setting = await judgeOn([]);
  const chosen = handmade().filter((_, index) => index % 56 === 3);
  const judged = await judgeAll(setting, [...chosen, ...(await randomCases(1, 3, setting.known, signal))]);
  expect(faultsOf(judged)).toEqual([]);
  expect(judged.length).toBeGreaterThan(8);
  expect(judged.filter(({ refused }) => refused === undefined).length).toBeGreaterThan(2);
  expect(judged.filter(({ refused }) => refused !== undefined).length).toBeGreaterThan(1);
});

describe.runIf(everything)('on a kernel with every decompressor', () => {
  test('by hand, and at random', async () => {
    const setting = await judgeOn(['archives']);
    const seed = Number(INITBENCH_ARCHIVES_SEED ?? 1);
    const count = Number(INITBENCH_ARCHIVES_RANDOM ?? 300);
    const cases = [...handmade(), ...(await randomCases(seed, count, setting.known, signal))];
    const only = cases.filter(({ name }) => name.includes(INITBENCH_ARCHIVES_ONLY ?? ''));
    const judged = await judgeAll(setting, only);
    const refused = judged.filter(one => one.refused !== undefined).length;
    process.stderr.write(`  ${judged.length} archives, ${refused} of them refused\n`);
    expect(faultsOf(judged)).toEqual([]);
    if (INITBENCH_ARCHIVES_ONLY !== undefined) return;
    expect(judged.length).toBeGreaterThanOrEqual(500);
    expect(refused).toBeGreaterThan(50);
  }, 14_400_000);
});
