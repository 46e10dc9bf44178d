// SPDX-License-Identifier: GPL-2.0-only
/** The boot flows and the machines: the folders flow/ and machine/ are the registries. */
import { UserError } from '../host/errors.ts';
import { loadRegistry } from '../image/registry.ts';
import { archOf } from '../kernel/architecture.ts';
import { makeVariables } from '../kernel/variables.ts';
import { unknownName, type Workspace } from '../workspace.ts';
import type { Flow } from './flow.ts';
import type { Machine } from './machine.ts';

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

/** All machines, sorted by id. */
export const machines: readonly Machine[] = await loadRegistry<Machine>(new URL('machine', import.meta.url));

/** The machine of that name, or that the environment's ARCH asks for, or that is like the host.
 *  @throws UserError as findMachine() */
export function chosenMachine({ environment }: Workspace, name: string | undefined): Machine {
  const arch = name ?? archOf(makeVariables(environment, []));
  return findMachine(arch === 'x86' ? 'x86_64' : arch);
}

/** What a kernel of that architecture is booted on. @throws UserError with the sorted list when there is none */
export function findMachine(arch: string): Machine {
  const machine = machines.find(candidate => candidate.id === arch);
  if (machine) return machine;
  throw new UserError(`initbench boots no ${arch} kernels`, {
    hint: `it boots: ${machines.map(({ id }) => id).join(', ')}`,
  });
}
