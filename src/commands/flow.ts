// SPDX-License-Identifier: GPL-2.0-only
/** `initbench flow list`: the ways to boot, what each takes, and the payloads and formats there are. */
import type { Flow } from '../boot/boot.ts';
import { listFlows } from '../boot/registry.ts';
import type { Work } from '../events.ts';
import { listFormats, listPayloads } from '../image/registry.ts';
import type { Command } from './command.ts';

export interface FlowList {
  readonly flows: readonly Pick<Flow, 'id' | 'summary' | 'kernel' | 'formats' | 'usesPayload'>[];
  readonly payloads: readonly { readonly id: string; readonly summary: string }[];
  readonly formats: readonly { readonly id: string; readonly summary: string }[];
}

export const flowList: Command<null, FlowList> = {
  id: 'flow list',
  summary: 'list the boot flows, the payloads and the formats',
  examples: ['flow list', 'flow list --json'],
  positional: [],
  options: [],
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
    ...named(flows),
    ...flows.map(flow => `  ${flow.id} boots ${flow.formats.join(', ')} on ${kernelWords[flow.kernel]}`),
    '',
    'payloads:',
    ...named(payloads),
    '',
    'formats:',
    ...named(formats),
  ],
  json: list => ({ schema: 'initbench.flows/1', ...list }),
};

const kernelWords = { any: 'any kernel', series: 'a kernel that carries a series' } as const;

function named(items: readonly { readonly id: string; readonly summary: string }[]): readonly string[] {
  const width = Math.max(...items.map(({ id }) => id.length));
  return items.map(({ id, summary }) => `  ${id.padEnd(width)}  ${summary}`);
}
