// SPDX-License-Identifier: GPL-2.0-only
/** A terminal in this process: blessed writes to it, xterm's own code says what a person would see. */
import { PassThrough, Writable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import xterm from '@xterm/headless';
import type { Line } from '../../src/tui/span.ts';
import { openScreen } from '../../src/tui/screen.ts';
import type { Message } from '../../src/tui/state.ts';

export interface Fake {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  type(text: string): void;
  resize(columns: number, rows: number): void;
  /** The screen as text, after all that was written has arrived. */
  text(): Promise<string>;
  /** Everything that was written, escape sequences and all. */
  readonly written: () => string;
}

export function fakeTerminal(columns: number, rows: number): Fake {
  const terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
  const chunks: string[] = [];
  const output = new Writable({
    write(chunk: Buffer | string, _encoding, done) {
      chunks.push(chunk.toString());
      terminal.write(chunk.toString());
      done();
    },
  });
  Object.assign(output, { columns, rows, isTTY: true });
  const input = new PassThrough();
  const raw = { isTTY: true, isRaw: false, setRawMode: (on: boolean) => Object.assign(input, { isRaw: on }) };
  Object.assign(input, raw);
  return {
    input: input as unknown as NodeJS.ReadStream,
    output: output as unknown as NodeJS.WriteStream,
    type: text => void input.write(text),
    resize(width, height) {
      terminal.resize(width, height);
      Object.assign(output, { columns: width, rows: height });
      output.emit('resize');
    },
    async text() {
      // blessed gathers what it writes until the next turn
      await nextTurn();
      await new Promise<void>(resolve => terminal.write('', resolve));
      const { active } = terminal.buffer;
      return Array.from(
        { length: terminal.rows },
        (_, y) => active.getLine(y)?.translateToString(true) ?? '',
      ).join('\n');
    },
    written: () => chunks.join(''),
  };
}

/** What a person sees of these lines. */
export async function shown(lines: readonly Line[], width: number, height: number): Promise<string> {
  const fake = fakeTerminal(width, height);
  const told: Message[] = [];
  const screen = openScreen(
    { input: fake.input, output: fake.output, terminal: 'xterm', unicode: true, color: true, mouse: false },
    message => told.push(message),
  );
  screen.draw(lines);
  const text = await fake.text();
  screen.close();
  return text;
}
