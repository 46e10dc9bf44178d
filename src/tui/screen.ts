// SPDX-License-Identifier: GPL-2.0-only
/** The terminal: cells from lines through blessed, which knows terminfo and writes what has changed; keys, pastes and
 *  the mouse as messages; and all of it given back. Text goes into cells as it is: nothing in it is one of blessed's tags. */
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import blessed from 'blessed';
import { columnsOf, graphemesOf, isSimple } from './cells.ts';
import { type Input, openDecoder } from './input.ts';
import type { Color, Line, Style } from './span.ts';
import type { Message } from './state.ts';

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
  /** Control sequences that show nothing, as they are. */
  send(bytes: string): void;
  mouse(on: boolean): void;
  /** The terminal is as it was before. May be called again. */
  close(): void;
}

/** What of blessed's Screen and Program is used; its own types leave the cells out. */
interface Blessed {
  lines: ([number, string][] & { dirty?: boolean })[];
  draw(start: number, end: number): void;
  realloc(): void;
  destroy(): void;
  readonly tput: {
    readonly colors: number;
    brokenACS: boolean;
    unicode: boolean;
    cup(row: number, column: number): string;
  };
  readonly program: {
    on(event: string, listener: (...args: never[]) => void): void;
    pause(): () => void;
    normalBuffer(): void;
    alternateBuffer(): void;
    showCursor(): void;
    hideCursor(): void;
    setMouse(modes: Readonly<Record<string, boolean>>, on: boolean): void;
    disableMouse(): void;
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

const bracketedPaste = { on: '\x1b[?2004h', off: '\x1b[?2004l' };

export function openScreen(options: ScreenOptions, tell: (message: Message) => void): TerminalScreen {
  const { input, color } = options;
  // the only way out to the terminal: what others write to the stream is none of it
  const output = outputOf(options.output);
  const screen = blessed.screen({
    // what comes in is decoded by us
    input: new PassThrough(),
    output: output as unknown as NodeJS.WriteStream,
    terminal: options.terminal,
    forceUnicode: options.unicode,
    fullUnicode: false,
    smartCSR: false,
    useBCE: true,
    resizeTimeout: resizeMs,
    warnings: false,
    autoPadding: false,
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

  const keys = openKeys(input, tell);
  const take = () => {
    output.write(bracketedPaste.on);
    keys.take();
  };
  const give = () => {
    keys.give();
    output.write(bracketedPaste.off);
  };
  take();
  // the Linux console has its mouse from gpm
  const mouseModes = {
    vt200Mouse: true,
    sgrMouse: true,
    ...(options.terminal.startsWith('linux') && { gpmMouse: true }),
  };
  program.on('mouse', ({ action, x, y }: { action: string; x: number; y: number }) => {
    const meant = ({ mousedown: 'click', wheelup: 'up', wheeldown: 'down' } as const)[action];
    if (meant && !lent) tell({ type: 'mouse', action: meant, x, y });
  });
  program.on('resize', () => tell({ type: 'resize', width: program.cols, height: program.rows }));
  if (options.mouse) program.setMouse(mouseModes, true);

  const setCell = (y: number, x: number, attribute: number, text: string) => {
    const row = screen.lines[y]!;
    const cell = row[x]!;
    if (cell[0] === attribute && cell[1] === text) return;
    cell[0] = attribute;
    cell[1] = text;
    row.dirty = true;
  };
  /** A grapheme that may be wider than a cell, or narrower in the terminal's opinion: what follows is placed anew. */
  const setGrapheme = (y: number, x: number, attribute: number, grapheme: string, columns: number) => {
    const { tput } = screen;
    const shown = options.unicode ? grapheme : '?'.repeat(columns);
    const clear = columns > 1 ? ' '.repeat(columns) + tput.cup(y, x) : '';
    setCell(y, x, attribute, clear + shown + tput.cup(y, x + 1));
    for (let i = 1; i < columns; i++) setCell(y, x + i, attribute, tput.cup(y, x + i + 1));
  };

  return {
    get size() {
      return { width: program.cols, height: program.rows };
    },
    draw(lines) {
      if (closed || lent) return;
      for (const [y, row] of screen.lines.entries()) {
        let x = 0;
        for (const { text, style } of lines[y] ?? []) {
          const attribute = attributeOf(style);
          if (isSimple(text)) {
            for (let i = 0; i < text.length && x < row.length; i++, x++) setCell(y, x, attribute, text[i]!);
            continue;
          }
          for (const grapheme of graphemesOf(text)) {
            const columns = columnsOf(grapheme);
            if (x + columns > row.length) break;
            if (isSimple(grapheme)) setCell(y, x, attribute, grapheme);
            else setGrapheme(y, x, attribute, grapheme, columns);
            x += columns;
          }
        }
        for (; x < row.length; x++) setCell(y, x, attributeOf(undefined), ' ');
      }
      screen.draw(0, screen.lines.length - 1);
    },
    forget: () => screen.realloc(),
    async lend(use) {
      give();
      // pause() drops what it has not written yet, and that would be these
      program.normalBuffer();
      program.showCursor();
      program.flush();
      const resume = program.pause();
      lent = true;
      try {
        return await use();
      } finally {
        lent = false;
        resume();
        program.alternateBuffer();
        program.hideCursor();
        take();
        screen.realloc();
      }
    },
    send(bytes) {
      if (closed || lent) return;
      program.flush();
      output.write(bytes);
    },
    mouse: on => (on ? program.setMouse(mouseModes, true) : program.disableMouse()),
    close() {
      if (closed) return;
      closed = true;
      try {
        give();
        program.disableMouse();
      } finally {
        output.close();
        screen.destroy();
      }
    },
  };
}

/** A stream of our own to the terminal: it goes on when the writing of everybody else is caught. */
function outputOf(terminal: NodeJS.WriteStream) {
  const write = terminal.write.bind(terminal);
  const events = new EventEmitter();
  const resized = () => events.emit('resize');
  terminal.on('resize', resized);
  return Object.defineProperties(
    Object.assign(events, {
      isTTY: true,
      write: (text: string) => write(text),
      close: () => terminal.removeListener('resize', resized),
    }),
    {
      columns: { get: () => terminal.columns },
      rows: { get: () => terminal.rows },
      writable: { get: () => terminal.writable },
    },
  );
}

/** The raw keyboard, while it is ours. */
function openKeys(input: NodeJS.ReadStream, tell: (input: Input) => void) {
  const utf8 = new StringDecoder('utf8');
  const decoder = openDecoder();
  let timer: NodeJS.Timeout | undefined;
  const pass = (found: readonly Input[]) => {
    for (const one of found) tell(one);
    clearTimeout(timer);
    const patience = decoder.patienceMs;
    if (patience !== undefined) timer = setTimeout(() => pass(decoder.flush()), patience);
  };
  const onData = (chunk: Buffer | string) =>
    pass(decoder.push(typeof chunk === 'string' ? chunk : utf8.write(chunk)));
  return {
    take() {
      input.setRawMode?.(true);
      input.on('data', onData);
      input.resume();
    },
    give() {
      clearTimeout(timer);
      decoder.flush();
      input.removeListener('data', onData);
      input.pause();
      if (input.isRaw) input.setRawMode?.(false);
    },
  };
}
