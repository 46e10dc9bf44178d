// SPDX-License-Identifier: GPL-2.0-only
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { escapeText, h, render } from '../../src/measure/markup.ts';

describe('escapeText()', () => {
  test('is what it was once entities are undone, and has nothing of a tag, an attribute or a control', () => {
    const text = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(text, original => {
        const escaped = escapeText(original);
        expect(escaped).not.toMatch(/[<>"'\x00-\x08\x0b-\x1f\x7f]|&(?!(amp|lt|gt|quot|#39);)/);
        if (!/[\p{C}\u2028\u2029]/u.test(original)) {
          const undone = escaped
            .replaceAll('&lt;', '<')
            .replaceAll('&gt;', '>')
            .replaceAll('&quot;', '"')
            .replaceAll('&#39;', "'")
            .replaceAll('&amp;', '&');
          expect(undone).toBe(original);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('half a surrogate pair is no character of XML', () => {
    expect(escapeText('a\ud800b\udc00c')).toBe('a\ufffdb\ufffdc');
    expect(escapeText('\u{1f600}')).toBe('\u{1f600}');
  });
});

describe('render()', () => {
  test('elements stand on lines of their own, text adds no space', () => {
    const node = h('g', { id: 'a"b', x: 1, y: undefined }, h('p', {}, 'x < ', h('b', {}, 'y')), h('path'));
    expect(render(node, { xml: true })).toBe(
      '<g id="a&quot;b" x="1">\n  <p>x &lt; <b>y</b></p>\n  <path/>\n</g>',
    );
  });

  test('HTML closes all but the void elements', () => {
    expect(render(h('td'), { xml: false })).toBe('<td></td>');
    expect(render(h('br'), { xml: false })).toBe('<br>');
  });
});
