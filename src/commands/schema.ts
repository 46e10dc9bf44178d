// SPDX-License-Identifier: GPL-2.0-only
/** `initbench schema`: the formats that programs read, by name; of one the JSON Schema. */
import { document, type Format, formats, jsonSchema, list, object, text } from '../document.ts';
import { textGrid } from '../measure/grid.ts';
import type { Work } from '../events.ts';
import { unknownName } from '../workspace.ts';
import { command } from './command.ts';
import './failure.ts';

const schemasDocument = document(
  'initbench.schemas/1',
  'schema: the names of all formats',
  object({ schemas: list(object({ name: text, summary: text })) }),
);

type SchemaProduct = { readonly format: Format } | { readonly formats: readonly Format[] };

/** `loadAll`: loads every module that names a format. */
export const schemaCommand = (loadAll: () => Promise<unknown>) =>
  command({
    id: 'schema',
    summary: 'print the JSON Schema of what --json prints, or of a record; without a name, list them',
    examples: ['schema', 'schema comparison', 'schema initbench.error/1'],
    positional: [{ usage: '[name]', summary: 'comparison, or in full initbench.comparison/1' }],
    parse: ({ words: [word] }) => word,
    async *run(_workspace, name): Work<SchemaProduct> {
      // a module that is loaded has named its formats
      await loadAll();
      const all = formats();
      if (name === undefined) return { formats: all };
      const format = all.find(each => each.name === name || shortName(each) === name);
      if (format) return { format };
      throw unknownName('schema', name, all.map(shortName));
    },
    text: product =>
      'format' in product
        ? JSON.stringify(jsonSchema(product.format), null, 2).split('\n')
        : textGrid(product.formats.map(({ name, summary }) => [name, summary])).map(line => line.trimEnd()),
    json: product =>
      'format' in product
        ? jsonSchema(product.format)
        : schemasDocument.of({ schemas: product.formats.map(({ name, summary }) => ({ name, summary })) }),
  });

/** 'comparison' of 'initbench.comparison/1'. */
const shortName = ({ name }: Format): string => name.slice('initbench.'.length).replace(/\/\d+$/, '');
