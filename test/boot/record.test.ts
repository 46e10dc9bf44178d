// SPDX-License-Identifier: GPL-2.0-only
/** A run on disk: written as it goes, folded when it is read. */
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { foldSigns } from '../../src/boot/fold.ts';
import { newRunId, openRecord, readRun, type RunHeader } from '../../src/boot/record.ts';
import type { WorkEvent } from '../../src/events.ts';
import { digest } from './machine.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'initbench-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const header: RunHeader = {
  id: 'r',
  flow: 'floor',
  row: 'floor@base',
  started: '2026-11-23T14:00:00.000Z',
  clock: 'icount',
  accelerator: 'tcg',
  acceleratorReason: 'icount is TCG alone',
  notes: [],
  kernel: { digest: digest('a'), name: 'base', release: '7.3.4', configDigest: digest('c') },
  images: [],
  payload: { name: 'probe', digest: digest('f') },
  argv: ['qemu-system-x86_64'],
  qemuVersion: '7.2.22',
  memoryMiB: 2048,
  cpus: 1,
  host: { cpu: 'x', cpus: 2, kernel: '6.1', loadBefore: 0.5, loadAfter: 0.5 },
  carvedOutBytes: 0,
};

const about = { job: 'floor@base', run: 'r' };
const mark = (name: 'kernel' | 'init' | 'used', host: number, tsc: number): WorkEvent => ({
  ...about,
  type: 'mark',
  mark: name,
  host,
  guest: { clock: 'tsc', value: tsc },
});
const fact = (name: string, values: Record<string, string>): WorkEvent => ({
  ...about,
  type: 'fact',
  fact: { name, values },
});

async function write(events: readonly WorkEvent[]) {
  const record = openRecord(folder, header);
  for (const event of events) record.append(event);
  return record.close({ machine: 'pc-i440fx-7.2', loadAfter: 1.5, stealPercent: 0.2 });
}

const events: WorkEvent[] = [
  { ...about, type: 'boot-started', flow: 'floor', argv: header.argv },
  mark('kernel', 0, 100),
  mark('init', 10, 300),
  fact('init', { tsc: '300', boottime: '350' }),
  { ...about, type: 'console', at: 10, line: 'initbench: init tsc=300 boottime=350' },
  mark('used', 11, 400),
  fact('used', { percent: '1', tsc: '400', boottime: '450' }),
  mark('init', 12, 999),
  fact('init', { tsc: '999', boottime: '999' }),
  mark('used', 13, 500),
  fact('used', { percent: '10', tsc: '500', boottime: '550' }),
  { ...about, type: 'boot-ended', outcome: { kind: 'ready' }, host: 20, icount: 600 },
];

test('reading it back gives the run that was returned, and run.json says the same', async () => {
  const run = await write(events);
  expect(await readRun(folder)).toEqual(run);
  expect(JSON.parse(await readFile(path.join(folder, 'run.json'), 'utf8'))).toEqual(run);
  expect(run).toMatchObject({
    folder,
    outcome: { kind: 'ready' },
    icount: 600,
    machine: 'pc-i440fx-7.2',
    host: { loadBefore: 0.5, loadAfter: 1.5, stealPercent: 0.2 },
  });
});

test('both clocks of a mark; the first init counts, the last used', async () => {
  const { marks, used } = await write(events);
  expect(marks).toEqual({
    kernel: { host: 0, tsc: 100 },
    init: { host: 10, tsc: 300, boottime: 350 },
    used: { host: 13, tsc: 500, boottime: 550 },
  });
  expect(used).toEqual([
    { percent: 1, host: 11, tsc: 400, boottime: 450 },
    { percent: 10, host: 13, tsc: 500, boottime: 550 },
  ]);
});

test('an init that has nothing of ours is where the log has it, by the clocks of the line that joins them', () => {
  const log = (at: string, text: string): WorkEvent => ({
    ...{ job: 'x', type: 'fact', run: 'r' },
    fact: { name: 'log', values: { at, text } },
  });
  const told = [
    log('0.500000', 'Run /init as init process'),
    log('2.000001', 'initbench: sync tsc=9000000000 boottime=2100000000'),
  ];
  expect(foldSigns(told).marks).toEqual({ init: { tsc: 7_499_999_000, boottime: 599_999_000 } });
  expect(foldSigns(told.slice(0, 1)).marks).toEqual({});
  const stage: WorkEvent = { job: 'x', type: 'mark', run: 'r', mark: 'stage1', host: 1 };
  expect(foldSigns([stage, ...told]).marks).toEqual({ stage1: { host: 1 } });
  const init: WorkEvent = { ...stage, mark: 'init', host: 2, guest: { clock: 'boottime', value: 7 } };
  expect(foldSigns([init, ...told]).marks).toEqual({ init: { host: 2, boottime: 7 } });
});

test('each event is a line as it came, the version in the first', async () => {
  await write(events);
  const lines = (await readFile(path.join(folder, 'events.jsonl'), 'utf8')).trimEnd().split('\n');
  expect(JSON.parse(lines[0]!)).toMatchObject({ initbenchRun: 1, header: { id: 'r' } });
  expect(lines.slice(1, -1).map(line => JSON.parse(line) as WorkEvent)).toEqual(events);
});

test('a record that could not be written ends with the reason, and does not wait for ever', async () => {
  const record = openRecord(path.join(folder, 'not', 'there'), header);
  record.append(mark('kernel', 0, 1));
  await new Promise(resolve => setTimeout(resolve, 50));
  await expect(record.close({ loadAfter: 0 })).rejects.toThrow(/ENOENT/);
});

test('a record that just stops was interrupted, a torn last line is left out', async () => {
  await write(events.slice(0, 4));
  const file = path.join(folder, 'events.jsonl');
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  await writeFile(file, `${lines.slice(0, -1).join('\n')}\n{"job":"floor`);
  expect(await readRun(folder)).toMatchObject({
    outcome: { kind: 'interrupted' },
    marks: { init: { tsc: 300 } },
  });
});

test('a newer format is refused', async () => {
  await writeFile(path.join(folder, 'events.jsonl'), '{"initbenchRun":2,"header":{}}\n');
  await expect(readRun(folder)).rejects.toThrow(/newer initbench \(format 2, known is 1\)/);
});

test.each([
  ['nothing', undefined, /holds no run/],
  ['no version', '{"type":"mark"}\n', /no version/],
  ['junk in the middle', '{"initbenchRun":1,"header":{}}\njunk\n{"closing":{}}\n', /line 2 is damaged/],
])('%s: said in one sentence', async (_name, text, message) => {
  if (text !== undefined) await appendFile(path.join(folder, 'events.jsonl'), text);
  await expect(readRun(folder)).rejects.toThrow(message);
});

test('ids sort by time', () => {
  const ids = [1, 2, 3].map(second => newRunId(new Date(Date.UTC(2026, 10, 23, 14, 5, second))));
  expect(ids[0]).toMatch(/^20261123T140501-[0-9a-f]{4}$/);
  expect([...ids].reverse().sort()).toEqual(ids);
});
