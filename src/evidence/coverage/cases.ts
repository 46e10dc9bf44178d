// SPDX-License-Identifier: GPL-2.0-only
/** What is booted to find out which lines are run: what the requirements boot, the series' KUnit suites among it, and
 *  damaged images. */
import { readFile } from 'node:fs/promises';
import type { BootPlan } from '../../boot/machine.ts';
import type { Work } from '../../events.ts';
import { exitCodes, UserError } from '../../host/errors.ts';
import { digestOf, shortDigest } from '../../host/files.ts';
import { buildGuestPrograms } from '../../image/guest.ts';
import { programsArch } from '../../kernel/architecture.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { type KernelRequest, prepare } from '../../kernel/prepare.ts';
import type { Workspace } from '../../workspace.ts';
import { formatCase, generatorVersion, makeCase } from '../fuzz/case.ts';
import { allBases } from '../fuzz/fuzz.ts';
import { initrdPlan, openBench, writeTo } from '../fuzz/machine.ts';
import type { Bench } from '../verify/initrd.ts';
import { missingOption } from '../verify/kernels.ts';
import { listRequirements } from '../verify/registry.ts';
import { kernels, spokenId, type Trial } from '../verify/requirement.ts';
import { type PlannedTrial, planTrial } from '../verify/trial.ts';
import { type Counting, countingKernel, type ReadableMachine, variablesFor } from './counters.ts';

/** Of a guest that boots a damaged image: this kernel is not the small one that others are booted on. */
const memoryMiB = 512;

/** Kinds of boots, as the table's columns call them. */
export const kinds = ['boots', 'kunit', 'fuzz'] as const;
export type Kind = (typeof kinds)[number];

/** One boot. */
export interface Case {
  readonly key: string;
  readonly label: string;
  readonly kind: Kind;
  readonly plan: (folder: string) => Promise<BootPlan>;
}

export interface CasesRequest {
  readonly series: string;
  readonly tree: string;
  /** Damaged images of each layout. */
  readonly fuzz: number;
  readonly machine: ReadableMachine;
}

/** One kernel boots them all: that of the requirements that need most. */
export async function* casesOf(
  workspace: Workspace,
  { series, tree, fuzz, machine }: CasesRequest,
  sources: readonly string[],
  signal: AbortSignal,
): Work<{ readonly cases: readonly Case[]; readonly counting: Counting }> {
  const fragments = [...workspace.settings.fragments, ...kernels.verify.fragments, 'coverage'];
  const asked = { kernel: series, tree, fragments, variables: variablesFor(sources) };
  const kernel = yield* kernelOf(workspace, asked, signal);
  const counting = await countingKernel(kernel, machine, sources);
  const guest = yield* buildGuestPrograms(workspace, programsArch(kernel.arch), signal);
  const bench: Bench = { workspace, kernel, guest, made: new Map() };
  const cases = new Map<string, Case>();
  for (const { id, boots } of await listRequirements()) {
    for (const [name, trial] of Object.entries(boots)) {
      if (trial.kernel.carries !== 'series' || (await missingOption(kernel, trial))) continue;
      const label = `${spokenId(id)} ${name}`;
      const one = yield* planned(bench, { name: label, trial }, signal);
      if (!one) continue;
      const kind = trial.append?.includes('kunit.enable=1') ? 'kunit' : 'boots';
      cases.set(one.key, { key: one.key, label, kind, plan: async () => one.plan });
    }
  }
  const fuzzed = fuzz > 0 ? yield* fuzzCases(bench, fuzz, signal) : [];
  return { cases: [...cases.values(), ...fuzzed], counting };
}

/** An older tree has not every option that some requirement needs. */
async function* kernelOf(workspace: Workspace, asked: KernelRequest, signal: AbortSignal): Work<Kernel> {
  const prepared = yield* prepare(workspace, { ...asked, allowLost: true }, signal);
  if (prepared.kind === 'kernel') return prepared.kernel;
  throw new UserError(`${asked.kernel} does not apply to ${asked.tree}`, {
    hint: `initbench series apply ${asked.kernel} --tree ${asked.tree} shows more`,
    exitCode: exitCodes.conflict,
  });
}

/** Undefined when what it is made of is not installed. */
async function* planned(
  bench: Bench,
  about: { readonly name: string; readonly trial: Trial },
  signal: AbortSignal,
): Work<PlannedTrial | undefined> {
  try {
    return yield* planTrial(bench, about, signal);
  } catch (error) {
    if (error instanceof UserError && error.exitCode === exitCodes.environment) return undefined;
    throw error;
  }
}

async function* fuzzCases(
  { workspace, kernel, guest }: Bench,
  count: number,
  signal: AbortSignal,
): Work<Case[]> {
  const walker = await readFile(guest.walker);
  const bases = yield* allBases(workspace, [], signal);
  const bench = { ...(yield* openBench(workspace, kernel, 1, signal)), memoryMiB };
  const setting = shortDigest(
    digestOf([generatorVersion, memoryMiB, walker.toString('hex'), bases.map(({ digest }) => digest)]),
  );
  return bases.flatMap(({ layout }) =>
    Array.from({ length: count }, (_, index): Case => {
      const name = { seed: 1, layout: layout.id, index };
      const label = formatCase(name);
      return {
        ...{ key: `${setting} ${label}`, label, kind: 'fuzz' },
        async plan(folder) {
          const { initrd } = makeCase(name, bases, walker);
          return initrdPlan(bench, await writeTo(folder, 'initrd', initrd), initrd.length, label);
        },
      };
    }),
  );
}
