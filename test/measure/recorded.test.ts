// SPDX-License-Identifier: GPL-2.0-only
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Comparison } from '../../src/measure/comparison.ts';
import { digitsOf, recordings } from '../../src/measure/recorded.ts';

const recorded = recordings.parse(JSON.parse(readFileSync('vm/recorded.json', 'utf8')));
const known = recorded[0]!;

/** The recorded comparison as it was, or with something else in it. */
const comparison = (more: Partial<Comparison['conditions']> = {}, rows = known.rows) =>
  ({
    clock: 'icount',
    payload: { name: known.payload, bytes: known.payloadBytes, digest: 'p' },
    usedPercents: known.usedPercents,
    rows: Object.entries(rows).map(([id, { init, used }]) => ({
      id,
      init: { median: init },
      used: used === undefined ? undefined : { median: used },
    })),
    conditions: {
      tree: known.tree,
      arch: known.arch,
      memoryMiB: known.memoryMiB,
      cpus: known.cpus,
      rounds: 1,
      compilers: [known.compiler],
      qemu: `${known.qemu} (Debian 1:7.2)`,
      ...more,
    },
  }) as unknown as Comparison;

describe('what a comparison says of the figures recorded for its toolchain', () => {
  const other = 'gcc (Debian 14.2.0-19) 14.2.0';
  const changed = { ...known.rows, kernelspace: { init: 192300974, used: 201624793 } };
  test.each([
    ['the same digits', comparison(), /^digits: as recorded for gcc \(Debian 12\.2\.0.*QEMU 7\.2\.22$/],
    [
      'another compiler',
      comparison({ compilers: [other] }),
      /^digits: other toolchain, compare only within it/,
    ],
    ['two compilers', comparison({ compilers: [known.compiler, other] }), /^digits: other toolchain/],
    [
      'another QEMU',
      comparison({ qemu: '10.0.2' }),
      /^digits: other toolchain.* and QEMU 10\.0\.2, but for gcc/,
    ],
    ['one row differs', comparison({}, changed), /: kernelspace to the end 201624793, recorded 201124793$/],
    ['other files', { ...comparison(), payload: { ...comparison().payload, bytes: 1 } }, /here there are 1$/],
    ['another tree', comparison({ tree: '6.12' }), undefined],
    ['several layouts', comparison({ rounds: 8 }), undefined],
    ['the wall clock', { ...comparison(), clock: 'wall' as const }, undefined],
  ])('%s', (_, given, expected) => {
    const line = digitsOf(given, recorded);
    if (expected) expect(line).toMatch(expected);
    else expect(line).toBeUndefined();
  });

  test('one instruction more is another figure', () => {
    const { init, used } = known.rows.initramfs!;
    const rows = { ...known.rows, initramfs: { init, used: used! + 1 } };
    expect(digitsOf(comparison({}, rows), recorded)).toMatch(
      /: initramfs to the end 266870552, recorded 266870551$/,
    );
  });
});

test("README's table has the recorded figures", () => {
  const readme = readFileSync('README.md', 'utf8');
  const rows = Object.entries(known.rows);
  expect(rows.length).toBeGreaterThan(3);
  for (const [id, { init, used }] of rows) {
    const line = readme
      .split('\n')
      .find(each => each.trimStart().startsWith(`${id} `) && each.includes('ready'));
    expect(line, id).toContain(` ${(init / 1e6).toFixed(2)} `);
    expect(line, id).toContain(` ${((used ?? init) / 1e6).toFixed(2)} `);
  }
  expect(readme).toContain(`kernels compiled by ${known.compiler}`);
});
