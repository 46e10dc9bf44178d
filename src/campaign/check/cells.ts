// SPDX-License-Identifier: GPL-2.0-only
/** One cell of the matrix of a check, and where the answers for it are looked up. Pure. */
import { z } from 'zod';
import { list, number, object, text, texts } from '../../document.ts';
import { digestSchema } from '../../events.ts';
import {
  type Answer,
  type CheckPlan,
  type Finding,
  findingSchema,
  keyOfCase,
  type Variant,
} from './check.ts';

export const cellSchema = object({
  /** `n/a`: it cannot be asked of this patch. `open`: nobody asked, or not yet. */
  verdict: z.enum(['pass', 'fail', 'n/a', 'open']),
  /** Why it is n/a. */
  reason: text.exactOptional(),
  findings: list(findingSchema),
  /** Findings that a waiver covers. */
  waived: list(object({ ...findingSchema.unwrap().shape, reason: text })),
  /** What it was found out with. */
  kernels: list(digestSchema),
  runs: texts,
  /** How many objects were looked at. */
  objects: number.exactOptional(),
  /** How many tests were run. */
  tests: number.exactOptional(),
});
export type Cell = z.infer<typeof cellSchema>;

export const cell = (verdict: Cell['verdict'], more: Partial<Cell> = {}): Cell => ({
  ...{ verdict, findings: [], waived: [], kernels: [], runs: [] },
  ...more,
});
export const none = (reason: string): Cell => cell('n/a', { reason });
export const open = cell('open');
export const judged = (findings: readonly Finding[], more: Partial<Cell> = {}): Cell =>
  cell(findings.length > 0 ? 'fail' : 'pass', { findings, ...more });

/** Lookups among the answers. */
export interface Knowledge {
  build(patch: number, variant: Variant): Answer | undefined;
  boot(patch: number, variant: Variant, flow: string): Extract<Answer, { kind: 'booted' }> | undefined;
  alone(kind: 'messages' | 'checkpatch' | 'kunit', patch: number): Answer | undefined;
}

export function knowledgeOf(plan: CheckPlan, results: ReadonlyMap<string, Answer>): Knowledge {
  return {
    build: (patch, variant) => results.get(keyOfCase(plan, { kind: 'build', patch, variant })),
    boot(patch, variant, flow) {
      const answer = results.get(keyOfCase(plan, { kind: 'boot', patch, variant, flow }));
      return answer?.kind === 'booted' ? answer : undefined;
    },
    alone: (kind, patch) => results.get(keyOfCase(plan, { kind, patch })),
  };
}

export function buildCell(answer: Answer | undefined): Cell {
  if (answer?.kind === 'built') return cell('pass', { kernels: [answer.kernel] });
  return answer?.kind === 'not-built' ? cell('fail', { findings: answer.findings }) : open;
}

/** Said of everything that stands on a kernel that failed: the failure itself is said once. */
export const notBuilt = 'its kernel was not built';
