// SPDX-License-Identifier: GPL-2.0-only
/** The list of runs: what is whole, what is damaged, and what a person calls one of them. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { findRun, listRuns, openRun, readEntry, runIds } from '../../src/boot/store.ts';
import type { BootRun } from '../../src/boot/boot.ts';
import { UserError } from '../../src/host/errors.ts';
import { folders, type Workspace } from '../../src/workspace.ts';
import { temporaryWorkspace } from '../image/fixture.ts';
import { run } from '../measure/runs.ts';

/** A run as openRecord() leaves it, with only its first and last line. */
function keep(workspace: Workspace, id: string, more: Partial<BootRun> = {}): void {
  const folder = path.join(folders.runs(workspace), id);
  mkdirSync(folder, { recursive: true });
  const { folder: _folder, outcome, marks: _marks, facts: _facts, ...header } = { ...run({}), id, ...more };
  const ended = { job: 'x', type: 'boot-ended', run: id, outcome, host: 1 };
  const lines = [{ initbenchRun: 1, header }, ended, { closing: { loadAfter: 0 } }];
  writeFileSync(path.join(folder, 'events.jsonl'), lines.map(line => `${JSON.stringify(line)}\n`).join(''));
  writeFileSync(path.join(folder, 'run.json'), JSON.stringify({ ...run({}), id, ...more }));
}

function write(workspace: Workspace, id: string, name: string, text: string): void {
  const folder = path.join(folders.runs(workspace), id);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, name), text);
}

describe('listRuns()', () => {
  test('newest first, as many as were asked for, of those that are wanted', async () => {
    const workspace = temporaryWorkspace();
    const ids = Array.from(
      { length: 70 },
      (_, i) => `20261123T1405${String(i).padStart(2, '0')}-${1000 + i}`,
    );
    for (const [i, id] of ids.entries())
      keep(workspace, id, { row: i % 2 ? 'kernelspace' : 'initramfs@base' });
    expect(await runIds(workspace)).toEqual([...ids].reverse());
    const three = await listRuns(workspace, { count: 3, wanted: entry => entry.run?.row === 'kernelspace' });
    expect(three.map(entry => entry.id)).toEqual([ids[69], ids[67], ids[65]]);
    expect(await listRuns(workspace, { count: 1000 })).toHaveLength(70);
  });

  test('without a folder there are none', async () => {
    expect(await listRuns(temporaryWorkspace(), { count: 5 })).toEqual([]);
  });

  test('a folder that lies elsewhere now is where it lies', async () => {
    const workspace = temporaryWorkspace();
    keep(workspace, 'a', { folder: '/elsewhere' });
    const { run: found } = await readEntry(workspace, 'a');
    expect(found!.folder).toBe(path.join(folders.runs(workspace), 'a'));
  });
});

describe('damaged records are listed with what is wrong', () => {
  const header = (() => {
    const { folder: _folder, outcome: _outcome, marks: _marks, facts: _facts, ...known } = run({});
    return JSON.stringify({ initbenchRun: 1, header: { ...known, id: 'r', row: 'killed' } });
  })();

  test.each<[string, Record<string, string>, string, string | undefined]>([
    ['nothing in it', {}, 'holds no run', undefined],
    [
      'killed while it ran',
      { 'events.jsonl': `${header}\n{"type"` },
      'not finished: it runs, or was killed',
      'killed',
    ],
    [
      'run.json is no JSON',
      { 'run.json': '{"id": ', 'events.jsonl': header },
      'run.json is damaged',
      'killed',
    ],
    ['run.json is something else', { 'run.json': '{"id": 7}' }, 'run.json is damaged', undefined],
    ['run.json is null', { 'run.json': 'null' }, 'run.json is damaged', undefined],
    [
      'binary junk',
      { 'run.json': '\u0000\u001b[2J', 'events.jsonl': '\u0000' },
      'run.json is damaged',
      undefined,
    ],
    ['a header without an end', { 'events.jsonl': 'x'.repeat(300_000) }, 'holds no run', undefined],
    [
      'a newer format',
      { 'events.jsonl': header.replace('"initbenchRun":1', '"initbenchRun":9') },
      'holds no run',
      undefined,
    ],
  ])('%s', async (_name, files, remark, row) => {
    const workspace = temporaryWorkspace();
    write(workspace, 'r', 'console.log', '');
    for (const [name, text] of Object.entries(files)) write(workspace, 'r', name, text);
    const [entry] = await listRuns(workspace, { count: 5 });
    expect(entry).toMatchObject({ id: 'r', remark });
    expect(entry!.run?.row).toBe(row);
    expect(entry!.run?.outcome.kind).toBe(row && 'interrupted');
  });

  test('run.json is a folder, or a link to nowhere', async () => {
    const workspace = temporaryWorkspace();
    mkdirSync(path.join(folders.runs(workspace), 'a', 'run.json'), { recursive: true });
    mkdirSync(path.join(folders.runs(workspace), 'b'));
    symlinkSync('/nowhere', path.join(folders.runs(workspace), 'b', 'run.json'));
    writeFileSync(path.join(folders.runs(workspace), 'file'), '');
    const entries = await listRuns(workspace, { count: 5 });
    expect(entries.map(({ id, run: found, remark }) => [id, found, remark])).toEqual([
      ['b', undefined, 'holds no run'],
      ['a', undefined, expect.stringContaining('cannot be read: ')],
    ]);
  });
});

describe('what a person calls a run', () => {
  const workspace = temporaryWorkspace();
  const ids = ['20261123T140501-4f2a', '20261123T140502-4f2b', '20261124T090000-00aa'] as const;
  ids.forEach((id, i) => keep(workspace, id, { row: i === 0 ? 'kernelspace' : 'initramfs@base' }));

  test.each([
    ['@', ids[2]],
    ['@0', ids[2]],
    ['@1', ids[1]],
    ['@2', ids[0]],
    [ids[1], ids[1]],
    ['20261124', ids[2]],
    ['4f2a', ids[0]],
    ['00', ids[2]],
    ['kernelspace', ids[0]],
    ['initramfs@base', ids[2]],
  ])('%s', async (name, id) => {
    expect(await findRun(workspace, name)).toBe(id);
  });

  test.each([
    ['@3', /there are only 3 runs/],
    ['4f2', /'4f2' is the beginning of 2 runs/],
    ['2026', /the beginning of 3 runs/],
    ['', /no run is called ''/],
    ['../../etc', /no run is called/],
    ['@x', /no run is called/],
  ])('%s is refused', async (name, message) => {
    await expect(findRun(workspace, name)).rejects.toThrow(UserError);
    await expect(findRun(workspace, name)).rejects.toThrow(message);
  });

  test('without any run it says how to make one', async () => {
    await expect(findRun(temporaryWorkspace(), '@')).rejects.toThrow('there is no run yet');
  });

  test('opening one is folding its events', async () => {
    const opened = await openRun(workspace, '4f2a');
    expect(opened).toMatchObject({ id: ids[0], row: 'kernelspace', outcome: { kind: 'ready' } });
  });
});
