// SPDX-License-Identifier: GPL-2.0-only
/** The kernels that requirements need: each built once, and a bench for it on which initrds are made. */
import { readFile } from 'node:fs/promises';
import type { Work } from '../../events.ts';
import { exitCodes, UserError } from '../../host/errors.ts';
import { buildGuestPrograms } from '../../image/guest.ts';
import { formatLost } from '../../kconfig/fragment.ts';
import { programsArch } from '../../kernel/architecture.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { prepare } from '../../kernel/prepare.ts';
import { seriesNames } from '../../series/read.ts';
import type { Workspace } from '../../workspace.ts';
import type { Bench } from './initrd.ts';
import { kernelName, type KernelNeed, type Requirement, type Trial } from './requirement.ts';
import { optionsOf } from './trial.ts';

interface Asked {
  readonly series: string;
  readonly tree: string;
}

/** By what it is made of: a kernel, or why there is none. */
export type Kernels = ReadonlyMap<string, Kernel | string>;

export const needKey = ({ carries, fragments }: KernelNeed) => [carries, ...fragments].join(' ');

export const digestsOf = (kernels: Kernels) =>
  Object.fromEntries(
    [...kernels].flatMap(([need, kernel]) => (typeof kernel === 'string' ? [] : [[need, kernel.digest]])),
  );

export async function* prepareKernels(
  workspace: Workspace,
  request: Asked,
  requirements: readonly Requirement[],
  signal: AbortSignal,
): Work<Kernels> {
  const needs = requirements.flatMap(({ boots }) => Object.values(boots).map(({ kernel }) => kernel));
  const kernels = new Map<string, Kernel | string>();
  for (const need of needs) {
    const key = needKey(need);
    if (!kernels.has(key)) kernels.set(key, yield* kernelFor(workspace, request, need, signal));
  }
  return kernels;
}

async function* kernelFor(
  workspace: Workspace,
  { series, tree }: Asked,
  need: KernelNeed,
  signal: AbortSignal,
): Work<Kernel | string> {
  const name = kernelName(need, series);
  if (name !== 'base' && !(await seriesNames(workspace)).includes(name)) return `there is no series ${name}`;
  const fragments = [...workspace.settings.fragments, ...need.fragments];
  const asked = { kernel: name, tree, fragments };
  let prepared = yield* prepare(workspace, asked, signal);
  // an older tree has not every option that some requirement needs; which one does without is seen there
  if (prepared.kind === 'lost' && prepared.config.lost.every(({ fragment }) => fragment === 'verify')) {
    prepared = yield* prepare(workspace, { ...asked, allowLost: true }, signal);
  }
  if (prepared.kind === 'kernel') return prepared.kernel;
  if (prepared.kind === 'lost') {
    return `the kernel has not the options asked for: ${prepared.config.lost.map(formatLost).join('; ')}`;
  }
  throw new UserError(`${name} does not apply to ${tree}: ${prepared.patch}`, {
    hint: `initbench series apply ${name} --tree ${tree} shows more`,
    exitCode: exitCodes.conflict,
  });
}

/** By what a kernel is made of: a bench, or why there is no such kernel. */
export type Benches = ReadonlyMap<string, Bench | string>;

export async function* setUpBenches(
  workspace: Workspace,
  kernels: Kernels,
  signal: AbortSignal,
): Work<Benches> {
  const benches = new Map<string, Bench | string>();
  for (const [need, kernel] of kernels) {
    if (typeof kernel === 'string') {
      benches.set(need, kernel);
      continue;
    }
    const guest = yield* buildGuestPrograms(workspace, programsArch(kernel.arch), signal);
    benches.set(need, { workspace, kernel, guest, made: new Map() });
  }
  return benches;
}

/** An option that a boot cannot do without and the kernel has not. */
export async function missingOption(kernel: Kernel, { needs = [] }: Trial): Promise<string | undefined> {
  if (needs.length === 0) return undefined;
  const options = optionsOf(await readFile(kernel.files.config, 'utf8'), needs);
  return needs.find(name => options[name] === 'n');
}
