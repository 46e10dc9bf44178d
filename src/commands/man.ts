// SPDX-License-Identifier: GPL-2.0-only
/** `initbench man`: the manual page of the whole, or of a verb, for man(1). */
import { document, object, texts } from '../document.ts';
import type { Work } from '../events.ts';
import { unknownName } from '../workspace.ts';
import { type AnyCommand, command } from './command.ts';
import { mainPage, verbPage } from './manpage.ts';

const manDocument = document('initbench.man/1', 'man: the lines of a manual page', object({ lines: texts }));

/** `load` has the heads of all commands. */
export const manCommand = (load: () => Promise<readonly AnyCommand[]>) =>
  command({
    id: 'man',
    summary: 'print a manual page: initbench man | man -l -',
    examples: ['man | man -l -', 'man series verify | man -l -', 'man compare > initbench-compare.1'],
    positional: [{ usage: '[verb...]', summary: 'its words; default: the page of initbench itself' }],
    ofShell: true,
    parse: ({ words }) => words.join(' '),
    async *run(_workspace, id): Work<readonly string[]> {
      const commands = await load();
      if (id === '') return mainPage(commands);
      const command = commands.find(each => each.id === id);
      if (command) return verbPage(command);
      throw unknownName(
        'verb',
        id,
        commands.map(each => each.id),
      );
    },
    text: lines => lines,
    json: lines => manDocument.of({ lines }),
  });
