// SPDX-License-Identifier: GPL-2.0-only
/** The matrix patch x question, from what was run: what passed, what failed with which findings, what cannot be asked
 *  of a patch and why. Pure. */
import type { Digest } from '../../events.ts';
import { describeOutcome } from '../../measure/table.ts';
import type { Conflict, Series } from '../../series/series.ts';
import {
  type Answer,
  type Asked,
  buildQuestions,
  type CheckedFlow,
  type CheckPlan,
  type Finding,
  flowsOf,
  keyOfCase,
  mainVariant,
  numberOf,
  type Question,
  questionsOf,
  type Variant,
  variantsOf,
} from './check.ts';
import { isWaived, type Waiver } from './waivers.ts';

export interface Cell {
  /** `n/a`: it cannot be asked of this patch. `open`: nobody asked, or not yet. */
  readonly verdict: 'pass' | 'fail' | 'n/a' | 'open';
  /** Why it is n/a. */
  readonly reason?: string;
  readonly findings: readonly Finding[];
  /** Findings that a waiver covers. */
  readonly waived: readonly (Finding & { readonly reason: string })[];
  /** What it was found out with. */
  readonly kernels: readonly Digest[];
  readonly runs: readonly string[];
  /** How many objects were looked at. */
  readonly objects?: number;
}

export interface PatchRow {
  readonly file: string;
  readonly subject: string;
  /** Absent where the series does not apply. */
  readonly commit?: string;
  readonly treeId?: string;
  readonly cells: Readonly<Record<Question, Cell>>;
}

const cell = (verdict: Cell['verdict'], more: Partial<Cell> = {}): Cell => ({
  ...{ verdict, findings: [], waived: [], kernels: [], runs: [] },
  ...more,
});
const none = (reason: string): Cell => cell('n/a', { reason });
const open = cell('open');
const judged = (findings: readonly Finding[], more: Partial<Cell> = {}): Cell =>
  cell(findings.length > 0 ? 'fail' : 'pass', { findings, ...more });

/** The answers of a run by key, and what to make of them. */
export function matrixOf(
  plan: CheckPlan,
  asked: Asked,
  results: ReadonlyMap<string, Answer>,
  waivers: readonly Waiver[],
): readonly PatchRow[] {
  const known = knowledgeOf(plan, results);
  return plan.patches.map(({ file, subject, commit, treeId }, patch) => ({
    ...{ file, subject, commit, treeId },
    cells: Object.fromEntries(
      questionsOf(plan).map(question => {
        const wanted = asked.patches.has(patch) && asked.questions.has(question);
        return [question, wanted ? cellOf(plan, known, patch, question, waivers) : open];
      }),
    ),
  }));
}

/** The matrix of a series that does not apply: what stands before the patch at fault does, and nothing can be built. */
export function conflictMatrix(
  { patches }: Pick<Series, 'patches'>,
  { patch: refused, files, details }: Pick<Conflict, 'patch' | 'files' | 'details'>,
): { readonly questions: readonly Question[]; readonly patches: readonly PatchRow[] } {
  const at = patches.findIndex(({ file }) => file === refused);
  const because = `the series does not apply: ${numberOf({ file: refused })}`;
  const text = `conflicts in ${files.join(', ')}: ${details.split('\n')[0]}`;
  const fault: Finding = { level: 'error', type: 'git apply', file: refused, text };
  return {
    questions: buildQuestions,
    patches: patches.map(({ file, subject }, index) => ({
      ...{ file, subject },
      cells: Object.fromEntries(
        buildQuestions.map(question => {
          if (question !== 'applies' || index > at) return [question, none(because)];
          return [question, index < at ? cell('pass') : judged([fault])];
        }),
      ),
    })),
  };
}

/** Lookups among the answers. */
interface Knowledge {
  build(patch: number, variant: Variant): Answer | undefined;
  boot(patch: number, variant: Variant, flow: string): Extract<Answer, { kind: 'booted' }> | undefined;
  alone(kind: 'messages' | 'checkpatch', patch: number): Answer | undefined;
}

function knowledgeOf(plan: CheckPlan, results: ReadonlyMap<string, Answer>): Knowledge {
  return {
    build: (patch, variant) => results.get(keyOfCase(plan, { kind: 'build', patch, variant })),
    boot(patch, variant, flow) {
      const answer = results.get(keyOfCase(plan, { kind: 'boot', patch, variant, flow }));
      return answer?.kind === 'booted' ? answer : undefined;
    },
    alone: (kind, patch) => results.get(keyOfCase(plan, { kind, patch })),
  };
}

