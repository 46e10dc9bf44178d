// SPDX-License-Identifier: GPL-2.0-only
/** Styled text as views make it: spans in lines, measured in columns, nothing in it that a terminal would obey. */
import { cells, columnSlice, columnsOf, graphemesOf } from './cells.ts';

/** The terminal's own sixteen; `grey` is bright black. */
export type Color = 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan' | 'white' | 'grey';

export interface Style {
  readonly fg?: Color;
  readonly bold?: boolean;
  readonly inverse?: boolean;
  readonly underline?: boolean;
}

export interface Span {
  readonly text: string;
  readonly style?: Style;
}

export type Line = readonly Span[];

export const plain = (text: string): Line => [{ text: cells(text) }];
export const styled = (text: string, style: Style): Line => [{ text: cells(text), style }];
export const bold = (text: string): Line => styled(text, { bold: true });
export const faint = (text: string): Line => styled(text, { fg: 'grey' });
export const blank: Line = [];

export const widthOf = (line: Line): number => line.reduce((sum, span) => sum + columnsOf(span.text), 0);

/** The columns from `from` up to `to`; shorter when the line is. */
export function slice(line: Line, from: number, to: number): Line {
  const out: Span[] = [];
  let at = 0;
  for (const span of line) {
    const columns = columnsOf(span.text);
    const [start, end] = [Math.max(from - at, 0), Math.min(to - at, columns)];
    if (start < end) {
      const whole = start === 0 && end === columns;
      out.push(whole ? span : { ...span, text: columnSlice(span.text, start, end) });
    }
    at += columns;
    if (at >= to) break;
  }
  return out;
}

/** Exactly `width` columns: cut, or filled with blanks. */
export function fit(line: Line, width: number): Line {
  const length = widthOf(line);
  if (length === width) return line;
  return length > width ? slice(line, 0, width) : [...line, { text: ' '.repeat(width - length) }];
}

/** `left`, and `right` at the far end when there is room for both. */
export function spread(left: Line, right: Line, width: number): Line {
  const room = width - widthOf(right);
  return room > widthOf(left) ? [...fit(left, room), ...right] : fit(left, width);
}

/** A line laid over another from column `x` on. */
export const over = (below: Line, x: number, piece: Line): Line => [
  ...fit(slice(below, 0, x), x),
  ...piece,
  ...slice(below, x + widthOf(piece), Number.POSITIVE_INFINITY),
];

/** The same line, all of it in this style as well. */
export const restyled = (line: Line, style: Style): Line =>
  line.map(span => ({ ...span, style: { ...span.style, ...style } }));

/** Words of a text in lines of at most so many columns; a word that is longer is cut. */
export function wrapped(text: string, columns: number): string[] {
  const width = Math.max(1, columns);
  const lines: string[] = [];
  let line = '';
  for (const word of cells(text).split(' ')) {
    if (line !== '' && columnsOf(line) + 1 + columnsOf(word) > width) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
    while (columnsOf(line) > width) {
      const head = headOf(line, width);
      lines.push(head);
      line = line.slice(head.length);
    }
  }
  return line === '' && lines.length > 0 ? lines : [...lines, line];
}

/** As many whole graphemes as fit, and one at least. */
function headOf(text: string, width: number): string {
  let head = '';
  let columns = 0;
  for (const grapheme of graphemesOf(text)) {
    columns += columnsOf(grapheme);
    if (head !== '' && columns > width) break;
    head += grapheme;
  }
  return head;
}

const sgr = /\\x1b\[([0-9;]*)m/g;
const palette: readonly Color[] = ['grey', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];

/** A line of a guest's console, made safe before: what was an escape sequence for colour is colour again, every other
 *  one stays visible. */
export function consoleLine(text: string): Line {
  if (!text.includes('\\x1b[')) return plain(text);
  const out: Span[] = [];
  let style: Style = {};
  let at = 0;
  for (const match of text.matchAll(sgr)) {
    if (match.index > at) out.push({ text: cells(text.slice(at, match.index)), style });
    style = match[1]!.split(';').reduce(applied, style);
    at = match.index + match[0].length;
  }
  out.push({ text: cells(text.slice(at)), style });
  return out;
}

function applied(style: Style, code: string): Style {
  const number = Number(code);
  if (number === 0) return {};
  if (number === 1) return { ...style, bold: true };
  if (number === 4) return { ...style, underline: true };
  if (number === 7) return { ...style, inverse: true };
  const color = number >= 90 ? number - 90 : number - 30;
  return palette[color] && number >= 30 ? { ...style, fg: palette[color] } : style;
}
