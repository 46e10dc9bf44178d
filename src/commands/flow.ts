// SPDX-License-Identifier: GPL-2.0-only
/** `initbench flow list`: the ways to boot, what each takes, and the payloads and formats there are. */
import { z } from 'zod';
import { listFlows } from '../boot/registry.ts';
import { document, flag, list, object, text, texts } from '../document.ts';
import type { Work } from '../events.ts';
import { listFormats, listPayloads } from '../image/registry.ts';
import { command } from './command.ts';

const named = object({ id: text, summary: text });
const flowListSchema = object({
  flows: list(
    object({
      ...named.unwrap().shape,
      kernel: z.enum(['any', 'series']),
      usesPayload: flag,
      formats: texts,
    }),
  ),
  payloads: list(named),
  formats: list(named),
});
export type FlowList = z.infer<typeof flowListSchema>;

const flowsDocument = document('initbench.flows/1', 'flow list: flows, payloads and formats', flowListSchema);

export const flowList = command({
  id: 'flow list',
  summary: 'list the boot flows, the payloads and the formats',
  examples: ['flow list', 'flow list --json'],
  parse: () => null,
  async *run(): Work<FlowList> {
    const [flows, payloads, formats] = await Promise.all([listFlows(), listPayloads(), listFormats()]);
    return {
      flows: flows.map(({ id, summary, kernel, formats: own, usesPayload }) => ({
        ...{ id, summary, kernel, usesPayload },
        formats: own,
      })),
      payloads: payloads.map(({ id, summary }) => ({ id, summary })),
      formats: formats.map(({ id, summary }) => ({ id, summary })),
    };
  },
  text: ({ flows, payloads, formats }) => [
    'flows:',
    ...lines(flows),
    ...flows.map(flow => `  ${flow.id} boots ${flow.formats.join(', ')} on ${kernelWords[flow.kernel]}`),
    '',
    'payloads:',
    ...lines(payloads),
    '',
    'formats:',
    ...lines(formats),
  ],
  json: flowsDocument.of,
});

const kernelWords = { any: 'any kernel', series: 'a kernel that carries a series' } as const;

function lines(items: readonly { readonly id: string; readonly summary: string }[]): readonly string[] {
  const width = Math.max(...items.map(({ id }) => id.length));
  return items.map(({ id, summary }) => `  ${id.padEnd(width)}  ${summary}`);
}
