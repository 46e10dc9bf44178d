// SPDX-License-Identifier: GPL-2.0-only
/** Reports of what is on disk: comparisons and sweeps found and judged, runs put side by side, files written. */
import { mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { BootRun } from '../../src/boot/boot.ts';
import { gatherRuns } from '../../src/campaign/gather.ts';
import { findKept, keptStale, listKept } from '../../src/campaign/records.ts';
import { writeReport } from '../../src/campaign/report.ts';
import { staleness } from '../../src/campaign/stale.ts';
import { UserError } from '../../src/host/errors.ts';
import { folders, type Workspace } from '../../src/workspace.ts';
import { finished, never, temporaryWorkspace } from '../image/fixture.ts';
import { run } from '../measure/runs.ts';
import { sweep } from '../measure/sweeps.ts';

let workspace: Workspace;
beforeEach(() => {
  workspace = temporaryWorkspace();
});

function write(folder: string, name: string, text: string, age = 0): string {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, name);
  writeFileSync(file, text);
  const when = Date.now() / 1000 - age;
  utimesSync(file, when, when);
  return file;
}

/** As an initbench before steps, memory and sampling wrote it. */
const oldComparison = {
  schema: 'initbench.comparison/1',
  ...{ clock: 'icount', unit: 'instructions', reference: 'initramfs', usedPercent: 10 },
  payload: { name: 'busybox', digest: 'p', bytes: 2 ** 20 },
  rows: [
    {
      ...{ id: 'initramfs', flow: 'initramfs', kernel: 'base', format: 'cpio', imageBytes: 1 },
      outcome: { kind: 'ready' },
      init: { median: 200e6, min: 200e6, max: 200e6, samples: [200e6] },
      used: { median: 210e6, min: 210e6, max: 210e6, samples: [210e6] },
      ...{ ratio: 1, notes: [], runs: ['20261123T140501-4f2a'] },
    },
  ],
  warnings: [],
  conditions: {
    ...{ tree: '7.3.4', arch: 'x86_64', qemu: '7.2', accelerator: 'tcg', memoryMiB: 512, cpus: 1 },
    ...{ rounds: 1, host: 'x', kernels: { base: 'k' } },
  },
};

function keepRun(id: string, more: Partial<BootRun> = {}): void {
  const {
    folder: _folder,
    outcome,
    marks,
    facts: _facts,
    used: _used,
    ...header
  } = {
    ...run({ initTsc: 230e6 }),
    ...{ id, ...more },
  };
  const about = { job: 'x', run: id };
  const events = Object.entries(marks).map(([mark, { tsc }]) => ({
    ...about,
    ...{ type: 'mark', mark, host: 1, guest: { clock: 'tsc', value: tsc } },
  }));
  const lines = [{ initbenchRun: 1, header }, ...events, { ...about, type: 'boot-ended', outcome, host: 1 }];
  const folder = path.join(folders.runs(workspace), id);
  write(folder, 'events.jsonl', lines.map(line => `${JSON.stringify(line)}\n`).join(''));
  write(folder, 'run.json', JSON.stringify({ ...run({ initTsc: 230e6 }), id, ...more }));
}

