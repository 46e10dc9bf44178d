// SPDX-License-Identifier: GPL-2.0-only
/** Stacked bars as SVG: one a row, from zero, each part with a pattern of its own so that paper without colour shows
 *  them too; the total and the range of the samples stand at the end. */
import { scaleLinear } from 'd3-scale';
import { h, type Node } from '../markup.ts';
import { axisEnd, type Bar, type BarChart, lengthOf, partNames, shortNumber } from './chart.ts';
import { fillOf, round, sheet, strokeOf, textAt, textWidth } from './svg.ts';

const width = 860;
const row = 30;
const thickness = 18;
const legendHeight = 26;

/** Parts are no lines of the other charts: their colours start elsewhere, with the quiet one. */
const colourOf = (part: number): number => part + 5;

/** How a part is filled; the first is solid. */
const hatches: readonly (string | undefined)[] = [
  undefined,
  'M0 6L6 0M-1 1L1 -1M5 7L7 5',
  'M0 3H6',
  'M0 0L6 6M-1 5L1 7M5 -1L7 1',
  'M3 0V6',
  'M0 3H6M3 0V6',
  'M2 3h2',
];

export function barChartSvg(chart: BarChart): string {
  const names = partNames(chart.bars);
  const nameWidth = Math.max(40, ...chart.bars.map(({ name }) => textWidth(name)));
  const left = 12 + nameWidth + 10;
  const right = width - Math.max(70, ...chart.bars.map(bar => textWidth(totalText(bar)))) - 14;
  const longest = Math.max(0, ...chart.bars.map(bar => Math.max(lengthOf(bar), bar.high ?? 0)));
  const x = scaleLinear([0, axisEnd(longest)], [left, right]);
  const bottom = legendHeight + chart.bars.length * row + 4;
  const ticks = x.tickFormat(7);
  const drawing: Node[] = [
    h('defs', {}, ...names.flatMap((_, i) => hatch(i))),
    ...legend(names),
    ...x
      .ticks(7)
      .flatMap(value => [
        h('path', { class: 'grid', d: `M${round(x(value))} ${legendHeight}V${bottom}` }),
        textAt(x(value), bottom + 14, ticks(value), { anchor: 'middle', class: 'quiet' }),
      ]),
    ...chart.bars.flatMap((bar, i) => drawn(bar, names, legendHeight + i * row + 6, x, left)),
    h('path', { class: 'axis', d: `M${left} ${legendHeight}V${bottom}` }),
    textAt((left + right) / 2, bottom + 32, chart.x, { anchor: 'middle' }),
  ];
  const { title, caption } = chart;
  return sheet({ title, caption, width, height: bottom + 40, drawing });
}

type Scale = ReturnType<typeof scaleLinear<number, number>>;

const totalText = (bar: Bar): string => bar.missing ?? shortNumber(lengthOf(bar));

/** A part's pattern, in its colour on the paper's. */
function hatch(part: number): Node[] {
  const lines = hatches[part % hatches.length];
  if (lines === undefined) return [];
  return [
    h(
      'pattern',
      { id: `hatch${part}`, width: 6, height: 6, patternUnits: 'userSpaceOnUse' },
      h('rect', { class: 'paper', width: 6, height: 6 }),
      h('path', { class: strokeOf(colourOf(part)), fill: 'none', 'stroke-width': 1.6, d: lines }),
    ),
  ];
}

function box(part: number, x: number, y: number, length: number, height: number): Node {
  const solid = hatches[part % hatches.length] === undefined;
  return h('rect', {
    ...{ x: round(x), y, width: round(length), height, 'stroke-width': 1 },
    class: solid ? `${fillOf(colourOf(part))} ${strokeOf(colourOf(part))}` : strokeOf(colourOf(part)),
    ...(!solid && { fill: `url(#hatch${part})` }),
  });
}

function legend(names: readonly string[]): Node[] {
  let x = 12;
  return names.flatMap((name, i) => {
    const at = x;
    x += 20 + textWidth(name) + 16;
    return [box(i, at, 3, 14, 12), textAt(at + 20, 13, name)];
  });
}

function drawn(bar: Bar, names: readonly string[], top: number, x: Scale, left: number): Node[] {
  const base = top + thickness / 2 + 4;
  const name = textAt(left - 10, base, bar.name, { anchor: 'end' });
  if (bar.missing !== undefined) return [name, textAt(left + 8, base, bar.missing, { class: 'quiet' })];
  let from = 0;
  const parts = bar.parts.map(({ name: part, value }) => {
    const start = from;
    from += value;
    return box(names.indexOf(part), x(start), top, x(from) - x(start), thickness);
  });
  const end = Math.max(from, bar.high ?? 0);
  return [name, ...parts, ...range(bar, top, x), textAt(x(end) + 8, base, totalText(bar))];
}

function range({ low, high }: Bar, top: number, x: Scale): Node[] {
  if (low === undefined || high === undefined || high <= low) return [];
  const [a, b, middle] = [round(x(low)), round(x(high)), top + thickness / 2];
  return [
    h('path', {
      ...{ class: 'axis', 'stroke-width': 1.4 },
      d: `M${a} ${middle - 5}v10M${b} ${middle - 5}v10M${a} ${middle}H${b}`,
    }),
  ];
}
