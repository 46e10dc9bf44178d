// SPDX-License-Identifier: GPL-2.0-only
/** The cells of a check that stand on boots: each flow on the kernels of a patch, and all of them under debug.config.
 *  Pure. */
import { kindOf } from '../../boot/findings.ts';
import { describeOutcome } from '../../measure/outcome.ts';
import { buildCell, type Cell, cell, judged, type Knowledge, none, notBuilt, open } from './cells.ts';
import {
  type Answer,
  type CheckedFlow,
  type CheckPlan,
  type Finding,
  flowsOf,
  numberOf,
  type Variant,
  variantsOf,
} from './check.ts';

export function flowCell(plan: CheckPlan, known: Knowledge, patch: number, flow: CheckedFlow): Cell {
  if (flow.kernel === 'any') {
    const variants = variantsOf(plan, patch).filter(variant => variant !== 'debug');
    return bootCell(plan, known, patch, flow, variants);
  }
  const { option } = plan.patches[patch]!;
  if (!option.exists) return none(option.reason);
  return bootCell(plan, known, patch, flow, ['on'], excuseOf(plan, known, patch, flow));
}

/** Why a flow of the series need not get there on this patch's kernel, undefined when it has to. The patch that
 *  completes the series is the first on whose kernel its flow boots, as far as is known: it has to boot at every later
 *  one, and at the last in any case. */
function excuseOf(plan: CheckPlan, known: Knowledge, patch: number, flow: CheckedFlow): string | undefined {
  const boots = (at: number) => known.boot(at, 'on', flow.id)?.outcome.kind === 'ready';
  const from = plan.patches.findIndex((_, at) => boots(at));
  if (patch === plan.patches.length - 1 || (from >= 0 && patch >= from)) return undefined;
  return from < 0 ? 'no patch completes it' : `patch ${numberOf(plan.patches[from]!)} completes it`;
}

/** What a kernel reports of an image it does not know, from unpacking it to the /init that is not there; that is how a
 *  flow ends which need not get there. */
const ofUnknownImage = (line: string): boolean => ['initrd', 'init'].includes(kindOf(line) ?? '');

/** One flow on kernels of one patch; `excuse` is why it need not get there. What it says on the way counts all the same. */
function bootCell(
  plan: CheckPlan,
  known: Knowledge,
  patch: number,
  flow: CheckedFlow,
  variants: readonly Variant[],
  excuse?: string,
): Cell {
  const built = variants.filter(variant => known.build(patch, variant)?.kind !== 'not-built');
  if (built.length === 0) return none(notBuilt);
  const runs = built.map(variant => ({ variant, run: known.boot(patch, variant, flow.id) }));
  if (runs.some(({ run }) => run === undefined)) return open;
  const findings = runs.flatMap(({ variant, run }) =>
    bootFindings(flow.id, variant, run!, excuse !== undefined),
  );
  const kernels = built.flatMap(variant => {
    const answer = known.build(patch, variant);
    return answer?.kind === 'built' ? [answer.kernel] : [];
  });
  const evidence = { kernels, runs: runs.map(({ run }) => run!.run) };
  if (excuse === undefined || findings.length > 0) return judged(findings, evidence);
  return cell('n/a', { reason: excuse, ...evidence });
}

function bootFindings(
  flow: string,
  variant: Variant,
  { outcome, trouble, run }: Extract<Answer, { kind: 'booted' }>,
  excused: boolean,
): Finding[] {
  const about = { level: 'error', type: flow } as const;
  const where = `option ${variant === 'off' ? 'off' : 'on'}${variant === 'debug' ? ', debug' : ''}, run ${run}`;
  const ended = outcome.kind === 'ready' || excused ? [] : [describeOutcome(outcome)];
  const said = trouble.filter(line => !(excused && ofUnknownImage(line)));
  return [...ended, ...said].map(text => ({ ...about, text: `${text} (${where})` }));
}

export function debugCell(plan: CheckPlan, known: Knowledge, patch: number): Cell {
  if (patch < plan.patches.length - 1) return none('asked of the last patch only');
  if (plan.noDebug !== undefined) return none(plan.noDebug);
  const build = known.build(patch, 'debug');
  if (build?.kind !== 'built') return buildCell(build);
  const cells = flowsOf(plan, patch, 'debug').map(flow => bootCell(plan, known, patch, flow, ['debug']));
  const findings = cells.flatMap(each => each.findings);
  if (findings.length === 0 && cells.some(each => each.verdict === 'open')) return open;
  return judged(findings, { kernels: [build.kernel], runs: cells.flatMap(each => each.runs) });
}
