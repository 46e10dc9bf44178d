// SPDX-License-Identifier: GPL-2.0-only
/** What a terminal sends, read as keys, pastes and the mouse: ECMA-48's control sequences as xterm's ctlseqs has them. */

export interface Key {
  /** 'j', 'G', 'C-d', 'S-tab', 'escape', 'pagedown'. */
  readonly name: string;
  /** What it writes, when it is a printable character. */
  readonly text?: string;
  /** What the terminal sent for it. */
  readonly bytes?: string;
}

export type Input =
  | { readonly type: 'key'; readonly key: Key }
  /** Between the marks of bracketed paste: text, whatever is in it. */
  | { readonly type: 'paste'; readonly text: string }
  | {
      readonly type: 'mouse';
      readonly action: 'click' | 'up' | 'down';
      readonly x: number;
      readonly y: number;
    };

export interface Decoder {
  push(text: string): readonly Input[];
  /** Nothing came for a while: what has begun and is not complete was typed as it stands. */
  flush(): readonly Input[];
  /** How long to wait for the rest of what has begun; undefined when nothing has. */
  readonly patienceMs: number | undefined;
}

const escapeMs = 50;
/** The end of a paste may be slow to come; a terminal that forgets it takes no keys for ever. */
const pasteMs = 2000;
const longestPaste = 2 ** 20;

const pasteStart = '\x1b[200~';
const pasteEnd = '\x1b[201~';

