// SPDX-License-Identifier: GPL-2.0-only
/** fsck and clean over a store with a run and a kernel in it, and with everything that can be wrong with one. */
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bootOnce } from '../../src/boot/run.ts';
import { clean } from '../../src/commands/clean.ts';
import { fsck } from '../../src/commands/fsck.ts';
import { productOf } from '../../src/events.ts';
import { exists } from '../../src/host/files.ts';
import { ourselves, tagOf } from '../../src/host/owner.ts';
import type { Finding } from '../../src/store/finding.ts';
import { folders } from '../../src/workspace.ts';
import { never, recorded, type Sample, sampleMachine } from '../boot/machine.ts';

let sample: Sample;
beforeEach(async () => {
  const tmp = await mkdtemp(path.join(tmpdir(), 'initbench-test-'));
  sample = await sampleMachine({ INITBENCH_TEST_CONSOLE: recorded('ready-floor'), TMPDIR: tmp });
});
afterEach(() => sample.remove());

const gone = tagOf({ ...ourselves, pid: 99_999_999 });
const inCache = (...names: string[]) => path.join(sample.workspace.cache, ...names);
const put = async (file: string, text: string) => {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text);
};
const check = async (options: Record<string, unknown> = {}) => {
  const input = fsck.parse({ options, words: [], rest: [] }, sample.workspace);
  const product = await productOf(fsck.run(sample.workspace, input, never));
  const { findings } = fsck.json(product) as unknown as { findings: readonly Finding[] };
  return { findings, text: fsck.text(product, 100), exitCode: fsck.exitCode!(product) };
};
const tidy = (options: Record<string, unknown>) =>
  productOf(
    clean.run(
      sample.workspace,
      clean.parse({ options: { budget: '20G', ...options }, words: [], rest: [] }, sample.workspace),
      never,
    ),
  );
const boot = () => productOf(bootOnce(sample.workspace, sample.plan(), never));

test('a store that is in use is clean', async () => {
  await boot();
  expect(await check({ full: true })).toMatchObject({ text: ['clean'], exitCode: 0 });
});

test('what a killed process has left goes, what is damaged goes if it can be made again, the rest is named', async () => {
  const run = await boot();
  const state = (...names: string[]) => path.join(sample.workspace.state, ...names);
  const holder = { ...ourselves, pid: 99_999_999, id: 'a1b2c3d4e5f60718', since: '2026-01-01T00:00:00Z' };
  await put(inCache('images/x.lock/holder.json'), JSON.stringify({ ...holder, doing: 'initbench build' }));
  await put(inCache(`images/y.lock.${gone}-a1b2c3d4e5f60718/holder.json`), JSON.stringify(holder));
  await put(inCache('kernels', `.new-${gone}-abcdef`, 'vmlinux'), 'half');
  await put(inCache('configs', `a.json.${gone}-00ff`), 'half');
  await put(inCache('images/aa/image.json'), JSON.stringify({ bytes: 10 }));
  await put(inCache('images/aa/image'), 'short');
  await put(inCache('images/bb/image.json'), '{"bytes": 1');
  await put(inCache('entries/zz.json'), '');
  await put(inCache('payloads/inputs/key'), 'f'.repeat(64));
  await put(inCache('kernels/cc/kernel.json'), '{}');
  await put(inCache('kernels/dd/kernel.json'), '{"schema":"initbench.kernel/1"}');
  await put(state('campaigns/verify-x.jsonl'), '{"key":"a","result":1}\n{"key":"b","res');
  await put(state('comparisons/c.json'), '{"schema":');
  await rm(path.join(run.folder, 'run.json'));
  const events = path.join(run.folder, 'events.jsonl');
  const text = await readFile(events, 'utf8');
  await writeFile(events, text.replace(/"owner":"[^"]*"/, `"owner":"owner-${gone}"`).slice(0, -30));

  const dry = await check({ dryRun: true });
  expect(dry.exitCode).toBe(1);
  const first = await check();
  expect(first.findings.map(({ path: at }) => at).sort()).toEqual(
    dry.findings.map(({ path: at }) => at).sort(),
  );
  const of = (action: string) =>
    first.findings
      .filter(finding => finding.action === action)
      .map(({ path: at }) => path.relative(sample.folder, at).replace(gone, 'TAG').replace(run.id, 'RUN'))
      .sort();
  expect(of('removed')).toEqual([
    'cache/configs/a.json.TAG-00ff',
    'cache/entries/zz.json',
    'cache/images/aa',
    'cache/images/bb',
    'cache/images/x.lock',
    'cache/images/y.lock.TAG-a1b2c3d4e5f60718',
    'cache/kernels/.new-TAG-abcdef',
    'cache/kernels/cc',
    'cache/kernels/dd',
    'cache/payloads/inputs/key',
  ]);
  expect(of('completed')).toEqual(['state/campaigns/verify-x.jsonl', 'state/runs/RUN']);
  expect(of('none')).toEqual(['state/comparisons/c.json']);
  expect(first.exitCode).toBe(1);
  expect(first.text.join('\n')).toContain('process 99999999 has it since');
  expect(await readFile(state('campaigns/verify-x.jsonl'), 'utf8')).toBe('{"key":"a","result":1}\n');
  expect(JSON.parse(await readFile(path.join(run.folder, 'run.json'), 'utf8'))).toMatchObject({ id: run.id });
  await rm(state('comparisons/c.json'));
  expect((await check()).text).toEqual(['clean']);
});

test('clean goes by age and budget, and leaves what a run needs until the run goes, too', async () => {
  const run = await boot();
  const old = new Date(Date.now() - 90 * 86_400_000);
  const needed = run.images[0]!.digest;
  for (const name of [needed, 'unneeded']) {
    await put(inCache('images', name, 'image'), 'x'.repeat(8192));
    await utimes(inCache('images', name), old, old);
  }
  await put(inCache('images/fresh/image'), 'y');
  const dry = await tidy({ olderThan: '30d', dryRun: true });
  expect(dry.removed.map(({ path: at }) => path.basename(at))).toEqual(['unneeded']);
  expect(dry.neededBytes).toBeGreaterThan(8000);
  expect(await exists(inCache('images/unneeded'))).toBe(true);
  expect((await tidy({})).removed).toEqual([]);
  expect((await tidy({ budget: '1k' })).removed.map(({ path: at }) => path.basename(at))).toEqual([
    'unneeded',
  ]);
  expect((await readdir(inCache('images'))).sort()).toEqual([needed, 'fresh'].sort());
  expect((await tidy({ olderThan: '30d', runs: true })).removed).toEqual([]);
  expect(await readdir(folders.runs(sample.workspace))).toEqual([run.id]);
  expect(() =>
    clean.parse({ options: { budget: '1G', runs: true }, words: [], rest: [] }, sample.workspace),
  ).toThrow('--older-than');
});
