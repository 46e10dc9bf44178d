// SPDX-License-Identifier: GPL-2.0-only
/** Lines over an axis as SVG. Both axes start at zero; the range of the samples is drawn at every point, and each
 *  line's name and last value stand at its end. */
import { scaleLinear } from 'd3-scale';
import { line as path } from 'd3-shape';
import { h, type Node } from '../markup.ts';
import { axisEnd, type Line, type LineChart, piecesOf, type Point, shortNumber, stylesOf } from './chart.ts';
import {
  dashOf,
  dodged,
  fillOf,
  lineHeight,
  markerAt,
  round,
  sheet,
  strokeOf,
  textAt,
  textWidth,
} from './svg.ts';

const size = { width: 860, height: 400 } as const;
const margin = { left: 66, top: 12, bottom: 46 } as const;

export function lineChartSvg(chart: LineChart): string {
  const lines = chart.lines.filter(({ points }) => points.length > 0);
  const styles = stylesOf(chart.lines, chart.families);
  const styleOf = (at: number) => styles[chart.lines.indexOf(lines[at]!)]!;
  const all = lines.flatMap(({ points }) => points);
  const farthest = Math.max(0, ...all.map(point => point.x));
  const early = (points: readonly Point[]) => points.at(-1)!.x < farthest;
  const labels = lines.map(({ name, points }) => {
    const { x: at, y: value } = points.at(-1)!;
    return `${name} ${shortNumber(value)}${early(points) ? ` at ${shortNumber(at)}` : ''}`;
  });
  const labelWidth = Math.max(60, ...labels.map(textWidth));
  const right = size.width - labelWidth - 40;
  const bottom = size.height - margin.bottom;
  const highest = chart.top ?? Math.max(0, ...all.map(({ y, high }) => high ?? y));
  const x = scaleLinear([0, axisEnd(farthest)], [margin.left, right]);
  const y = scaleLinear([0, axisEnd(highest)], [bottom, margin.top]).nice();

  const ends = lines.map(({ points }) => points.at(-1)!);
  const labelled = dodged(
    ends.map(end => y(end.y)),
    lineHeight,
    margin.top,
    bottom,
  );
  const drawing: Node[] = [
    ...axes(chart, x, y, { right, bottom }),
    ...lines.flatMap((one, i) => drawn(one, styleOf(i), x, y)),
    ...lines.flatMap(({ points }, i) => {
      const [end, at] = [ends[i]!, labelled[i]!];
      const { family, member } = styleOf(i);
      const leader = `M${round(x(end.x) + 6)} ${round(y(end.y))}L${round(right + 14)} ${round(at)}h6`;
      // a leader from a line that ends early would look as if it went on
      const sign = early(points)
        ? markerAt(family, member, right + 15, at)
        : h('path', { class: strokeOf(family), fill: 'none', 'stroke-width': 0.7, d: leader });
      return [sign, textAt(right + 24, at + 4, labels[i]!, { class: fillOf(family) })];
    }),
  ];
  const { title, caption } = chart;
  return sheet({ title, caption, ...size, drawing });
}

type Scale = ReturnType<typeof scaleLinear<number, number>>;

function axes(
  chart: LineChart,
  x: Scale,
  y: Scale,
  { right, bottom }: { right: number; bottom: number },
): Node[] {
  const [xText, yText] = [x.tickFormat(8), y.tickFormat(6)];
  return [
    ...y
      .ticks(6)
      .flatMap(value => [
        h('path', { class: 'grid', d: `M${margin.left} ${round(y(value))}H${round(right)}` }),
        textAt(margin.left - 8, y(value) + 4, yText(value), { anchor: 'end', class: 'quiet' }),
      ]),
    ...x
      .ticks(8)
      .flatMap(value => [
        h('path', { class: 'axis', d: `M${round(x(value))} ${bottom}v5` }),
        textAt(x(value), bottom + 18, xText(value), { anchor: 'middle', class: 'quiet' }),
      ]),
    h('path', { class: 'axis', d: `M${margin.left} ${margin.top}V${bottom}H${round(right)}` }),
    textAt((margin.left + right) / 2, bottom + 36, chart.x, { anchor: 'middle' }),
    textAt(16, (margin.top + bottom) / 2, chart.y, { anchor: 'middle', rotate: -90 }),
  ];
}

function drawn(
  one: Line,
  { family, member }: { family: number; member: number },
  x: Scale,
  y: Scale,
): Node[] {
  const { points } = one;
  const toPath = path<Point>(
    point => x(point.x),
    point => y(point.y),
  ).digits(1);
  const colour = strokeOf(family);
  return [
    ...piecesOf(one).map(piece =>
      h('path', {
        ...{ class: colour, fill: 'none', 'stroke-width': 1.8, 'stroke-linejoin': 'round' },
        'stroke-dasharray': dashOf(member),
        d: toPath(piece) ?? '',
      }),
    ),
    ...points.flatMap(point => range(point, colour, x, y)),
    ...points.map(point => markerAt(family, member, x(point.x), y(point.y))),
  ];
}

/** From the lowest to the highest sample, with caps. */
function range({ x: at, low, high }: Point, colour: string, x: Scale, y: Scale): Node[] {
  if (low === undefined || high === undefined || high <= low) return [];
  const [left, upper, lower] = [round(x(at) - 4), round(y(high)), round(y(low))];
  return [
    h('path', {
      class: colour,
      fill: 'none',
      d: `M${left} ${upper}h8M${left} ${lower}h8M${left + 4} ${upper}V${lower}`,
    }),
  ];
}
