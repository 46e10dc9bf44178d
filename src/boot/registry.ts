// SPDX-License-Identifier: GPL-2.0-only
/** The boot flows: the folder flow/ is the registry. */
import { loadRegistry } from '../image/registry.ts';
import { unknownName } from '../workspace.ts';
import type { Flow } from './boot.ts';

/** All flows, sorted by id. */
export const listFlows = (): Promise<Flow[]> => loadRegistry<Flow>(new URL('flow', import.meta.url));

/** @throws UserError with the sorted list of flows when there is none of that name */
export async function findFlow(id: string): Promise<Flow> {
  const flows = await listFlows();
  const flow = flows.find(candidate => candidate.id === id);
  if (flow) return flow;
  throw unknownName(
    'flow',
    id,
    flows.map(candidate => candidate.id),
  );
}
