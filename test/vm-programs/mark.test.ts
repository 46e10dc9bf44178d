// SPDX-License-Identifier: GPL-2.0-only
/** vm/mark and vm/arrival on the host: what they say of themselves, and that they change nothing there. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { build, run } from './programs.ts';

let folder: string;
let mark: string;
let arrival: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'initbench-mark-'));
  build(path.join(folder, 'out'), ['mark', 'arrival']);
  mark = path.join(folder, 'out/mark');
  arrival = path.join(folder, 'out/arrival');
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const both = { tsc: expect.stringMatching(/^\d+$/), boottime: expect.stringMatching(/^\d+$/) };

describe('mark', () => {
  test('says what is reached, signed, by both clocks', async () => {
    const { lines, exitCode } = await run([mark, 'initrd.target'], { INITBENCH_NONCE: '0123456789abcdef' });
    expect(exitCode).toBe(0);
    expect(lines).toEqual([
      { name: 'reached', values: { nonce: '0123456789abcdef', what: 'initrd.target', ...both } },
    ]);
    const uptime = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
    expect(Math.abs(uptime - Number(lines[0]!.values.boottime) / 1e9)).toBeLessThan(5);
  });

  test('says the end, and leaves the machine running', async () => {
    const { lines, exitCode } = await run([mark, 'end'], { INITBENCH_DRY: '1' });
    expect([lines, exitCode]).toEqual([[{ name: 'end', values: both }], 0]);
  });

  test.each([[[]], [['a', 'b']]])('takes one word: %j', async words => {
    const { lines, exitCode } = await run([mark, ...words], {});
    expect([lines, exitCode]).toEqual([[{ name: 'error', values: { what: 'mark', errno: '22' } }], 2]);
  });
});

describe('arrival', () => {
  test('says that the root is reached, by its type, and what memory and mounts there are', async () => {
    const { lines, exitCode } = await run(arrival, { INITBENCH_DRY: '1' });
    expect(exitCode).toBe(0);
    const root = readFileSync('/proc/self/mountinfo', 'utf8')
      .trimEnd()
      .split('\n')
      .findLast(line => line.split(' ')[4] === '/')!;
    const fstype = root.split(' - ')[1]!.split(' ')[0];
    expect(lines[0]).toEqual({ name: 'rootfs', values: { ...both, fstype, how: 'switch-root' } });
    expect(lines[1]).toMatchObject({ name: 'memory', values: { at: 'rootfs' } });
    expect(new Set(lines.slice(2).map(({ name }) => name))).toEqual(new Set(['mount-after']));
  });

  test('does nothing to a machine that was not booted for it', async () => {
    const { lines, exitCode } = await run(arrival, {});
    expect([lines, exitCode]).toEqual([[{ name: 'error', values: { what: 'not-init', errno: '1' } }], 2]);
  });
});
