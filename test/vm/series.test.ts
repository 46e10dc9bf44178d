// SPDX-License-Identifier: GPL-2.0-only
/** What upstream asked of the series, booted: a test per requirement. `npm test` takes the quick ones, `npm run
 *  test:all` every one. */
import { beforeAll, describe, expect, test } from 'vitest';
import { type Matrix, type Verdict, verdictsIn } from '../../src/evidence/verify/matrix.ts';
import { listRequirements } from '../../src/evidence/verify/registry.ts';
import { spokenId } from '../../src/evidence/verify/requirement.ts';
import { verifySeries } from '../../src/evidence/verify/verify.ts';
import { readSeries } from '../../src/series/read.ts';
import { ended, everything, request, signal, workspace } from './house.ts';

/** What the mechanism of the series cannot meet; its cover letter says so. */
const limits = new Map<string, Verdict>([
  ['r10', 'not met'],
  ['r11', 'not met'],
]);
const asked = (await listRequirements()).filter(one => everything || one.quick);

describe(`requirements of ${request().series}`, () => {
  let matrix: Matrix;
  let expected: ReadonlyMap<string, Verdict>;
  beforeAll(async () => {
    const { series, tree } = request();
    const only = asked.map(({ id }) => id);
    const work = verifySeries(workspace, { series, tree, only, again: true }, signal);
    matrix = (await ended(work)).product.matrix;
    // where the letter has the table, it has to say what the boots say
    const { cover } = await readSeries(workspace, series);
    const written = verdictsIn(cover?.body ?? '');
    expected = written.size > 0 ? written : limits;
  });

  test.each(asked.map(one => [spokenId(one.id), one.title, one.id] as const))(
    '%s: %s',
    (_name, _title, id) => {
      const row = matrix.rows.find(candidate => candidate.id === id)!;
      const broken = row.claims.filter(({ holds }) => !holds).map(({ says, seen }) => `${says}: ${seen}`);
      const wanted = expected.get(id) ?? 'met';
      expect(row.verdict, [row.reason, ...broken].join('\n')).toBe(wanted);
      if (wanted === 'n/a') return;
      const { boots } = asked.find(one => one.id === id)!;
      expect(Object.keys(row.runs)).toEqual(Object.keys(boots));
    },
  );
});