/** Of a sequence that is complete: CSI, SS3, the function keys of the Linux console, the mouse before SGR. */
const complete =
  /^\x1b(?:\[M(?<old>[^]{3})|\[\[(?<console>[A-E])|\[(?![M[])(?<params>[\x30-\x3f]*)[\x20-\x2f]*(?<final>[\x40-\x7e])|O(?<shift>[\x30-\x3b]*)(?<ss3>[\x40-\x7e]))/;
/** Of one that more may belong to; a reply of the terminal (OSC, DCS, APC) ends with ST or BEL. */
const begun =
  /^\x1b(?:\[(?:M[^]{0,2}|\[|[\x30-\x3f]*[\x20-\x2f]*)|O[\x30-\x3b]*|[\]P_^X][^\x07\x1b]*\x1b?)?$/;
const reply = /^\x1b[\]P_^X][^\x07\x1b]*(?:\x07|\x1b\\)/;

export function openDecoder(): Decoder {
  let rest = '';
  let pasted: string | undefined;

  const read = (final: boolean): readonly Input[] => {
    const found: Input[] = [];
    while (rest !== '') {
      if (pasted !== undefined) {
        const end = rest.indexOf(pasteEnd);
        const upTo = end >= 0 ? end : final ? rest.length : rest.length - tailOf(rest);
        pasted = (pasted + rest.slice(0, upTo)).slice(0, longestPaste);
        rest = rest.slice(end >= 0 ? end + pasteEnd.length : upTo);
        if (end < 0) break;
        found.push({ type: 'paste', text: pasted });
        pasted = undefined;
      } else if (rest.startsWith(pasteStart)) {
        pasted = '';
        rest = rest.slice(pasteStart.length);
      } else if (rest[0] === '\x1b') {
        const sequence = complete.exec(rest) ?? reply.exec(rest);
        if (sequence) {
          found.push(...inputOf(sequence));
          rest = rest.slice(sequence[0].length);
        } else if (begun.test(rest) && !final) break;
        else {
          // Esc, and whatever follows is typed by itself: no key of ours has Alt
          found.push(key('escape', '\x1b'));
          rest = rest.slice(1);
        }
      } else {
        const character = String.fromCodePoint(rest.codePointAt(0)!);
        found.push(...plainKey(character));
        rest = rest.slice(character.length);
      }
    }
    if (final && pasted !== undefined) {
      if (pasted !== '') found.push({ type: 'paste', text: pasted });
      pasted = undefined;
    }
    return found;
  };

  return {
    push(text) {
      rest += text;
      return read(false);
    },
    flush: () => read(true),
    get patienceMs() {
      return pasted !== undefined ? pasteMs : rest !== '' ? escapeMs : undefined;
    },
  };
}

/** How much of the end of a text may be the beginning of the mark. */
function tailOf(text: string): number {
  for (let length = Math.min(text.length, pasteEnd.length - 1); length > 0; length--) {
    if (pasteEnd.startsWith(text.slice(-length))) return length;
  }
  return 0;
}

const key = (name: string, bytes: string, text?: string): Input => ({
  type: 'key',
  key: text === undefined ? { name, bytes } : { name, bytes, text },
});

function plainKey(character: string): readonly Input[] {
  const named: Readonly<Record<string, string>> = {
    '\r': 'enter',
    '\n': 'enter',
    '\t': 'tab',
    '\x7f': 'backspace',
    '\b': 'backspace',
    '\0': 'C-space',
  };
  const name = named[character];
  if (name !== undefined) return [key(name, character)];
  if (character === ' ') return [key('space', ' ', ' ')];
  const code = character.codePointAt(0)!;
  if (code < 0x20) return [key(`C-${String.fromCharCode(code + 0x40).toLowerCase()}`, character)];
  return code >= 0x80 && code < 0xa0 ? [] : [key(character, character, character)];
}

const letters: Readonly<Record<string, string>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  E: 'clear',
  F: 'end',
  H: 'home',
  P: 'f1',
  Q: 'f2',
  R: 'f3',
  S: 'f4',
  Z: 'S-tab',
};
const numbers: Readonly<Record<string, string>> = {
  1: 'home',
  2: 'insert',
  3: 'delete',
  4: 'end',
  5: 'pageup',
  6: 'pagedown',
  7: 'home',
  8: 'end',
  11: 'f1',
  12: 'f2',
  13: 'f3',
  14: 'f4',
  15: 'f5',
  17: 'f6',
  18: 'f7',
  19: 'f8',
  20: 'f9',
  21: 'f10',
  23: 'f11',
  24: 'f12',
};

function inputOf(sequence: RegExpExecArray): readonly Input[] {
  const [bytes] = sequence;
  const { old, console, params = '', final, shift = '', ss3 } = sequence.groups ?? {};
  if (old !== undefined) {
    const [button, x, y] = [0, 1, 2].map(i => old.charCodeAt(i) - 32) as [number, number, number];
    return mouse(button, x, y);
  }
  if (console !== undefined) return [key(`f${console.charCodeAt(0) - 0x40}`, bytes)];
  if (params.startsWith('<')) {
    const [button = 0, x = 1, y = 1] = params.slice(1).split(';').map(Number);
    return final === 'M' ? mouse(button, x, y) : [];
  }
  // focus that comes and goes is not a key; neither is a reply
  if (final === undefined && ss3 === undefined) return [];
  if ((final === 'I' || final === 'O') && params === '') return [];
  const [first = '', second = ''] = (ss3 === undefined ? params : `1;${shift || '1'}`).split(';');
  const name =
    ss3 === 'M'
      ? 'enter'
      : ss3 !== undefined
        ? letters[ss3]
        : final === '~'
          ? numbers[first]
          : letters[final!];
  // of no name, and still for a guest that is typed into
  return [key(name === undefined ? 'unknown' : withModifiers(name, Number(second || '1') - 1), bytes)];
}

const withModifiers = (name: string, bits: number): string =>
  `${bits & 4 ? 'C-' : ''}${bits & 10 ? 'M-' : ''}${bits & 1 && name !== 'S-tab' ? 'S-' : ''}${name}`;

/** A press of a button, or a turn of the wheel; moves and releases mean nothing here. */
function mouse(button: number, x: number, y: number): readonly Input[] {
  const at = { x: x - 1, y: y - 1 };
  if (button & 64) return [{ type: 'mouse', action: button & 1 ? 'down' : 'up', ...at }];
  return button & 32 || (button & 3) === 3 ? [] : [{ type: 'mouse', action: 'click', ...at }];
}
