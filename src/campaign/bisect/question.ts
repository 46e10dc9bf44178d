// SPDX-License-Identifier: GPL-2.0-only
/** What a bisection asks of each commit: does it boot, or is a figure of its boots above a limit. Boots one kernel as
 *  often as the answer takes. */
import { z } from 'zod';
import type { BootRun, Clock } from '../../boot/boot.ts';
import { planBoot } from '../../boot/plan.ts';
import { findFlow } from '../../boot/registry.ts';
import { bootOnce } from '../../boot/run.ts';
import { list, number, object, text, texts } from '../../document.ts';
import type { Outcome, Work } from '../../events.ts';
import { Interrupted, UserError, exitCodes } from '../../host/errors.ts';
import { collectPayload } from '../../image/collect.ts';
import { programsArch } from '../../kernel/architecture.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { runFigures } from '../../measure/figures.ts';
import { describeOutcome } from '../../measure/table.ts';
import type { Workspace } from '../../workspace.ts';
import { fewestSamples, judge, mostSamples } from './judge.ts';

/** `init`: RunFigures.init; `used`: RunFigures.total; `memory`: bytes at /init that are not free. */
export const metrics = ['init', 'used', 'memory'] as const;
export type Metric = (typeof metrics)[number];

export type Question =
  | { readonly kind: 'outcome' }
  | {
      readonly kind: 'metric';
      readonly metric: Metric;
      /** Instructions, milliseconds or bytes. */
      readonly above: number;
    };

export interface Boots {
  readonly flow: string;
  readonly payload: string;
  readonly padBytes: number;
  readonly format?: string | undefined;
  readonly append: readonly string[];
  readonly memoryMiB: number;
  readonly cpus: number;
  readonly clock: Clock;
  readonly usedPercent: number;
  readonly timeoutMs?: number | undefined;
  /** A fault that shows sometimes: bad when one of so many boots is; outcome only. */
  readonly times: number;
}

/** What a commit is. `skip`: nothing was found out, and why. */
export const verdictSchema = object({
  mark: z.enum(['good', 'bad', 'skip']),
  why: text,
  runs: texts,
  samples: list(number).exactOptional(),
});
export type Verdict = z.infer<typeof verdictSchema>;

/** Boots and judges. @throws UserError when it cannot be booted here at all: QEMU missing, the flow needs a series */
export async function* ask(
  workspace: Workspace,
  kernel: Kernel,
  boots: Boots,
  question: Question,
  label: string,
  signal: AbortSignal,
): Work<Verdict> {
  return question.kind === 'outcome'
    ? yield* askOutcome(workspace, kernel, boots, label, signal)
    : yield* askMetric(workspace, kernel, boots, question, label, signal);
}

async function* askOutcome(
  workspace: Workspace,
  kernel: Kernel,
  boots: Boots,
  label: string,
  signal: AbortSignal,
): Work<Verdict> {
  const runs: string[] = [];
  for (let time = 0; time < boots.times; time++) {
    const run = yield* boot(workspace, kernel, boots, label, time, signal);
    runs.push(run.id);
    if (run.outcome.kind !== 'ready') return { mark: 'bad', why: describeOutcome(run.outcome), runs };
  }
  return { mark: 'good', why: boots.times === 1 ? 'ready' : `ready ${boots.times} times`, runs };
}

async function* askMetric(
  workspace: Workspace,
  kernel: Kernel,
  boots: Boots,
  { metric, above }: Question & { kind: 'metric' },
  label: string,
  signal: AbortSignal,
): Work<Verdict> {
  const runs: string[] = [];
  const samples: number[] = [];
  while (samples.length < mostSamples) {
    const run = yield* boot(workspace, kernel, boots, label, samples.length, signal);
    runs.push(run.id);
    if (run.outcome.kind !== 'ready') return { mark: 'skip', why: describeOutcome(run.outcome), runs };
    const value = figureOf(run, metric);
    if (value === undefined) return { mark: 'skip', why: `the boot told no ${metric}`, runs };
    samples.push(value);
    if (samples.length < fewestSamples) continue;
    const judgement = judge(samples, above);
    if (judgement === 'unclear') continue;
    const why = `${metric} of ${samples.length} boots is ${judgement} the limit`;
    return { mark: judgement === 'above' ? 'bad' : 'good', why, runs, samples };
  }
  return { mark: 'skip', why: `${metric} of ${samples.length} boots lies around the limit`, runs, samples };
}

export function figureOf(run: BootRun, metric: Metric): number | undefined {
  const { init, total, memory } = runFigures(run);
  if (metric === 'init') return init;
  if (metric === 'used') return total;
  const use = memory.find(({ at }) => at === 'init');
  return use && use.total - use.free;
}

/** icount repeats to the last digit: each boot but the first of a kernel has another layout. */
async function* boot(
  workspace: Workspace,
  kernel: Kernel,
  boots: Boots,
  label: string,
  time: number,
  signal: AbortSignal,
): Work<BootRun> {
  const flow = await findFlow(boots.flow);
  const { padBytes, memoryMiB, cpus, clock, usedPercent, append, format, timeoutMs } = boots;
  const about = { padBytes, arch: programsArch(kernel.arch) };
  const payload = yield* collectPayload(workspace, boots.payload, about, signal);
  const plan = yield* planBoot(
    workspace,
    {
      ...{ flow, kernel, payload, format, append, memoryMiB, cpus, clock, timeoutMs },
      row: `${flow.id}@${label}`,
      used: [usedPercent],
      variant: clock === 'icount' ? time : undefined,
    },
    signal,
  );
  const run = yield* bootOnce(workspace, plan, signal);
  requireGuest(run.outcome);
  return run;
}

/** A boot that says nothing of the kernel ends the bisection: it would be the same for every commit. */
function requireGuest(outcome: Outcome): void {
  if (outcome.kind === 'interrupted') throw new Interrupted();
  if (outcome.kind !== 'qemu-failed' && outcome.kind !== 'machine-failed') return;
  throw new UserError(describeOutcome(outcome), {
    hint: 'initbench doctor checks the tools',
    exitCode: exitCodes.environment,
  });
}
