// SPDX-License-Identifier: GPL-2.0-only
/** What upstream asked of the series, booted: a test per requirement. `npm test` takes the quick ones, `npm run
 *  test:all` every one. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Matrix } from '../../src/campaign/verify/matrix.ts';
import { listRequirements } from '../../src/campaign/verify/registry.ts';
import { spokenId } from '../../src/campaign/verify/requirement.ts';
import { verifySeries } from '../../src/campaign/verify/verify.ts';
import { ended, everything, request, signal, workspace } from './house.ts';

/** What today's mechanisms cannot meet, and the cover letter says so. */
const notMet = new Set(['r10', 'r11']);
/** What needs a series that is not there. */
const lacking = new Set(['r34']);
const asked = (await listRequirements()).filter(one => everything || one.quick);

describe(`requirements of ${request().series}`, () => {
  let matrix: Matrix;
  beforeAll(async () => {
    const { series, tree } = request();
    const only = asked.map(({ id }) => id);
    const work = verifySeries(workspace, { series, tree, only, again: true }, signal);
    matrix = (await ended(work)).product.matrix;
  });

  test.each(asked.map(one => [spokenId(one.id), one.title, one.id] as const))(
    '%s: %s',
    (_name, _title, id) => {
      const row = matrix.rows.find(candidate => candidate.id === id)!;
      const broken = row.claims.filter(({ holds }) => !holds).map(({ says, seen }) => `${says}: ${seen}`);
      if (lacking.has(id)) return expect(row.verdict).toBe('n/a');
      if (notMet.has(id)) expect(row.verdict).toBe('not met');
      else
        expect({ verdict: row.verdict, reason: row.reason, broken }).toMatchObject({
          verdict: 'met',
          broken: [],
        });
      const { boots } = asked.find(one => one.id === id)!;
      expect(Object.keys(row.runs)).toEqual(Object.keys(boots));
    },
  );
});
