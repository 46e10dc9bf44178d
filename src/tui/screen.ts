// SPDX-License-Identifier: GPL-2.0-only
/** The terminal, through blessed: cells from lines, key presses and the mouse as messages, and all of it given back.
 *  Text goes into blessed's cells as it is, so that nothing in it is taken for one of blessed's tags. */
import blessed from 'blessed';
import type { Color, Line, Style } from './span.ts';
import type { Key, Message } from './state.ts';

export interface ScreenOptions {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  /** As in TERM. */
  readonly terminal: string;
  readonly unicode: boolean;
  readonly color: boolean;
  readonly mouse: boolean;
}

export interface TerminalScreen {
  readonly size: { readonly width: number; readonly height: number };
  draw(lines: readonly Line[]): void;
  /** Draws everything at the next draw(), whatever is believed to be there. */
  forget(): void;
  /** Gives the terminal to somebody else for that long. */
  lend<Result>(use: () => Promise<Result>): Promise<Result>;
  /** Asks the terminal to put text into the clipboard (OSC 52). */
  copy(text: string): void;
  mouse(on: boolean): void;
  /** The terminal is as it was before. May be called again. */
  close(): void;
}

/** What of blessed's Screen and Program is used; its own types leave the cells out. */
interface Blessed {
  lines: ([number, string][] & { dirty?: boolean })[];
  draw(start: number, end: number): void;
  alloc(): void;
  realloc(): void;
  destroy(): void;
  enableMouse(): void;
  copyToClipboard(text: string): boolean;
  readonly tput: { readonly colors: number; brokenACS: boolean; unicode: boolean };
  readonly program: {
    on(event: string, listener: (...args: never[]) => void): void;
    pause(): () => void;
    enableMouse(): void;
    disableMouse(): void;
    _write(text: string): void;
    flush(): void;
    cols: number;
    rows: number;
  };
}

const colors: Readonly<Record<Color, number>> = {
  ...{ red: 1, green: 2, yellow: 3, blue: 4, magenta: 5, cyan: 6, white: 7, grey: 8 },
};
const none = 0x1ff;
/** Resizing by hand sends many sizes a second. */
const resizeMs = 40;

export function openScreen(options: ScreenOptions, tell: (message: Message) => void): TerminalScreen {
  const { input, output, color } = options;
  const screen = blessed.screen({
    ...{ input, output, terminal: options.terminal, forceUnicode: options.unicode, fullUnicode: false },
    ...{ smartCSR: false, useBCE: true, resizeTimeout: resizeMs, warnings: false, autoPadding: false },
  }) as unknown as Blessed;
  const { program } = screen;
  // box drawing goes out as UTF-8 or not at all: the alternate character set is lost in captures and over serial lines
  screen.tput.brokenACS = true;
  screen.tput.unicode = options.unicode;
  let closed = false;
  let lent = false;
  // the eight colours of a console have no bright black; black would not be seen
  const grey = screen.tput.colors >= 16 ? colors.grey : none;

  const attributes = new Map<Style, number>();
  const attributeOf = (style: Style | undefined): number => {
    if (!style) return (none << 9) | none;
    const known = attributes.get(style);
    if (known !== undefined) return known;
    const fg = !color || !style.fg ? none : style.fg === 'grey' ? grey : colors[style.fg];
    const flags = (style.bold ? 1 : 0) | (style.underline ? 2 : 0) | (style.inverse ? 8 : 0);
    const made = (flags << 18) | (fg << 9) | none;
    if (attributes.size > 500) attributes.clear();
    attributes.set(style, made);
    return made;
  };

  program.on('keypress', (text: string | undefined, key: RawKey) => {
    if (lent) return;
    // Esc and the next key in one piece, as a slow line brings them: no key of ours has Alt
    const behind = key.meta ? /^\x1b([\x20-\x7e\x1b])$/.exec(key.sequence ?? '')?.[1] : undefined;
    const made = behind === undefined ? keyOf(text, key) : escapeKey;
    if (made) tell({ type: 'key', key: made });
    const next = behind === undefined ? undefined : behind === '\x1b' ? escapeKey : keyOf(behind, {});
    if (next) tell({ type: 'key', key: next });
  });
  program.on('mouse', (data: { action: string; x: number; y: number }) => {
    const action = ({ mousedown: 'click', wheelup: 'up', wheeldown: 'down' } as const)[data.action];
    if (action) tell({ type: 'mouse', action, x: data.x, y: data.y });
  });
  program.on('resize', () => tell({ type: 'resize', width: program.cols, height: program.rows }));
  if (options.mouse) screen.enableMouse();

  return {
    get size() {
      return { width: program.cols, height: program.rows };
    },
    draw(lines) {
      if (closed || lent) return;
      for (const [y, row] of screen.lines.entries()) {
        let x = 0;
        for (const span of lines[y] ?? []) {
          const attribute = attributeOf(span.style);
          for (let i = 0; i < span.text.length && x < row.length; i++, x++) {
            const cell = row[x]!;
            const character = span.text[i]!;
            if (cell[0] === attribute && cell[1] === character) continue;
            cell[0] = attribute;
            cell[1] = character;
            row.dirty = true;
          }
        }
        const attribute = attributeOf(undefined);
        for (; x < row.length; x++) {
          const cell = row[x]!;
          if (cell[0] === attribute && cell[1] === ' ') continue;
          cell[0] = attribute;
          cell[1] = ' ';
          row.dirty = true;
        }
      }
      screen.draw(0, screen.lines.length - 1);
    },
    forget: () => screen.realloc(),
    async lend(use) {
      const resume = program.pause();
      lent = true;
      try {
        return await use();
      } finally {
        lent = false;
        resume();
        screen.realloc();
      }
    },
    copy: text => void screen.copyToClipboard(text),
    mouse: on => (on ? program.enableMouse() : program.disableMouse()),
    close() {
      if (closed) return;
      closed = true;
      screen.destroy();
    },
  };
}

const escapeKey: Key = { name: 'escape', bytes: '\x1b' };

interface RawKey {
  readonly name?: string;
  readonly full?: string;
  readonly ctrl?: boolean;
  readonly meta?: boolean;
  readonly sequence?: string;
}

/** One name a key: 'G' and not 'S-g'; Enter once, although blessed says it twice. */
function keyOf(text: string | undefined, key: RawKey): Key | undefined {
  if (key.name === 'return') return undefined;
  if (key.name === 'linefeed' || key.name === 'enter') return { name: 'enter', bytes: '\r' };
  if (key.name === 'space') return { name: 'space', text: ' ' };
  if (text === '\x1d') return { name: 'C-]' };
  const printable =
    text !== undefined && text.length === 1 && text >= ' ' && text !== '\x7f' && !key.ctrl && !key.meta;
  if (printable) return { name: text, text };
  if (key.full === undefined) return undefined;
  return { name: key.full, ...(key.sequence !== undefined && { bytes: key.sequence }) };
}
