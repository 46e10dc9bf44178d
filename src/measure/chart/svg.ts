// SPDX-License-Identifier: GPL-2.0-only
/** What all our SVG charts share: the sheet with its title and caption, light, dark and printed colours, markers and
 *  dashes that tell lines apart without colour, and labels that do not lie on each other. */
import type { SymbolType } from 'd3-shape';
import {
  symbol,
  symbolCircle,
  symbolDiamond,
  symbolSquare,
  symbolTriangle,
  symbolTriangle2,
  symbolWye,
} from 'd3-shape';
import { type Element, h, type Node, render } from '../markup.ts';

const fontSize = 12;
/** Of the widest of the sans-serif fonts in use (DejaVu Sans), so that no label is wider than is thought. */
const characterWidth = 7.2;

export const textWidth = (text: string): number => Math.ceil(text.length * characterWidth);

/** Distinguishable for the colour-blind (after Okabe and Ito), dark enough for text on white, light enough on black. */
const palette = [
  { light: '#b3470a', dark: '#ff9d5c' },
  { light: '#0a5f9e', dark: '#6cb8f0' },
  { light: '#00704f', dark: '#4fd1a5' },
  { light: '#8a3a70', dark: '#e5a3cb' },
  { light: '#6f5600', dark: '#e3c35f' },
  { light: '#4a4a4a', dark: '#bdbdbd' },
] as const;
const inks = {
  paper: { light: '#ffffff', dark: '#14171a' },
  text: { light: '#1c1e21', dark: '#e8eaed' },
  quiet: { light: '#5a5f66', dark: '#a3a9b1' },
  grid: { light: '#d9dce0', dark: '#343a41' },
} as const;
const markers: readonly SymbolType[] = [
  ...[symbolCircle, symbolSquare, symbolTriangle, symbolDiamond, symbolTriangle2, symbolWye],
];
const dashes = ['', '7 3', '2 3', '9 3 2 3', '4 2 1 2 1 2'] as const;

const colourClass = (index: number) => `c${index % palette.length}`;
export const dashOf = (member: number): string | undefined => dashes[member % dashes.length] || undefined;

/** Class of what is stroked, or filled, in a family's colour. */
export const strokeOf = (family: number): string => `${colourClass(family)}s`;
export const fillOf = (family: number): string => `${colourClass(family)}f`;

/** A family's marker at a point; its members differ by the inside. */
export function markerAt(family: number, member: number, x: number, y: number): Element {
  return h('path', {
    class: `${strokeOf(family)} ${member === 0 ? fillOf(family) : 'hollow'}`,
    transform: `translate(${round(x)} ${round(y)})`,
    d: symbol(markers[family % markers.length], 42).digits(1)() ?? '',
  });
}

function rulesFor(theme: 'light' | 'dark'): string {
  return [
    `.paper,.hollow{fill:${inks.paper[theme]}}`,
    `.text{fill:${inks.text[theme]}}`,
    `.quiet{fill:${inks.quiet[theme]}}`,
    `.axis{stroke:${inks.quiet[theme]};fill:none}`,
    `.grid{stroke:${inks.grid[theme]};fill:none}`,
    ...palette.map(
      (colour, i) => `.${colourClass(i)}s{stroke:${colour[theme]}}.${colourClass(i)}f{fill:${colour[theme]}}`,
    ),
  ]
    .map(rule => rule.replaceAll(/(^|[,}])\./g, '$1.chart .'))
    .join('');
}

/** Light where nothing is known of the reader, dark where they want it, light on paper. No variables: converters that
 *  know none still get all of the light one. */
const style = [rulesFor('light'), `@media screen and (prefers-color-scheme:dark){${rulesFor('dark')}}`].join(
  '\n',
);

export const round = (value: number): number => Math.round(value * 10) / 10;

export interface Place {
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly class?: string;
  readonly weight?: 'bold';
  readonly rotate?: number;
}

export function textAt(x: number, y: number, text: string, place: Place = {}): Element {
  const { anchor, weight, rotate } = place;
  return h(
    'text',
    {
      x: round(x),
      y: round(y),
      class: place.class ?? 'text',
      ...(anchor && anchor !== 'start' && { 'text-anchor': anchor }),
      ...(weight && { 'font-weight': weight }),
      ...(rotate !== undefined && { transform: `rotate(${rotate} ${round(x)} ${round(y)})` }),
    },
    text,
  );
}

export const lineHeight = 16;

export interface Sheet {
  readonly title: string;
  readonly caption: readonly string[];
  readonly width: number;
  /** Of the drawing, without title and caption. */
  readonly height: number;
  /** What stands in it, drawn from its upper left corner. */
  readonly drawing: readonly Node[];
}

/** A whole SVG document: readable by itself, and as part of a page. */
export function sheet({ title, caption, width, height, drawing }: Sheet): string {
  const lines = caption.flatMap(sentence => wrapped(sentence, Math.floor((width - 24) / characterWidth)));
  const top = 34;
  const total = top + height + lines.length * lineHeight + (lines.length > 0 ? 14 : 4);
  const document = h(
    'svg',
    {
      ...{ xmlns: 'http://www.w3.org/2000/svg', class: 'chart', viewBox: `0 0 ${width} ${total}` },
      ...{ width, height: total, role: 'img', 'aria-label': title },
      ...{ 'font-family': "system-ui, 'DejaVu Sans', sans-serif", 'font-size': fontSize },
    },
    h('title', {}, title),
    h('style', {}, { raw: style }),
    h('rect', { class: 'paper', width, height: total }),
    textAt(12, 22, title, { weight: 'bold' }),
    h('g', { transform: `translate(0 ${top})` }, ...drawing),
    ...lines.map((line, i) =>
      textAt(12, top + height + 10 + (i + 1) * lineHeight - 4, line, { class: 'quiet' }),
    ),
  );
  return `${render(document, { xml: true })}\n`;
}

/** A sentence in lines of so many characters; a word that is longer stays whole. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** Moves labels apart so that none covers another, each as near to where it wants to be as the others let it; all
 *  stay between `top` and `bottom` as far as they fit. Answers in the order given. */
export function dodged(wanted: readonly number[], gap: number, top: number, bottom: number): number[] {
  const order = wanted.map((y, index) => ({ y, index })).sort((a, b) => a.y - b.y);
  // neighbours that meet form a block around the mean of what they want
  const blocks: { wants: number[]; start: number }[] = [];
  const place = (wants: readonly number[]) => {
    const middle = wants.reduce((sum, y, i) => sum + y - i * gap, 0) / wants.length;
    const height = (wants.length - 1) * gap;
    return Math.max(top, Math.min(middle, bottom - height));
  };
  for (const { y } of order) {
    let block = { wants: [y], start: place([y]) };
    for (;;) {
      const before = blocks.at(-1);
      if (!before || before.start + before.wants.length * gap <= block.start) break;
      blocks.pop();
      const wants = [...before.wants, ...block.wants];
      block = { wants, start: place(wants) };
    }
    blocks.push(block);
  }
  const placed = blocks.flatMap(({ wants, start }) => wants.map((_, i) => start + i * gap));
  const answer = new Array<number>(wanted.length);
  order.forEach(({ index }, i) => (answer[index] = placed[i]!));
  return answer;
}
