// SPDX-License-Identifier: GPL-2.0-only
/** Styled text as views make it: spans in lines, one character a column, nothing in it that a terminal would obey. */
import { sanitise } from '../events.ts';

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

const easy = /^[\x20-\x7e]*$/;
/** Two columns wide in most terminals (East Asian Width W and F below the astral planes), or none at all. */
const odd =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{M}|[\ud800-\udfff]/gu;

/** Text in which each UTF-16 unit takes one column: tabs are spaces, what is wider or has no width is an escape. */
export function cells(text: string): string {
  if (easy.test(text)) return text;
  const flat = text.includes('\t') ? expanded(text) : text;
  return sanitise(flat)
    .replace(/[\u{10000}-\u{10ffff}]/gu, c => `\\u{${c.codePointAt(0)!.toString(16)}}`)
    .replace(odd, c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function expanded(text: string): string {
  let out = '';
  for (const [index, part] of text.split('\t').entries()) {
    if (index > 0) out += ' '.repeat(8 - (out.length % 8));
    out += part;
  }
  return out;
}

export const widthOf = (line: Line): number => line.reduce((sum, span) => sum + span.text.length, 0);

/** The columns from `from` up to `to`; shorter when the line is. */
export function slice(line: Line, from: number, to: number): Line {
  const out: Span[] = [];
  let at = 0;
  for (const span of line) {
    const [start, end] = [Math.max(from - at, 0), Math.min(to - at, span.text.length)];
    if (start < end) {
      out.push(
        start === 0 && end === span.text.length ? span : { ...span, text: span.text.slice(start, end) },
      );
    }
    at += span.text.length;
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

/** Words of a text in lines of at most `width`; a word that is longer is cut. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of cells(text).split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
    while (line.length > width) {
      lines.push(line.slice(0, width));
      line = line.slice(width);
    }
  }
  return line === '' && lines.length > 0 ? lines : [...lines, line];
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
