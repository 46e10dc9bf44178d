// SPDX-License-Identifier: GPL-2.0-only
/** The same charts for a terminal and for mail: ASCII, no colour, no wider than asked. */
import { type BarChart, lengthOf, type LineChart, partNames, piecesOf, shortNumber } from './chart.ts';

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const fills = '#=+-~:o';
const rowsHigh = 16;

/** Each line is a letter, dots lead from point to point; where lines meet, `*`. */
export function lineChartText(chart: LineChart, width: number): string[] {
  const lines = chart.lines.filter(({ points }) => points.length > 0).slice(0, letters.length);
  if (lines.length === 0) return [chart.title, 'nothing to show'];
  const all = lines.flatMap(({ points }) => points);
  const most = {
    x: Math.max(...all.map(({ x }) => x)) || 1,
    y: chart.top ?? (Math.max(...all.map(({ y }) => y)) || 1),
  };
  const marks = [most.y, most.y / 2, 0].map(shortNumber);
  const left = Math.max(...marks.map(mark => mark.length)) + 1;
  const columns = Math.max(20, width - left - 2);
  const grid = Array.from({ length: rowsHigh + 1 }, () => new Array<string>(columns).fill(' '));
  const column = (x: number) => Math.round((x / most.x) * (columns - 1));
  const level = (y: number) =>
    Math.min(rowsHigh, Math.max(0, Math.round(rowsHigh - (y / most.y) * rowsHigh)));
  const put = (x: number, y: number, text: string) => {
    const there = grid[y]![x]!;
    const both = /[A-Z*]/.test(there) && there !== text;
    grid[y]![x] = text === '.' ? (there === ' ' ? '.' : there) : both ? '*' : text;
  };
  for (const piece of lines.flatMap(piecesOf)) {
    for (const [i, point] of piece.entries()) {
      const next = piece[i + 1];
      if (!next) continue;
      const [from, to] = [column(point.x), column(next.x)];
      for (let x = from; x <= to; x++) {
        const share = to === from ? 0 : (x - from) / (to - from);
        put(x, level(point.y + share * (next.y - point.y)), '.');
      }
    }
  }
  lines.forEach(({ points }, i) => {
    for (const { x, y } of points) put(column(x), level(y), letters[i]!);
  });
  const label = new Map([0, rowsHigh / 2, rowsHigh].map((at, i) => [at, marks[i]!]));
  const last = shortNumber(most.x);
  return [
    chart.title,
    chart.y,
    ...grid.map((cells, i) => `${(label.get(i) ?? '').padStart(left)} |${cells.join('')}`.trimEnd()),
    `${''.padStart(left)} +${'-'.repeat(columns)}`,
    `${''.padStart(left)}  0${chart.x.padStart(Math.floor((columns + chart.x.length) / 2) - 1).padEnd(columns - 1 - last.length)}${last}`,
    ...(grid.some(cells => cells.includes('*')) ? ['  * several of them'] : []),
    ...lines.map(({ name, points }, i) => `  ${letters[i]} ${name} ${shortNumber(points.at(-1)!.y)}`),
  ];
}

/** One bar a row on one scale that starts at zero, its parts by their characters. */
export function barChartText(chart: BarChart, width: number): string[] {
  const names = partNames(chart.bars);
  const nameWidth = Math.min(
    Math.max(0, ...chart.bars.map(({ name }) => name.length)),
    Math.floor(width / 2),
  );
  const values = chart.bars.map(bar => bar.missing ?? shortNumber(lengthOf(bar)));
  const numbers = chart.bars.flatMap((bar, i) => (bar.missing === undefined ? [values[i]!.length] : []));
  const barWidth = Math.max(8, width - nameWidth - 3 - Math.max(4, ...numbers));
  const longest = Math.max(0, ...chart.bars.map(lengthOf)) || 1;
  const cell = (value: number) => Math.round((value / longest) * barWidth);
  return [
    chart.title,
    ...chart.bars.map((bar, i) => {
      const start = `${bar.name.slice(0, nameWidth).padEnd(nameWidth)} |`;
      if (bar.missing !== undefined) return `${start} ${bar.missing}`;
      let sum = 0;
      const drawn = bar.parts.map(({ name, value }) => {
        const from = cell(sum);
        sum += value;
        return fills[names.indexOf(name) % fills.length]!.repeat(cell(sum) - from);
      });
      return `${start}${drawn.join('').padEnd(barWidth)} ${values[i]}`;
    }),
    ...names.map((name, i) => `${''.padEnd(nameWidth)}  ${fills[i % fills.length]} ${name}`),
    `${''.padEnd(nameWidth)}  ${chart.x}`,
  ];
}
