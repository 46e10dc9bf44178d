// SPDX-License-Identifier: GPL-2.0-only
/** Text in columns: what people write is drawn as it is, what a terminal would obey or nobody would see is an escape. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sanitise } from '../../src/events.ts';
import { cells, columnSlice, columnsOf, graphemesOf, padded } from '../../src/tui/cells.ts';
import { fit, plain, widthOf, wrapped } from '../../src/tui/span.ts';
import { shown } from './terminal.ts';

/** Whatever may stand in a patch, a file name, a console, or be typed. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc
    .array(
      fc.constantFrom(
        'a',
        ' ',
        '\t',
        '中',
        '한',
        'é',
        '\u0301',
        '👍🏽',
        '👨\u200d👩\u200d👧',
        '🇩🇪',
        '\u202e',
        '\x1b[2J',
        'ﾊﾟ',
        'क्षि',
      ),
    )
    .map(parts => parts.join('')),
);

describe('cells()', () => {
  test.each([
    ['plain ASCII {bold}', 'plain ASCII {bold}', 18],
    ['Grüße, ёж, λόγος', 'Grüße, ёж, λόγος', 16],
    ['日本語', '日本語', 6],
    ['한국어', '한국어', 6],
    ['e\u0301a\u0302', 'e\u0301a\u0302', 2],
    ['👍 ok', '👍 ok', 5],
    ['👍🏽', '👍🏽', 2],
    ['👨\u200d👩\u200d👧', '👨\u200d👩\u200d👧', 2],
    ['🇩🇪🇫🇷', '🇩🇪🇫🇷', 4],
    ['❤\ufe0f', '❤\ufe0f', 2],
    ['─┐█', '─┐█', 3],
    ['a\tb', 'a       b', 9],
    ['日\tb', '日      b', 9],
    // what a terminal obeys, reverses or hides
    ['\x1b[31mred', '\\x1b[31mred', 11],
    ['a\u202eb', 'a\\u202eb', 8],
    ['a\u200bb', 'a\\u200bb', 8],
    ['x\u200dy', 'x\\u200dy', 8],
    ['\u0301alone', '\\u0301alone', 11],
    ['\ud800', '\\ud800', 6],
    ['a\u{e0041}', 'a\\u{e0041}', 10],
    ['\u3164', '\\u3164', 6],
    ['soft\u00adhyphen', 'soft\\u00adhyphen', 16],
  ])('%j', (text, drawn, columns) => {
    expect(cells(text)).toBe(drawn);
    expect(columnsOf(cells(text))).toBe(columns);
  });

  test('a pile of marks is no letter', () => {
    expect(cells(`a${'\u0301'.repeat(1000)}`)).toMatch(/^a(?:\\u0301){1000}$/);
  });

  test('nothing that is drawn is obeyed or hidden, and every grapheme has columns', () => {
    let graphemes = 0;
    fc.assert(
      fc.property(anyText, text => {
        const drawn = cells(text);
        expect(drawn).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/);
        expect(drawn.isWellFormed()).toBe(true);
        for (const grapheme of graphemesOf(drawn)) {
          expect(columnsOf(grapheme)).toBeGreaterThan(0);
          graphemes++;
        }
        expect(cells(drawn)).toBe(drawn);
      }),
      { numRuns: 500 },
    );
    expect(graphemes).toBeGreaterThan(1000);
  });

  test('what was made safe for a guest stays as it was made', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        expect(cells(sanitise(text))).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
      }),
    );
  });
});

describe('columns', () => {
  test('a slice has exactly the columns that there are, whatever it cuts', () => {
    fc.assert(
      fc.property(anyText, fc.nat(30), fc.nat(30), (text, from, length) => {
        const drawn = cells(text);
        const there = Math.max(0, Math.min(columnsOf(drawn), from + length) - from);
        expect(columnsOf(columnSlice(drawn, from, from + length))).toBe(there);
        expect(columnsOf(padded(text, length))).toBe(length);
        expect(widthOf(fit(plain(text), length))).toBe(length);
        for (const line of wrapped(text, Math.max(4, length))) {
          expect(columnsOf(line)).toBeLessThanOrEqual(Math.max(4, length));
        }
      }),
      { numRuns: 500 },
    );
  });

  test('half of a wide character is blank', () => {
    expect(columnSlice('a中b', 0, 2)).toBe('a ');
    expect(columnSlice('a中b', 2, 4)).toBe(' b');
  });
});

test('what follows stands in its column, whatever the terminal takes the width of a character to be', async () => {
  // this emulator has the widths of Unicode 6: to it a hand is one column and a family are three
  const texts = ['日本', 'e\u0301', '👍', '👨\u200d👩\u200d👧', '🇩🇪', 'ﾊﾟ', 'क्षि', 'x'];
  const lines = texts.map(text => [...plain(text), ...plain('|'), ...plain('end')]);
  const rows = (await shown(lines, 40, 10)).split('\n');
  for (const [i, text] of texts.entries()) {
    const row = rows[i]!;
    expect(row).toContain('|end');
    expect([text, row.trimEnd().endsWith('|end')]).toEqual([text, true]);
  }
});