function cellOf(
  plan: CheckPlan,
  known: Knowledge,
  patch: number,
  question: Question,
  waivers: readonly Waiver[],
): Cell {
  const { option } = plan.patches[patch]!;
  switch (question) {
    case 'applies':
      return cell('pass');
    case 'off':
      return buildCell(known.build(patch, 'off'));
    case 'on':
      return option.exists ? buildCell(known.build(patch, 'on')) : none(option.reason);
    case 'W=1':
    case 'sparse':
      return messagesCell(plan, known, patch, question);
    case 'checkpatch':
      return checkpatchCell(known.alone('checkpatch', patch), waivers);
    case 'debug':
      return debugCell(plan, known, patch);
    default:
      return flowCell(
        plan,
        known,
        patch,
        plan.flows.find(flow => flow.id === question)!,
      );
  }
}

function buildCell(answer: Answer | undefined): Cell {
  if (answer?.kind === 'built') return cell('pass', { kernels: [answer.kernel] });
  return answer?.kind === 'not-built' ? cell('fail', { findings: answer.findings }) : open;
}

const notBuilt = 'its kernel was not built';

function messagesCell(plan: CheckPlan, known: Knowledge, patch: number, question: 'W=1' | 'sparse'): Cell {
  if (known.build(patch, mainVariant(plan, patch))?.kind === 'not-built') return none(notBuilt);
  const answer = known.alone('messages', patch);
  if (answer?.kind === 'not-built') return cell('fail', { findings: answer.findings });
  if (answer?.kind !== 'messages') return open;
  const objects = answer.objects.length;
  if (question === 'W=1') return judged(answer.compiler, { objects });
  return typeof answer.sparse === 'string' ? none(answer.sparse) : judged(answer.sparse, { objects });
}

function checkpatchCell(answer: Answer | undefined, waivers: readonly Waiver[]): Cell {
  if (answer?.kind !== 'findings') return open;
  const waived = answer.findings.flatMap(finding => {
    const waiver = waivers.find(each => isWaived(finding, each));
    return waiver ? [{ ...finding, reason: waiver.reason }] : [];
  });
  const left = answer.findings.filter(finding => !waivers.some(each => isWaived(finding, each)));
  return judged(left, { waived });
}

function flowCell(plan: CheckPlan, known: Knowledge, patch: number, flow: CheckedFlow): Cell {
  const { option } = plan.patches[patch]!;
  if (flow.kernel === 'series') {
    if (!option.exists) return none(option.reason);
    const from = completeFrom(plan, known, flow);
    if (from === undefined && patch < plan.patches.length - 1) {
      return bootCell(plan, known, patch, flow, ['on'], 'no patch completes it');
    }
    if (from !== undefined && patch < from) {
      return bootCell(
        plan,
        known,
        patch,
        flow,
        ['on'],
        `patch ${numberOf(plan.patches[from]!)} completes it`,
      );
    }
    return bootCell(plan, known, patch, flow, ['on']);
  }
  const variants = variantsOf(plan, patch).filter(variant => variant !== 'debug');
  return bootCell(plan, known, patch, flow, variants);
}

/** The patch that completes the series: the first on whose kernel its flow boots. From there on the flow has to boot,
 *  and at the last patch in any case. Undefined when it boots nowhere, as far as is known. */
function completeFrom(plan: CheckPlan, known: Knowledge, flow: CheckedFlow): number | undefined {
  const first = plan.patches.findIndex(
    (_, patch) => known.boot(patch, 'on', flow.id)?.outcome.kind === 'ready',
  );
  return first < 0 ? undefined : first;
}

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
  return [...ended, ...trouble].map(text => ({ ...about, text: `${text} (${where})` }));
}

function debugCell(plan: CheckPlan, known: Knowledge, patch: number): Cell {
  if (patch < plan.patches.length - 1) return none('asked of the last patch only');
  if (plan.noDebug !== undefined) return none(plan.noDebug);
  const build = known.build(patch, 'debug');
  if (build?.kind !== 'built') return buildCell(build);
  const cells = flowsOf(plan, patch, 'debug').map(flow => bootCell(plan, known, patch, flow, ['debug']));
  const findings = cells.flatMap(each => each.findings);
  if (findings.length === 0 && cells.some(each => each.verdict === 'open')) return open;
  return judged(findings, { kernels: [build.kernel], runs: cells.flatMap(each => each.runs) });
}
