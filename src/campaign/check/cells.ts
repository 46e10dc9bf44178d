// SPDX-License-Identifier: GPL-2.0-only
/** One cell of the matrix of a check, and where the answers for it are looked up. Pure. */
import type { Digest } from '../../events.ts';
import { type Answer, type CheckPlan, type Finding, keyOfCase, type Variant } from './check.ts';

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
  /** How many tests were run. */
  readonly tests?: number;
}

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
