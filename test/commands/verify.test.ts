// SPDX-License-Identifier: GPL-2.0-only
/** `initbench series verify`: what is typed, and with which code it ends. */
import { expect, test } from 'vitest';
import { seriesVerify } from '../../src/commands/verify.ts';
import type { Matrix, Row } from '../../src/evidence/verify/matrix.ts';
import { openWorkspace } from '../../src/workspace.ts';
import { digest } from '../boot/machine.ts';
import { conforming } from '../conforms.ts';

const workspace = openWorkspace({ INITBENCH_CACHE: '/tmp', INITBENCH_STATE: '/tmp' });
const parse = (options: Record<string, unknown> = {}) =>
  seriesVerify.parse({ options, words: ['initoverlayfs'], rest: [] }, workspace);

test('what is typed becomes a request', () => {
  expect(parse()).toEqual({
    series: 'initoverlayfs',
    tree: workspace.settings.tree,
    only: [],
    again: false,
    claims: false,
    short: false,
  });
  expect(parse({ only: ['R6,R15', 'R20'], tree: '6.12', again: true })).toMatchObject({
    tree: '6.12',
    only: ['R6', 'R15', 'R20'],
    again: true,
    claims: true,
  });
});

const row = (verdict: Row['verdict']): Row => ({
  ...{ id: 'r06', title: 't', askedBy: 'a', weight: 'hard', verdict, claims: [], runs: {} },
});
const product = (...rows: Row[]) => {
  const matrix: Matrix = {
    schema: 'initbench.verify/1',
    series: { name: 'initoverlayfs', digest: digest('a') },
    tree: '7.3',
    version: '7.3.4',
    kernels: {},
    rows,
  };
  return { matrix, file: '/state/verify.json', input: parse() };
};

test('what is printed is as its schema says, schema first', () => {
  const { matrix } = product(
    { ...row('not met'), reason: 'r', claims: [{ says: 's', holds: false, seen: 'x' }], runs: { a: 'b' } },
    row('met'),
  );
  const printed = conforming(seriesVerify.json(product(...matrix.rows)));
  expect(JSON.stringify(printed)).toBe(JSON.stringify(matrix));
});

test('a requirement that is not met makes it fail, one that is not applicable does not', () => {
  expect(seriesVerify.exitCode!(product(row('met'), row('n/a'), row('argued')))).toBe(0);
  expect(seriesVerify.exitCode!(product(row('met'), row('not met')))).toBe(1);
});
