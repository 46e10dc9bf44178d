// SPDX-License-Identifier: GPL-2.0-only
/** `initbench config`: each setting as it is in effect, and the file it is from. */
import { document, list, object } from '../document.ts';
import type { Work } from '../events.ts';
import { textGrid } from '../measure/grid.ts';
import { type Origin, originSchema, originsOf } from '../workspace.ts';
import { command } from './command.ts';

const configDocument = document(
  'initbench.config-list/1',
  'config: each setting, and the file it is from',
  object({ settings: list(originSchema) }),
);

export const config = command({
  id: 'config',
  summary: 'show each setting and the file it is from: the nearest one wins',
  examples: ['config', 'config --json'],
  parse: () => null,
  async *run(workspace): Work<readonly Origin[]> {
    return originsOf(workspace);
  },
  text: origins =>
    textGrid(origins.map(({ key, value, file }) => [key, JSON.stringify(value), file ?? 'default'])).map(
      line => line.trimEnd(),
    ),
  json: settings => configDocument.of({ settings }),
});
