// SPDX-License-Identifier: GPL-2.0-only
/** Charts: what is drawn, and that nothing covers anything. The files in fixtures/chart are to be looked at. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { barChartSvg } from '../../../src/measure/chart/bars.ts';
import { lengthOf, partNames, piecesOf, shortNumber, stylesOf } from '../../../src/measure/chart/chart.ts';
import { lineChartSvg } from '../../../src/measure/chart/lines.ts';
import { barChartText, lineChartText } from '../../../src/measure/chart/plain.ts';
import { dodged, wrapped } from '../../../src/measure/chart/svg.ts';
import { aboveFloorChart, countText, phaseChart, sizeChart } from '../../../src/measure/chart/sweep.ts';
import { sweep } from '../sweeps.ts';

const machine = { memoryMiB: 2048, cpus: 1 };
const size = 16 * 2 ** 20;
const lines = sizeChart(sweep, machine, 100)!;
const bars = phaseChart(sweep, machine, size);
const fixture = (name: string) => `../../fixtures/chart/${name}`;

describe('as SVG', () => {
  test('boots against size', async () => {
    await expect(lineChartSvg(lines)).toMatchFileSnapshot(fixture('size-100.svg'));
  });

  test('what a boot is made of', async () => {
    await expect(barChartSvg(bars)).toMatchFileSnapshot(fixture('phases.svg'));
  });

  test('names are text, whatever they are', () => {
    const name = '</svg><script>alert(1)</script>"\u001b[2J';
    const hostile = lineChartSvg({ ...lines, lines: [{ ...lines.lines[0]!, name }], title: name });
    expect(hostile).not.toMatch(/<script|\u001b/);
    expect(hostile).toContain('&lt;/svg&gt;');
    expect(hostile.match(/<\/svg>/g)).toHaveLength(1);
  });

  test('without a line or a bar there is still a chart', () => {
    expect(lineChartSvg({ ...lines, lines: [] })).not.toContain('NaN');
    expect(barChartSvg({ ...bars, bars: [] })).not.toContain('NaN');
  });

  test('no coordinate is NaN or infinite, whatever the values', () => {
    const value = fc.double({ min: 0, max: 1e12, noNaN: true });
    const point = fc.record({ x: value, y: value, low: value, high: value });
    fc.assert(
      fc.property(fc.array(fc.array(point, { maxLength: 5 }), { maxLength: 12 }), all => {
        const drawn = lineChartSvg({
          ...lines,
          lines: all.map((points, i) => ({ name: `r${i}`, family: `f${i % 3}`, points })),
        });
        expect(drawn).not.toMatch(/NaN|Infinity|undefined/);
      }),
      { numRuns: 50, examples: [[[[{ x: 0, y: 2.6e-19, low: 0, high: 5e-324 }]]]] },
    );
  });
});

describe('in a terminal', () => {
  test('boots against size', async () => {
    await expect(`${lineChartText(lines, 72).join('\n')}\n`).toMatchFileSnapshot(fixture('size-100.txt'));
  });

  test('what a boot is made of, and what of it is above the floor', async () => {
    const text = [...barChartText(bars, 72), '', ...barChartText(aboveFloorChart(sweep, machine, size), 72)];
    await expect(`${text.join('\n')}\n`).toMatchFileSnapshot(fixture('phases.txt'));
  });

  test('no wider than asked', () => {
    for (const width of [60, 80, 120]) {
      for (const text of [lineChartText(lines, width), barChartText(bars, width)]) {
        expect(text.filter(line => line.length > Math.max(width, 72))).toEqual([]);
      }
    }
  });
});

describe('what a chart is made of', () => {
  test('a failed boot has no bar, and says how it ended', () => {
    const [, , userspace] = phaseChart(sweep, machine, 256 * 2 ** 20).bars;
    expect(userspace).toMatchObject({ name: 'userspace', parts: [], missing: 'kernel panic: no root <b>&' });
  });

  test('a sweep that was stopped says how many boots its figures have', () => {
    const [one, two] = sweep.points;
    const { init } = two!;
    const single = { ...two!, init: { ...init!, samples: [1] } };
    expect(countText([one!, two!])).toBe('n = 3');
    expect(countText([one!, single])).toBe('n = 1 to 3');
    expect(countText([])).toBe('n = 0');
  });

  test('a failed boot is no point of its line', () => {
    expect(lines.lines.find(({ name }) => name === 'userspace')!.points).toHaveLength(1);
  });

  test('above the floor, parts are what is more than the floor', () => {
    const above = aboveFloorChart(sweep, machine, size).bars;
    expect(above.map(bar => [bar.name, Math.round(lengthOf(bar) * 10) / 10])).toEqual([
      ['initramfs', 69.2],
      ['userspace', 14],
      ['kernelspace', 12.2],
    ]);
  });

  test('lines of a family share colour and marker', () => {
    expect(stylesOf(['a', 'b', 'a'].map(family => ({ family })))).toEqual([
      { family: 0, member: 0 },
      { family: 1, member: 0 },
      { family: 0, member: 1 },
    ]);
  });

  test('a line does not go across a boot that failed', () => {
    const [a, b, c] = [1, 2, 4].map(x => ({ x, y: 1 }));
    expect(piecesOf({ points: [a!, b!, c!], gaps: [3, 5] })).toEqual([[a, b], [c]]);
    expect(piecesOf({ points: [] })).toEqual([]);
  });

  test('parts keep their order across bars', () => {
    const bar = (...names: string[]) => ({ name: 'x', parts: names.map(name => ({ name, value: 1 })) });
    expect(partNames([bar('kernel', 'read'), bar('kernel', 'stage', 'read', 'end')])).toEqual([
      ...['kernel', 'stage', 'read', 'end'],
    ]);
  });

  test.each([
    [0.634, '0.63'],
    [7.3, '7.30'],
    [57.26, '57.3'],
    [1058.4, '1058'],
  ])('%d is %s', (value, text) => {
    expect(shortNumber(value)).toBe(text);
  });
});

describe('dodged()', () => {
  test('labels are a gap apart, in their order, and inside when they fit', () => {
    const wanted = fc.array(fc.double({ min: -100, max: 500, noNaN: true }), { maxLength: 20 });
    fc.assert(
      fc.property(wanted, all => {
        const placed = dodged(all, 16, 0, 400);
        const order = all.map((_, i) => i).sort((a, b) => all[a]! - all[b]! || a - b);
        for (const [i, at] of order.entries()) {
          if (i > 0) expect(placed[at]! - placed[order[i - 1]!]!).toBeGreaterThanOrEqual(16 - 1e-6);
          expect(placed[at]).toBeGreaterThanOrEqual(-1e-6);
          expect(placed[at]).toBeLessThanOrEqual(400 + 1e-6);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('who has room stays', () => {
    expect(dodged([300, 10, 100], 16, 0, 400)).toEqual([300, 10, 100]);
  });
});

test('wrapped() breaks at blanks alone', () => {
  expect(wrapped('aa bb cccccccc d', 5)).toEqual(['aa bb', 'cccccccc', 'd']);
});
