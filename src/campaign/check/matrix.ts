// SPDX-License-Identifier: GPL-2.0-only
/** The matrix patch x question, from what was run: what passed, what failed with which findings, what cannot be asked
 *  of a patch and why. Pure. */
import type { z } from 'zod';
import { object, table, text } from '../../document.ts';
import type { Conflict, Series } from '../../series/series.ts';
import { debugCell, flowCell } from './boots.ts';
import {
  buildCell,
  type Cell,
  cell,
  cellSchema,
  judged,
  type Knowledge,
  knowledgeOf,
  none,
  notBuilt,
  open,
} from './cells.ts';
import {
  type Answer,
  type Asked,
  buildQuestions,
  type CheckPlan,
  type Finding,
  mainVariant,
  numberOf,
  type Question,
  questionsOf,
} from './check.ts';
import { isWaived, type Waiver } from './waivers.ts';

export const patchRowSchema = object({
  file: text,
  subject: text,
  /** Absent where the series does not apply. */
  commit: text.exactOptional(),
  treeId: text.exactOptional(),
  cells: table(cellSchema),
});
export type PatchRow = z.infer<typeof patchRowSchema>;

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
    case 'kunit':
      return kunitCell(plan, known, patch);
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

function messagesCell(plan: CheckPlan, known: Knowledge, patch: number, question: 'W=1' | 'sparse'): Cell {
  if (known.build(patch, mainVariant(plan, patch))?.kind === 'not-built') return none(notBuilt);
  const answer = known.alone('messages', patch);
  if (answer?.kind === 'not-built') return cell('fail', { findings: answer.findings });
  if (answer?.kind !== 'messages') return open;
  const objects = answer.objects.length;
  if (question === 'W=1') return judged(answer.compiler, { objects });
  return typeof answer.sparse === 'string' ? none(answer.sparse) : judged(answer.sparse, { objects });
}

function kunitCell(plan: CheckPlan, known: Knowledge, patch: number): Cell {
  const { suites } = plan.patches[patch]!;
  if (!suites.exist) return none(suites.reason);
  const answer = known.alone('kunit', patch);
  if (answer?.kind === 'not-built') return cell('fail', { findings: answer.findings });
  return answer?.kind === 'tested' ? judged(answer.findings, { tests: answer.tests }) : open;
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
