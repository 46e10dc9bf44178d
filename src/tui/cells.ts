// SPDX-License-Identifier: GPL-2.0-only
/** Text as a terminal shows it: graphemes, each of one or more columns, and nothing that a terminal would obey. Pure. */
import stringWidth from 'string-width';
import { sanitise } from '../events.ts';

const ascii = /^[\x20-\x7e]*$/;
/** One column for each UTF-16 unit, and no unit joins the one before: letters, box drawing, the usual punctuation. */
const simple =
  /^[\x20-\x7e\xa1-\xac\xae-\u02ff\u0370-\u0377\u037a-\u037f\u0384-\u038a\u038c\u038e-\u03a1\u03a3-\u0482\u048a-\u052f\u2010-\u2027\u2030-\u205e\u2190-\u2199\u2500-\u259f]*$/;
/** Code points that show nothing by themselves. */
const invisible = new RegExp('\\p{Default_Ignorable_Code_Point}', 'v');
const emoji = new RegExp(
  '^(?:\\p{RGI_Emoji}|[\\p{Extended_Pictographic}\\p{Emoji_Modifier}\\u200d\\ufe0f]+)$',
  'v',
);
const variation = /[\ufe0e\ufe0f]/g;
/** A letter of any script has fewer code points; a pile of marks has more. */
const mostPoints = 8;
const mostColumns = 4;
const mostKnown = 5000;

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });
const known = new Map<string, string>();

export const isSimple = (text: string): boolean => ascii.test(text) || simple.test(text);

/** What a person takes for one character each. */
export const graphemesOf = (text: string): readonly string[] =>
  isSimple(text) ? [...text] : Array.from(segmenter.segment(text), ({ segment }) => segment);

/** The columns that text of cells() takes. */
export const columnsOf = (text: string): number => (isSimple(text) ? text.length : stringWidth(text));

/** Text safe to draw: tabs are spaces; what a terminal would obey, and what nobody would see, is an escape. */
export function cells(text: string): string {
  if (isSimple(text)) return text;
  let out = '';
  let column = 0;
  for (const [index, part] of text.split('\t').entries()) {
    const gap = index === 0 ? 0 : 8 - (column % 8);
    const shown = isSimple(part) ? part : graphemesOf(part).map(visible).join('');
    out += ' '.repeat(gap) + shown;
    column += gap + columnsOf(shown);
  }
  return out;
}

function visible(grapheme: string): string {
  if (isSimple(grapheme)) return grapheme;
  const before = known.get(grapheme);
  if (before !== undefined) return before;
  const shown = isDrawn(grapheme) ? grapheme : [...grapheme].map(pointVisible).join('');
  if (known.size >= mostKnown) known.clear();
  known.set(grapheme, shown);
  return shown;
}

/** A grapheme of known width in which nothing is hidden. */
function isDrawn(grapheme: string): boolean {
  if (grapheme.length > 4 * mostPoints) return false;
  const columns = stringWidth(grapheme);
  if (columns < 1 || columns > mostColumns || !grapheme.isWellFormed()) return false;
  if (emoji.test(grapheme)) return true;
  const bare = grapheme.replace(variation, '');
  return [...bare].length <= mostPoints && sanitise(bare) === bare && !invisible.test(bare);
}

/** A code point by itself: drawn where it has columns of its own. */
function pointVisible(point: string): string {
  const safe = sanitise(point);
  if (safe !== point) return safe;
  if (stringWidth(point) > 0 && point.isWellFormed() && !invisible.test(point)) return point;
  const code = point.codePointAt(0)!.toString(16);
  return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`;
}

/** The columns from `from` up to `to` of text of cells(); what is cut in the middle is blank. */
export function columnSlice(text: string, from: number, to: number): string {
  if (isSimple(text)) return text.slice(from, to);
  let out = '';
  let at = 0;
  for (const grapheme of graphemesOf(text)) {
    const columns = columnsOf(grapheme);
    const [start, end] = [Math.max(at, from), Math.min(at + columns, to)];
    if (end > start) out += end - start === columns ? grapheme : ' '.repeat(end - start);
    at += columns;
    if (at >= to) break;
  }
  return out;
}

/** Safe to draw, and as many columns as told: blanks at its end, or cut. */
export function padded(text: string, columns: number): string {
  const shown = columnSlice(cells(text), 0, columns);
  return shown + ' '.repeat(Math.max(0, columns - columnsOf(shown)));
}
