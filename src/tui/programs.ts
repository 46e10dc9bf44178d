// SPDX-License-Identifier: GPL-2.0-only
/** Programs that get the terminal for a while, and the clipboard that it has. */
import path from 'node:path';
import { copyOf, tmuxQuestion, tmuxWords, type Written } from './clipboard.ts';
import { splitWords } from './complete.ts';
import { lineWords } from './editors.ts';
import type { TerminalScreen } from './screen.ts';
import type { Message } from './state.ts';

export interface ProgramDoors {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** A program that gets the terminal. */
  lendTo(argv: readonly string[], cwd: string): Promise<void>;
  /** A program that is asked something: its input, its answer. */
  ask(argv: readonly string[], input: string): Promise<string>;
  /** The command line of the user's editor, as git finds it. */
  editor(): Promise<string>;
  /** The file that a name on PATH stands for in the end, through links and alternatives. */
  programOf(name: string): Promise<string>;
  /** Stops us as Ctrl-Z does, and returns when we go on. */
  readonly suspend: () => Promise<void>;
}

export interface Programs {
  edit(file: string, line: number | undefined): Promise<void>;
  page(file: string): Promise<void>;
  shell(folder: string): Promise<void>;
  suspend(): Promise<void>;
  /** What can be said of it afterwards. */
  copy(text: string): Promise<string>;
}

export function openPrograms(
  screen: TerminalScreen,
  doors: ProgramDoors,
  send: (message: Message) => void,
): Programs {
  const { environment } = doors;

  const lend = async (argv: readonly string[], cwd: string, what: 'editor' | 'shell') => {
    await screen.lend(() => doors.lendTo(argv, cwd));
    send({ type: 'returned', what });
  };

  const written = ({ bytes, words }: Written): string => {
    screen.send(bytes);
    return words;
  };

  return {
    async edit(file, line) {
      const words = splitWords(await doors.editor());
      const program = await doors.programOf(words[0] ?? '');
      const at = line === undefined ? [] : lineWords(program, file, line);
      await lend([...words, ...(at.length > 0 ? at : [file])], path.dirname(file), 'editor');
    },
    page: file => lend([...splitWords(environment.PAGER || 'less'), file], path.dirname(file), 'editor'),
    shell: folder => lend([environment.SHELL || '/bin/sh'], folder, 'shell'),
    async suspend() {
      await screen.lend(doors.suspend);
      send({ type: 'returned', what: 'shell' });
    },
    async copy(text) {
      const how = copyOf(text, environment);
      if (how.kind === 'none') return how.words;
      if (how.kind === 'write') return written(how);
      try {
        await doors.ask(how.argv, text);
        return tmuxWords(await doors.ask(tmuxQuestion, ''));
      } catch {
        // a tmux that is older, or not reached from here
        return written(how.otherwise);
      }
    },
  };
}
