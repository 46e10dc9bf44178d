// SPDX-License-Identifier: GPL-2.0-only
/** `initbench completion`: the script that has a shell complete our command lines, and what that script asks. */
import { readFile } from 'node:fs/promises';
import { UserError } from '../host/errors.ts';
import type { Work } from '../events.ts';
import { document, object, texts } from '../document.ts';
import { type AnyCommand, command } from './command.ts';
import { commonOptions, helpOption } from './options.ts';
import { candidatesAt, shells } from './complete.ts';
import { choice, whole } from './typed.ts';

const completionDocument = document(
  'initbench.completion/1',
  'completion: the lines of the script, or the words that may stand at a place',
  object({ lines: texts }),
);

type Input = { readonly shell: string } | { readonly words: readonly string[]; readonly at: number };

/** `load` has the heads of all commands. */
export const completionCommand = (load: () => Promise<readonly AnyCommand[]>) =>
  command({
    id: 'completion',
    summary: 'print the script that has bash, zsh or fish complete the command line',
    examples: ['completion bash', 'completion --at 1 -- series ver'],
    positional: [{ usage: '[shell]', summary: 'bash, zsh or fish' }],
    ofShell: true,
    options: [
      {
        usage: '--at <number>',
        summary: 'for the script: words that may stand at that place behind --',
        type: whole(0, 10_000),
      },
    ],
    parse({ options: { at }, words: [shell], rest }): Input {
      if (at !== undefined) return { words: rest, at };
      if (shell === undefined) {
        throw new UserError('a shell is missing', {
          hint: `initbench completion SHELL: ${shells.join(', ')}`,
        });
      }
      return { shell: choice(shells)(shell, 'completion') };
    },
    async *run(workspace, input): Work<readonly string[]> {
      if ('shell' in input) {
        const script = new URL(`../../completion/initbench.${input.shell}`, import.meta.url);
        return (await readFile(script, 'utf8')).trimEnd().split('\n');
      }
      const { words, at } = input;
      const isBegun = (word: string) => word.startsWith(words[at] ?? '');
      const candidates = candidatesAt(await load(), words, at, [...commonOptions, helpOption]);
      if ('words' in candidates) return candidates.words.filter(isBegun);
      const { valuesOf } = await import('./values.ts');
      return (await valuesOf(workspace, candidates.values)).filter(isBegun);
    },
    text: lines => lines,
    json: lines => completionDocument.of({ lines }),
  });
