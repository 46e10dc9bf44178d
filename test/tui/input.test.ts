// SPDX-License-Identifier: GPL-2.0-only
/** What terminals send: keys, pastes, the mouse, replies nobody asked for; in whatever pieces it comes. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Input, openDecoder } from '../../src/tui/input.ts';

const decoded = (...pieces: readonly string[]): readonly Input[] => {
  const decoder = openDecoder();
  return [...pieces.flatMap(piece => decoder.push(piece)), ...decoder.flush()];
};
const names = (...pieces: readonly string[]) =>
  decoded(...pieces).map(input => (input.type === 'key' ? input.key.name : input));

/** As sent by xterm, the Linux console, rxvt, tmux and screen. */
const sequences: readonly (readonly [string, readonly string[]])[] = [
  ['a', ['a']],
  ['G', ['G']],
  ['ä', ['ä']],
  ['👍', ['👍']],
  [' ', ['space']],
  ['\r', ['enter']],
  ['\n', ['enter']],
  ['\t', ['tab']],
  ['\x7f', ['backspace']],
  ['\b', ['backspace']],
  ['\0', ['C-space']],
  ['\x03', ['C-c']],
  ['\x1d', ['C-]']],
  ['\x1b', ['escape']],
  ['\x1b\x1b', ['escape', 'escape']],
  ['\x1bx', ['escape', 'x']],
  ['\x1b[A', ['up']],
  ['\x1bOA', ['up']],
  ['\x1b[1;5C', ['C-right']],
  ['\x1b[1;2D', ['S-left']],
  ['\x1b[1;3B', ['M-down']],
  ['\x1b[H', ['home']],
  ['\x1b[1~', ['home']],
  ['\x1b[7~', ['home']],
  ['\x1b[3~', ['delete']],
  ['\x1b[5~', ['pageup']],
  ['\x1b[6~', ['pagedown']],
  ['\x1b[Z', ['S-tab']],
  ['\x1bOP', ['f1']],
  ['\x1b[11~', ['f1']],
  ['\x1b[[A', ['f1']],
  ['\x1b[24~', ['f12']],
  ['\x1bOM', ['enter']],
  ['\x1b[99~', ['unknown']],
  ['\x1b[32;10;5M', ['unknown']],
  // focus, an answer to a question, a clipboard
  ['\x1b[I', []],
  ['\x1b]52;c;aGVsbG8=\x07', []],
  ['\x1b]11;rgb:0000/0000/0000\x1b\\', []],
  ['\x1bP1+r544e\x1b\\', []],
];

describe('keys', () => {
  test.each(sequences)('%j', (bytes, expected) => {
    expect(names(bytes)).toEqual(expected);
  });

  test('carry what the terminal sent, for a guest that is typed into', () => {
    const bytes = sequences.flatMap(([sent, expected]) => (expected.length === 1 ? [sent] : []));
    expect(bytes.length).toBeGreaterThan(20);
    for (const sent of bytes) {
      expect(decoded(sent)).toEqual([{ type: 'key', key: expect.objectContaining({ bytes: sent }) }]);
    }
  });

  test('are the same in whatever pieces they come', () => {
    // an Esc by itself is one only if nothing follows
    const whole = sequences.filter(([bytes]) => !/^\x1b(?:\x1b|x)?$/.test(bytes));
    const keys = fc.array(fc.constantFrom(...whole), { minLength: 1, maxLength: 8 });
    let inputs = 0;
    fc.assert(
      fc.property(keys, fc.array(fc.nat(), { maxLength: 10 }), (sent, cuts) => {
        const points = [...sent.map(([bytes]) => bytes).join('')];
        const at = [...new Set(cuts.map(cut => cut % (points.length + 1)))].sort((a, b) => a - b);
        const pieces = [0, ...at].map((from, i) => points.slice(from, at[i] ?? points.length).join(''));
        expect(names(...pieces)).toEqual(sent.flatMap(([, expected]) => expected));
        inputs += sent.length;
      }),
      { numRuns: 300 },
    );
    expect(inputs).toBeGreaterThan(300);
  });

  test('an Esc waits for the rest of a sequence, and then no longer', () => {
    const decoder = openDecoder();
    expect(decoder.push('\x1b')).toEqual([]);
    expect(decoder.patienceMs).toBeLessThanOrEqual(100);
    expect(decoder.flush()).toEqual([{ type: 'key', key: { name: 'escape', bytes: '\x1b' } }]);
    expect(decoder.patienceMs).toBeUndefined();
    // typed one after the other: no reply of the terminal
    expect(names('\x1b', ']', ']')).toEqual(['escape', ']', ']']);
  });
});

describe('a paste', () => {
  const paste = (text: string) => `\x1b[200~${text}\x1b[201~`;

  test.each(['echo hello\nruns\n', 'Q', '\x1b[A', '日本 👍', 'a\x1b[201b', '', 'x'.repeat(5000)])(
    'is text: %j',
    text => {
      expect(decoded(paste(text))).toEqual([{ type: 'paste', text }]);
    },
  );

  test('is the same in whatever pieces it comes, and keys around it stay keys', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', '\n', '\x1b', '[', '2', '0', '1') }),
        fc.nat(),
        fc.nat(),
        (text, a, b) => {
          fc.pre(!text.includes('\x1b[201~'));
          const whole = `j${paste(text)}k`;
          const [from, to] = [a % whole.length, b % whole.length].sort((x, y) => x - y) as [number, number];
          // an Esc that waits at the end of a piece is only read as one when nothing follows
          expect(decoded(whole.slice(0, from), whole.slice(from, to), whole.slice(to))).toEqual(
            decoded(whole),
          );
          expect(decoded(whole)).toEqual([
            { type: 'key', key: { name: 'j', text: 'j', bytes: 'j' } },
            { type: 'paste', text },
            { type: 'key', key: { name: 'k', text: 'k', bytes: 'k' } },
          ]);
        },
      ),
    );
  });

  test('without an end takes no keys for ever', () => {
    const decoder = openDecoder();
    expect(decoder.push('\x1b[200~half')).toEqual([]);
    expect(decoder.patienceMs).toBeLessThan(5000);
    expect(decoder.flush()).toEqual([{ type: 'paste', text: 'half' }]);
    expect(decoder.push('j')).toHaveLength(1);
  });
});

describe('the mouse', () => {
  test.each([
    ['\x1b[<0;10;5M', { type: 'mouse', action: 'click', x: 9, y: 4 }],
    ['\x1b[<64;1;1M', { type: 'mouse', action: 'up', x: 0, y: 0 }],
    ['\x1b[<65;300;200M', { type: 'mouse', action: 'down', x: 299, y: 199 }],
    ['\x1b[M !!', { type: 'mouse', action: 'click', x: 0, y: 0 }],
  ])('%j', (bytes, expected) => {
    expect(decoded(bytes)).toEqual([expected]);
  });

  test.each(['\x1b[<0;10;5m', '\x1b[<35;10;5M', '\x1b[M#!!'])('a release or a move is nothing: %j', bytes => {
    expect(decoded(bytes)).toEqual([]);
  });
});
