// SPDX-License-Identifier: GPL-2.0-only
/** Coverage of the series from real boots: what is run and what is not. `npm run test:all` on x86-64 hosts. */
import { beforeAll, describe, expect, test } from 'vitest';
import { formatCoverage, seriesCoverage } from '../../src/commands/coverage.ts';
import { type Covered, coverSeries } from '../../src/evidence/coverage/coverage.ts';
import { layouts } from '../../src/evidence/fuzz/layouts.ts';
import { hostArch } from '../../src/kernel/architecture.ts';
import { faultsOf } from '../conforms.ts';
import { ended, everything, request, signal, workspace } from './house.ts';

const { series } = request();
const asked = {
  series,
  tree: workspace.settings.seriesTrees[series] ?? workspace.settings.tree,
  fuzz: 2,
  again: false,
};

describe.runIf(everything && hostArch() === 'x86_64')('coverage', () => {
  let covered: Covered;
  beforeAll(async () => {
    covered = (await ended(coverSeries(workspace, asked, signal))).product;
  });

  test('each kind of boot reached lines, none of them all', () => {
    expect(covered.patches.length).toBeGreaterThan(3);
    for (const kind of ['boots', 'kunit', 'fuzz']) {
      expect(covered.boots[kind]).toBeGreaterThan(0);
      expect(Math.max(...covered.patches.map(({ by }) => by[kind]!))).toBeGreaterThan(10);
    }
    const root = covered.patches.find(({ patch }) => patch.includes('boot-from-a-file-system-image'))!;
    expect(root.reached / root.lines).toBeGreaterThan(0.67);
    expect(root.by.kunit).toBeLessThan(root.lines);
  });

  test('a line that is reached is not missed, and the other way round', () => {
    for (const { lines, reached, missed, by } of covered.patches) {
      expect(missed).toHaveLength(lines - reached);
      expect(Math.max(...Object.values(by))).toBeLessThanOrEqual(reached);
      expect(missed.every(({ file, source }) => file.endsWith('.c') && source !== '')).toBe(true);
    }
  });

  test('a boot that panics is read as well: no damaged image is left out', () => {
    const required = layouts.filter(({ optional }) => !optional).length;
    expect(covered.boots.fuzz).toBeGreaterThanOrEqual(required * asked.fuzz);
    // those that start another kernel
    expect(covered.unread.length).toBeLessThan(covered.boots.boots! / 10);
    expect(covered.unread.filter(label => label.includes('/'))).toEqual([]);
  });

  test('the same again is taken from the record, to the last figure', async () => {
    const { product, events } = await ended(coverSeries(workspace, asked, signal));
    expect(product).toEqual(covered);
    expect(events.filter(event => event.type === 'boot-started')).toEqual([]);
  });

  test('the table and the document', () => {
    expect(formatCoverage(covered).join('\n')).toMatch(/^patch +lines +reached/m);
    expect(faultsOf(seriesCoverage.json(covered), 'initbench.coverage/1')).toEqual([]);
  });
});
