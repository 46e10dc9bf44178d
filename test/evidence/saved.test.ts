// SPDX-License-Identifier: GPL-2.0-only
/** The matrix on disk: the cover letter gets it while the patches are the same. */
import { expect, test } from 'vitest';
import type { Matrix } from '../../src/evidence/verify/matrix.ts';
import { savedMatrix, saveMatrix } from '../../src/evidence/verify/saved.ts';
import { digest } from '../boot/machine.ts';
import { temporaryWorkspace } from '../image/fixture.ts';
import { text } from './recorded.ts';

const { series } = text;
const matrix: Matrix = {
  schema: 'initbench.verify/1',
  series: { name: series.name, digest: series.digest },
  tree: '7.3',
  version: '7.3.4',
  kernels: {},
  rows: [],
};

test('it is read back for the same patches on the same tree, and for no others', async () => {
  const workspace = temporaryWorkspace();
  expect(await savedMatrix(workspace, series, '7.3')).toBeUndefined();
  await saveMatrix(workspace, matrix, { part: false });
  expect(await savedMatrix(workspace, series, '7.3')).toEqual(matrix);
  expect(await savedMatrix(workspace, series, '6.12')).toBeUndefined();
  expect(await savedMatrix(workspace, { ...series, digest: digest('b') }, '7.3')).toBeUndefined();
});

test('a matrix of some requirements does not replace the whole one', async () => {
  const workspace = temporaryWorkspace();
  const whole = await saveMatrix(workspace, matrix, { part: false });
  const part = await saveMatrix(workspace, { ...matrix, version: 'part' }, { part: true });
  expect(part).not.toBe(whole);
  expect(await savedMatrix(workspace, series, '7.3')).toEqual(matrix);
});
