// SPDX-License-Identifier: GPL-2.0-only
/** Requirements and their matrix: what each declares, how claims become a verdict, how the matrix reads. */
import { describe, expect, test } from 'vitest';
import {
  formatMatrix,
  formatShort,
  type Matrix,
  type Row,
  verdictOf,
  verdictsIn,
} from '../../src/evidence/verify/matrix.ts';
import { argued, findRequirements, listRequirements } from '../../src/evidence/verify/registry.ts';
import { claim } from '../../src/evidence/verify/requirement.ts';
import { linesOf, optionsOf } from '../../src/evidence/verify/trial.ts';
import { UserError } from '../../src/host/errors.ts';
import { addedLinesOf } from '../../src/series/diffstat.ts';
import { digest } from '../boot/machine.ts';

const all = await listRequirements();

describe('the registry', () => {
  test.each(all.map(one => [one.id, one] as const))('%s is complete', (id, one) => {
    expect(id).toMatch(/^r\d\d$/);
    expect(one.title.length).toBeLessThanOrEqual(44);
    expect(one.askedBy.length).toBeLessThanOrEqual(24);
    for (const text of [one.title, one.askedBy]) expect(text).toMatch(/^[ -~]+$/);
    for (const trial of Object.values(one.boots)) {
      expect(trial.checks.every(check => /^[a-z0-9-]+$/.test(check))).toBe(true);
    }
  });

  test('no number is both booted and argued', () => {
    const ids = [...all, ...argued].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('people name them in several ways', () => {
    expect([...findRequirements(all, ['R6', 'r15', '8'])]).toEqual(['r06', 'r15', 'r08']);
    expect(() => findRequirements(all, ['R99'])).toThrow(UserError);
    expect(() => findRequirements(all, ['R99'])).toThrow("no requirement is called 'R99'");
  });
});

describe('a verdict', () => {
  const good = claim('it is so', true, 'seen');
  const bad = claim('it is fast', false, { ms: 3 });

  test('is met when every claim holds, and says why when one does not', () => {
    expect(verdictOf([good, good])).toMatchObject({ verdict: 'met' });
    expect(verdictOf([good, bad])).toMatchObject({
      verdict: 'not met',
      reason: 'not so: it is fast ({"ms":3})',
    });
  });

  test('needs claims, or a reason for having none', () => {
    expect(verdictOf([])).toMatchObject({ verdict: 'not met' });
    expect(verdictOf({ notApplicable: 'no such series' })).toEqual({
      verdict: 'n/a',
      reason: 'no such series',
      claims: [],
    });
  });
});

const row = (more: Partial<Row>): Row => ({
  id: 'r06',
  title: 'x'.repeat(44),
  askedBy: 'Hellwig, Gao',
  weight: 'hard',
  verdict: 'met',
  claims: [claim('it is so', true, 'seen')],
  runs: { image: '20261124T223326-066f', archive: '20261124T223330-aaaa' },
  ...more,
});
const matrix: Matrix = {
  schema: 'initbench.verify/1',
  series: { name: 'initoverlayfs', digest: digest('a') },
  tree: '7.3',
  version: '7.3.4',
  kernels: {},
  rows: [
    row({ id: 'r02', verdict: 'argued', reason: 'cover letter', claims: [], runs: {} }),
    row({}),
    row({ id: 'r10', verdict: 'not met', reason: 'not so: no copy (4096 KiB)' }),
  ],
};

test('the matrix names verdict, evidence and reasons', () => {
  const text = formatMatrix(matrix, { claims: false }).join('\n');
  expect(text).toContain('initoverlayfs on 7.3 (Linux 7.3.4): 1 met, 1 not met, 1 argued');
  expect(text).toMatch(/^R6 .*Hellwig, Gao \(hard\) +met +20261124T223326-066f and 1 more$/m);
  expect(text).toMatch(/^ +not so: no copy \(4096 KiB\)$/m);
  expect(formatMatrix(matrix, { claims: true }).join('\n')).toContain('+ it is so: seen');
});

test('the table for mail fits into 72 columns of ASCII', () => {
  for (const line of formatShort(matrix)) expect(line).toMatch(/^[ -~]{0,72}$/);
});

test('its verdicts can be read back from a letter', () => {
  const letter = ['Requirements:', '', ...formatShort(matrix), '', 'R6 is met.', '-- ', '2.39'].join('\n');
  expect([...verdictsIn(letter)]).toEqual([
    ['r02', 'argued'],
    ['r06', 'met'],
    ['r10', 'not met'],
  ]);
  expect(verdictsIn('no table').size).toBe(0);
});

test('messages are the console without facts and stamps', () => {
  const console = Buffer.from(
    '[    0.1] x\n[    0.123456] Linux\n\ninitbench: end tsc=1\n[    0.5',
    'latin1',
  );
  expect(linesOf(console)).toEqual(['x', 'Linux', '[    0.5']);
});

test('options are read from a .config', () => {
  const config = 'CONFIG_A=y\nCONFIG_B=m\n# CONFIG_C is not set\nCONFIG_D="x y"\n';
  expect(optionsOf(config, ['A', 'B', 'C', 'D', 'E'])).toEqual({
    A: 'y',
    B: 'm',
    C: 'n',
    D: '"x y"',
    E: 'n',
  });
});

test('added lines of a patch by file', () => {
  const patch = 'diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n a\n+#include "../b.h"\n-- \n2.39\n';
  expect(addedLinesOf(patch)).toEqual([{ path: 'x', lines: ['#include "../b.h"'] }]);
});
