// SPDX-License-Identifier: GPL-2.0-only
/** The way to the clipboard from inside whatever lies between. How terminals take it is shown in multiplexers.test.ts. */
import { describe, expect, test } from 'vitest';
import { copyOf, tmuxWords } from '../../src/tui/clipboard.ts';

/** The text in what a terminal gets, the wrapping of screen taken off. */
function received(bytes: string): string {
  const inner = bytes.replaceAll(/\x1bP([^]*?)\x1b\\/g, '$1');
  const [, encoded] = /^\x1b\]52;c;([A-Za-z0-9+/=]*)\x07$/.exec(inner) ?? [];
  return Buffer.from(encoded!, 'base64').toString('utf8');
}

describe('copyOf()', () => {
  test.each(['initbench boot kernelspace', '日本 👍', 'x'.repeat(20_000), "it's \\x1b]"])(
    '%#: whole',
    text => {
      for (const environment of [{ TERM: 'xterm-256color' }, { TERM: 'screen', STY: '12.pts-0.host' }]) {
        const how = copyOf(text, environment);
        expect(how.kind === 'write' && received(how.bytes)).toBe(text);
      }
    },
  );

  test('screen takes device control strings of at most 768 bytes', () => {
    const how = copyOf('x'.repeat(5000), { TERM: 'screen', STY: '1' });
    const pieces = how.kind === 'write' ? how.bytes.split('\x1bP').slice(1) : [];
    expect(pieces.length).toBeGreaterThan(5);
    expect(Math.max(...pieces.map(piece => piece.length))).toBeLessThan(700);
  });

  test('tmux is asked; one that cannot be gets the sequence bare and wrapped', () => {
    const how = copyOf('abc', { TERM: 'tmux-256color', TMUX: '/tmp/tmux-0/default,1,0' });
    expect(how).toMatchObject({ kind: 'tmux', argv: ['tmux', 'load-buffer', '-w', '-'] });
    expect(how.kind === 'tmux' && how.otherwise.bytes).toBe(
      '\x1b]52;c;YWJj\x07\x1bPtmux;\x1b\x1b]52;c;YWJj\x07\x1b\\',
    );
  });

  test.each([
    [{ TERM: 'linux' }, /linux has no clipboard/],
    [{ TERM: 'vt220' }, /vt220 has no clipboard/],
    [{ TERM: 'xterm-256color', VTE_VERSION: '7006' }, /VTE/],
    [{ TERM: 'xterm-256color', TERM_PROGRAM: 'Apple_Terminal' }, /Terminal\.app/],
  ])('where it cannot work, it is said: %j', (environment, words) => {
    expect(copyOf('abc', environment)).toEqual({ kind: 'none', words: expect.stringMatching(words) });
  });

  test('more than terminals take is not sent', () => {
    expect(copyOf('x'.repeat(100_000), { TERM: 'xterm' })).toMatchObject({
      kind: 'none',
      words: expect.stringContaining('100000 bytes'),
    });
  });
});

test.each([
  ['256,RGB,bpaste,clipboard,mouse,strikethrough,title', /^copied: the buffer of tmux and the clipboard$/],
  ['clipboard\n', /and the clipboard$/],
  ['', /tmux alone/],
  ['bpaste,title', /tmux alone/],
])('tmux knows %j of its terminal', (answer, words) => {
  expect(tmuxWords(answer)).toMatch(words);
});