describe('what is kept', () => {
  beforeEach(() => {
    write(folders.comparisons(workspace), '20261123T140501-4f2a.json', JSON.stringify(oldComparison), 100);
    write(folders.sweeps(workspace), `${sweep.id}.json`, JSON.stringify(sweep), 50);
    write(folders.comparisons(workspace), 'cut.json', '{"schema": "initbench.comp', 10);
    write(folders.sweeps(workspace), 'other.json', '{"schema": "initbench.sweep/9"}', 20);
  });

  test('newest first, damaged ones with what is wrong', async () => {
    const all = await listKept(workspace, 10);
    expect(all.map(({ kind, id, remark }) => [kind, id, remark])).toEqual([
      ['comparison', 'cut', expect.stringMatching(/^cannot be read: /)],
      ['sweep', 'other', 'is no initbench.sweep/1'],
      ['sweep', sweep.id, undefined],
      ['comparison', '20261123T140501-4f2a', undefined],
    ]);
  });

  test('found by @, by the beginning of an id; a damaged one is said to be', async () => {
    expect((await findKept(workspace, '@2'))!.id).toBe(sweep.id);
    expect((await findKept(workspace, '0123'))!.kind).toBe('sweep');
    expect((await findKept(workspace, '4f2a'))!.kind).toBe('comparison');
    expect(await findKept(workspace, 'nothing')).toBeUndefined();
    await expect(findKept(workspace, '@')).rejects.toThrow(/cut\.json cannot be read/);
  });

  test('a comparison whose boots are gone says so; with them it is not stale', async () => {
    const judge = staleness(workspace, never);
    const kept = (await findKept(workspace, '4f2a'))!;
    expect(await keptStale(workspace, kept, judge)).toEqual(['the records of 1 of its boots are gone']);
    keepRun('20261123T140501-4f2a');
    expect(await keptStale(workspace, kept, judge)).toEqual([]);
  });

  test('a record of an earlier version is a report like any other', async () => {
    keepRun('20261123T140501-4f2a');
    const { product } = await finished(
      writeReport(workspace, { names: ['4f2a'], output: undefined, version: '1' }, never),
    );
    expect(product.mail).toContain('initramfs   200.00 210.00 1.000   0.0      -');
    expect(readdirSync(product.folder).sort()).toEqual([
      ...['phases.svg', 'report.csv', 'report.html', 'report.txt'],
    ]);
    expect(product.folder.startsWith(folders.reports(workspace))).toBe(true);
  });

  test('several records are one page, each with its own spreadsheet', async () => {
    const output = path.join(workspace.cache, 'out');
    const names = [sweep.id.slice(0, 8), '4f2a'];
    const { product } = await finished(writeReport(workspace, { names, output, version: '1' }, never));
    const files = readdirSync(output);
    expect(files).toEqual(expect.arrayContaining(['report-1.csv', 'report-2.csv', '1-size-init.svg']));
    const page = readFileSync(product.files[0]!, 'utf8');
    expect(page).toContain('id="record-1"');
    expect(page).toContain('id="record-2"');
    const text = readFileSync(path.join(output, 'report.txt'), 'utf8');
    expect(text).toBe(`${product.mail.join('\n')}\n`);
  });

  test('names of nothing, and no record at all', async () => {
    const report = (...names: string[]) =>
      finished(writeReport(workspace, { names, output: undefined, version: '1' }, never));
    await expect(report('nothing')).rejects.toThrow(/no run is called 'nothing'/);
    await expect(report('@9')).rejects.toThrow(UserError);
    rmSync(workspace.state, { recursive: true });
    await expect(report()).rejects.toThrow(/there is no comparison or sweep/);
  });
});

describe('runs side by side', () => {
  const boot = (id: string, more: Partial<BootRun> = {}) => ({ ...run({ initTsc: 230e6 }), id, ...more });

  test('boots of one row on one machine are its rounds, others are rows', async () => {
    const other = { ...run({}).kernel, digest: 'other' };
    const { rows, reference } = await gatherRuns([boot('a'), boot('b'), boot('c', { kernel: other })]);
    expect(rows.map(row => [row.id, row.runs])).toEqual([
      ['initramfs', ['a', 'b']],
      ['initramfs (2)', ['c']],
    ]);
    expect(reference).toBe('initramfs');
  });

  test('what else differs is a warning', async () => {
    const { warnings } = await gatherRuns([boot('a'), boot('b', { row: 'x', memoryMiB: 64 })]);
    expect(warnings[0]!.about).toBe('these runs differ in memory');
  });

  test('two clocks are refused', async () => {
    await expect(gatherRuns([boot('a'), boot('b', { clock: 'wall' })])).rejects.toThrow(
      /a counts instructions, b milliseconds/,
    );
  });

  test('as a report', async () => {
    keepRun('20261123T140501-4f2a');
    keepRun('20261123T140502-00aa', { row: 'kernelspace' });
    const names = ['4f2a', 'kernelspace'];
    const { product } = await finished(
      writeReport(workspace, { names, output: undefined, version: '1' }, never),
    );
    expect(product.reports[0]!.kind).toBe('runs');
    expect(product.mail.join('\n')).toContain('kernelspace: 20261123T140502-00aa');
  });
});
