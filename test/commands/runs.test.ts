// SPDX-License-Identifier: GPL-2.0-only
/** The history as people and programs read it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { BootRun } from '../../src/boot/boot.ts';
import { ago, runs } from '../../src/commands/runs.ts';
import { folders, type Workspace } from '../../src/workspace.ts';
import { finished, never, temporaryWorkspace } from '../image/fixture.ts';
import { run } from '../measure/runs.ts';

function keep(workspace: Workspace, id: string, more: Partial<BootRun> = {}): void {
  const folder = path.join(folders.runs(workspace), id);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'run.json'), JSON.stringify({ ...run({ initTsc: 230e6 }), id, ...more }));
}

const listed = async (workspace: Workspace, options: Record<string, string> = {}) =>
  (
    await finished(
      runs.run(
        workspace,
        runs.parse({ options: { count: '20', ...options }, words: [], rest: [] }, workspace),
        never,
      ),
    )
  ).product;

describe('initbench runs', () => {
  const workspace = temporaryWorkspace();
  keep(workspace, '20261123T140501-4f2a', { row: 'initramfs@base' });
  keep(workspace, '20261123T140502-4f2b', {
    row: 'kernelspace',
    flow: 'kernelspace',
    outcome: { kind: 'panic', message: 'x' },
  });
  mkdirSync(path.join(folders.runs(workspace), '20261123T140503-4f2c'));
  mkdirSync(folders.comparisons(workspace));
  writeFileSync(path.join(folders.comparisons(workspace), 'cut.json'), '{"schema": "initb');

  test('a table that fits, the damaged with what is wrong', async () => {
    const product = { ...(await listed(workspace)), now: new Date('2026-01-03T00:00:00Z') };
    const lines = runs.text(product, 100);
    expect(lines.slice(0, 4)).toEqual([
      expect.stringMatching(/^run +when +row +format +kernel +total +outcome$/),
      expect.stringMatching(/^20261123T140503-4f2c .* holds no run$/),
      expect.stringMatching(/^20261123T140502-4f2b .* kernelspace .* - +panic$/),
      expect.stringMatching(/^20261123T140501-4f2a +2 days ago +initramfs@base .* 200\.00 M insn +ready$/),
    ]);
    expect(lines.find(line => line.startsWith('comparison'))).toMatch(/cut .* cannot be read: /);
    for (const width of [40, 80]) {
      expect(runs.text(product, width).filter(line => line.length > width && !/^stale/.test(line))).toEqual(
        [],
      );
    }
  });

  test('as JSON: figure and unit, remarks, what is stale', async () => {
    const json = runs.json(await listed(workspace)) as unknown as {
      total: number;
      runs: unknown[];
      kept: unknown[];
    };
    expect(json).toMatchObject({
      schema: 'initbench.runs/1',
      total: 3,
      runs: [
        { id: '20261123T140503-4f2c', remark: 'holds no run', stale: [] },
        { flow: 'kernelspace', outcome: { kind: 'panic' }, figure: null, unit: 'instructions' },
        { flow: 'initramfs', kernel: { name: 'base' }, figure: 200e6, unit: 'instructions', stale: [] },
      ],
      kept: [{ kind: 'comparison', id: 'cut', remark: expect.stringContaining('cannot be read') }],
    });
  });

  test('one flow, and so many', async () => {
    expect((await listed(workspace, { flow: 'kernelspace' })).runs).toHaveLength(1);
    expect((await listed(workspace, { count: '2' })).runs).toHaveLength(2);
  });

  test('without a run it says how to make one', async () => {
    expect(runs.text(await listed(temporaryWorkspace()), 80)).toEqual([
      'no run yet; make one: initbench boot floor',
    ]);
  });

  test('the list of 3000 runs is read no further than it is shown', async () => {
    const many = temporaryWorkspace();
    for (let i = 0; i < 3000; i++) {
      const folder = path.join(folders.runs(many), `20261101T000000-${String(i).padStart(4, '0')}`);
      mkdirSync(folder, { recursive: true });
      if (i < 2900) writeFileSync(path.join(folder, 'run.json'), 'never read');
    }
    for (let i = 2900; i < 3000; i++) keep(many, `20261101T000000-${String(i).padStart(4, '0')}`);
    const started = performance.now();
    const { runs: shown, total } = await listed(many);
    expect(performance.now() - started).toBeLessThan(2000);
    expect([shown.length, total]).toEqual([20, 3000]);
    expect(shown.every(({ entry }) => entry.run)).toBe(true);
  });
});

test.each([
  ['2026-01-01T00:00:30Z', 'just now'],
  ['2026-01-01T00:59:00Z', '59 min ago'],
  ['2026-01-02T23:00:00Z', '47 h ago'],
  ['2026-02-01T00:00:00Z', '31 days ago'],
  ['2025-12-31T00:00:00Z', 'just now'],
])('%s: %s', (now, text) => {
  expect(ago(new Date('2026-01-01T00:00:00Z'), new Date(now))).toBe(text);
});

test('a date that is none', () => {
  expect(ago(new Date('x'), new Date())).toBe('?');
});
