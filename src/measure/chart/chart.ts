// SPDX-License-Identifier: GPL-2.0-only
/** What a chart shows, as data: lines over an axis, or stacked bars. Values are in the unit that is written beside
 *  them; SVG and terminal draw the same. */

export interface Point {
  readonly x: number;
  readonly y: number;
  /** The range of the samples; absent of a single one. */
  readonly low?: number;
  readonly high?: number;
}

export interface Line {
  readonly name: string;
  /** Lines of one family have one colour and marker, and differ by their dashes. */
  readonly family: string;
  /** By x, ascending. */
  readonly points: readonly Point[];
  /** Where there is no figure although one was asked for: the line does not go across. */
  readonly gaps?: readonly number[];
}

export interface LineChart {
  readonly title: string;
  /** 'image size, MiB' */
  readonly x: string;
  /** 'M instructions since start_kernel' */
  readonly y: string;
  /** One without points is not drawn, and keeps its style from another. */
  readonly lines: readonly Line[];
  /** The order in which families get colours and markers, for charts that are compared; by default as they appear. */
  readonly families?: readonly string[];
  /** Where the y axis ends, for charts that are compared; by default at the highest point. */
  readonly top?: number;
  /** Unit, number of samples, conditions; a sentence each. */
  readonly caption: readonly string[];
}

export interface Bar {
  readonly name: string;
  readonly parts: readonly { readonly name: string; readonly value: number }[];
  /** Of the whole bar. */
  readonly low?: number;
  readonly high?: number;
  /** Instead of a bar: why there is none. */
  readonly missing?: string;
}

export interface BarChart {
  readonly title: string;
  /** What the bars' length is, with its unit. */
  readonly x: string;
  readonly bars: readonly Bar[];
  readonly caption: readonly string[];
}

/** How lines are told apart, with and without colour. */
export interface Style {
  /** Of the palette, and of the markers. */
  readonly family: number;
  /** Of the dashes. */
  readonly member: number;
}

/** A style for each line, in order: families as given or by first appearance, members by their place in the family. */
export function stylesOf(lines: readonly Pick<Line, 'family'>[], order: readonly string[] = []): Style[] {
  const families = [...new Set([...order, ...lines.map(({ family }) => family)])];
  return lines.map(({ family }, at) => ({
    family: families.indexOf(family),
    member: lines.slice(0, at).filter(other => other.family === family).length,
  }));
}

/** A line's points in pieces, cut at its gaps. */
export function piecesOf({ points, gaps = [] }: Pick<Line, 'points' | 'gaps'>): Point[][] {
  const pieces: Point[][] = [];
  points.forEach((point, i) => {
    const before = points[i - 1];
    if (before && !gaps.some(gap => before.x < gap && gap < point.x)) pieces.at(-1)!.push(point);
    else pieces.push([point]);
  });
  return pieces;
}

/** All parts that occur, in the order in which they follow each other in the bars. */
export function partNames(bars: readonly Bar[]): string[] {
  const names: string[] = [];
  for (const { parts } of bars) {
    let behind = 0;
    for (const { name } of parts) {
      const at = names.indexOf(name);
      if (at >= 0) behind = at + 1;
      else names.splice(behind++, 0, name);
    }
  }
  return names;
}

export const lengthOf = (bar: Bar): number => bar.parts.reduce((sum, { value }) => sum + value, 0);

/** As many digits as a person compares: 0.63, 7.3, 192, 1058. */
export function shortNumber(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

/** Where an axis from zero ends. What is next to nothing has no length that could be divided by. */
export const axisEnd = (most: number): number => (most > 1e-9 ? most : 1);
