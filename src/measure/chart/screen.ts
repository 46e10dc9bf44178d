// SPDX-License-Identifier: GPL-2.0-only
/** The screen as an SVG picture: for a mail, a bug report, the README. Pure. */
import { type Element, h, render } from '../markup.ts';

type Color = 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan' | 'white' | 'grey';

interface Style {
  readonly fg?: Color;
  readonly bold?: boolean;
  readonly inverse?: boolean;
  readonly underline?: boolean;
}

/** Text of one style, and how many columns of a terminal it takes. */
export interface ScreenSpan {
  readonly text: string;
  readonly columns: number;
  readonly style?: Style;
}

/** Of one column and one line, at 14 px. Fonts differ in width: each run of text is told how wide it is. */
const cell = { width: 8.4, height: 18 } as const;
const margin = 12;

const paper = '#16181c';
const ink = '#d8dbe0';
const inks: Readonly<Record<Color, string>> = {
  red: '#f2777a',
  green: '#8fd694',
  yellow: '#e8c66a',
  blue: '#78aee8',
  magenta: '#d3a1e0',
  cyan: '#6fcfcf',
  white: '#f4f5f7',
  grey: '#8b929c',
};

/** Exactly what is on the screen, with its sixteen colours on a dark ground. */
export function screenPicture(lines: readonly (readonly ScreenSpan[])[], columns: number): string {
  const width = round(columns * cell.width + 2 * margin);
  const height = lines.length * cell.height + 2 * margin;
  const font = 'ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace';
  return `${render(
    h(
      'svg',
      {
        xmlns: 'http://www.w3.org/2000/svg',
        viewBox: `0 0 ${width} ${height}`,
        'font-family': font,
        'font-size': 14,
      },
      h('rect', { width, height, rx: 8, fill: paper }),
      ...lines.flatMap((line, index) => rowOf(line, margin + index * cell.height)),
    ),
    { xml: true },
  )}\n`;
}

function rowOf(line: readonly ScreenSpan[], top: number): Element[] {
  const out: Element[] = [];
  let column = 0;
  for (const span of line) {
    const at = column;
    column += span.columns;
    out.push(...spanOf(span, at, top));
  }
  return out;
}

function spanOf({ text, columns, style = {} }: ScreenSpan, from: number, top: number): Element[] {
  const x = round(margin + from * cell.width);
  const { front, back } = colours(style);
  const ground = { x, y: top, width: round(columns * cell.width), height: cell.height, fill: back };
  return [
    ...(back === paper ? [] : [h('rect', ground)]),
    ...runsOf(text, columns).map(run => textAt(run, x, top, front, style)),
  ];
}

interface Run {
  readonly text: string;
  /** Columns before it. */
  readonly at: number;
  readonly columns: number;
}

/** Pieces between gaps of two blanks and more: a viewer may join blanks, and each keeps to its column. What has wide
 *  characters is one piece. */
function runsOf(text: string, columns: number): Run[] {
  if (text.trim() === '') return [];
  if (text.length !== columns) return [{ text, at: 0, columns }];
  return [...text.matchAll(/\S+(?: \S+)*/g)].map(({ 0: piece, index }) => ({
    ...{ text: piece, at: index, columns: piece.length },
  }));
}

function textAt({ text, at, columns }: Run, x: number, top: number, fill: string, style: Style): Element {
  return h(
    'text',
    {
      ...{ x: round(x + at * cell.width), y: top + 13.5, fill },
      ...(columns > 1 && { textLength: round(columns * cell.width), lengthAdjust: 'spacingAndGlyphs' }),
      ...(style.bold && { 'font-weight': 'bold' }),
      ...(style.underline && { 'text-decoration': 'underline' }),
    },
    text,
  );
}

function colours({ fg, inverse }: Style): { readonly front: string; readonly back: string } {
  const front = fg ? inks[fg] : ink;
  return inverse ? { front: paper, back: front } : { front, back: paper };
}

const round = (value: number): number => Math.round(value * 10) / 10;
