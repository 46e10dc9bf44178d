// SPDX-License-Identifier: GPL-2.0-only
/** Boots in a row, and consoles that flood for a while: memory, open files, temporary files and processes before and
 *  after. Short here; as long as one likes with
 *
 *    INITBENCH_SOAK_BOOTS=200 INITBENCH_SOAK_FLOOD_S=600 npx vitest run --project unit test/crash/soak.test.ts
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bootOnce } from '../../src/boot/run.ts';
import { productOf } from '../../src/events.ts';
import { never, recorded, type Sample, sampleMachine } from '../boot/machine.ts';

const boots = Number(process.env.INITBENCH_SOAK_BOOTS ?? 12);
const floodMs = 1000 * Number(process.env.INITBENCH_SOAK_FLOOD_S ?? 2);
const mib = 2 ** 20;

let sample: Sample;
let tmp: string;
beforeEach(async () => {
  tmp = mkdtempSync(path.join(tmpdir(), 'initbench-test-'));
  sample = await sampleMachine({ TMPDIR: tmp, INITBENCH_TEST_CONSOLE: recorded('ready-floor') });
});
afterEach(async () => {
  for (const name of Object.keys(process.env))
    if (name.startsWith('INITBENCH_TEST_')) delete process.env[name];
  await sample.remove();
  rmSync(tmp, { recursive: true, force: true });
});

/** Processes that have our folder on their command line: every QEMU has. */
const processes = () =>
  readdirSync('/proc').filter(pid => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(sample.folder);
    } catch {
      return false;
    }
  }).length;

function figures() {
  (globalThis as { gc?: () => void }).gc?.();
  return {
    heap: process.memoryUsage().heapUsed,
    files: readdirSync('/proc/self/fd').length,
    temporary: readdirSync(tmp).length,
    processes: processes(),
  };
}

const boot = (clock: 'icount' | 'wall') =>
  productOf(bootOnce(sample.workspace, sample.plan({}, { clock }), never));

test(`${boots} boots in a row leave nothing behind`, { timeout: 60_000 + boots * 5000 }, async () => {
  for (let i = 0; i < 3; i++) await boot('icount');
  const before = figures();
  for (let i = 0; i < boots; i++) expect((await boot('icount')).outcome).toEqual({ kind: 'ready' });
  const after = figures();
  process.stderr.write(`  soak, ${boots} boots: ${JSON.stringify({ before, after })}\n`);
  expect({ ...after, heap: 0 }).toEqual({ ...before, heap: 0 });
  expect(after.heap - before.heap).toBeLessThan(20 * mib + boots * 20_000);
});

test(
  `a flood of ${floodMs / 1000} s stays within its bounds`,
  { timeout: 120_000 + 2 * floodMs },
  async () => {
    await boot('wall');
    const before = figures();
    process.env.INITBENCH_TEST_FLOOD = '80';
    process.env.INITBENCH_TEST_END = 'hang';
    const until = performance.now() + floodMs;
    let floods = 0;
    let most = 0;
    do {
      const { folder } = await boot('wall');
      most = Math.max(most, process.memoryUsage().rss);
      floods += 1;
      rmSync(folder, { recursive: true });
    } while (performance.now() < until);
    const after = figures();
    process.stderr.write(
      `  soak, ${floods} floods of 80 MiB: ${JSON.stringify({ before, after, mostRss: most })}\n`,
    );
    expect({ ...after, heap: 0 }).toEqual({ ...before, heap: 0 });
    expect(after.heap - before.heap).toBeLessThan(40 * mib);
  },
);
