// SPDX-License-Identifier: GPL-2.0-only
/** What the check of a series asks of each patch, what has to be run for that, and what a run answers. Types, and the
 *  pure list of what is to be run. */
import { z } from 'zod';
import { number, object, text } from '../../document.ts';
import type { Digest, Milliseconds, Outcome } from '../../events.ts';

/** What is asked of each patch; the flows stand between checkpatch and kunit. */
export const buildQuestions = ['applies', 'off', 'on', 'W=1', 'sparse', 'checkpatch'] as const;
/** 'applies', 'off', ..., a flow's id, 'kunit', 'debug'. */
export type Question = string;

/** Which kernel of a patch: the series' option off, on, or on under debug.config. */
export type Variant = 'off' | 'on' | 'debug';

export interface CheckedPatch {
  /** '0003-initramfs-add-a-file.patch' */
  readonly file: string;
  readonly subject: string;
  readonly commit: string;
  readonly treeId: string;
  /** Whether the series can be switched on here, or why not. */
  readonly option: { readonly exists: true } | { readonly exists: false; readonly reason: string };
  /** Whether there are KUnit suites to run, or why not. */
  readonly suites: { readonly exist: true } | { readonly exist: false; readonly reason: string };
  /** Names each case's inputs: trees, options, toolchain, scripts, payloads. */
  readonly keys: {
    readonly build: Readonly<Record<Variant, Digest>>;
    readonly messages: Digest;
    readonly checkpatch: Digest;
    readonly kunit: Digest;
  };
}

export interface CheckedFlow {
  readonly id: string;
  /** Whether it works without the series. */
  readonly kernel: 'any' | 'series';
  /** Names what is booted beside the kernel, and how. */
  readonly key: Digest;
}

/** Everything that is asked, before anything is run. */
export interface CheckPlan {
  readonly patches: readonly CheckedPatch[];
  readonly flows: readonly CheckedFlow[];
  /** Why the last patch is not built under debug.config; absent when it is. */
  readonly noDebug?: string;
}

/** One thing to run. */
export type Case =
  | { readonly kind: 'checkpatch' | 'messages' | 'kunit'; readonly patch: number }
  | { readonly kind: 'build'; readonly patch: number; readonly variant: Variant }
  | { readonly kind: 'boot'; readonly patch: number; readonly variant: Variant; readonly flow: string };

export const findingSchema = object({
  level: z.enum(['error', 'warning', 'check']),
  /** checkpatch's word (LONG_LINE), or who says it: kbuild, W=1, sparse, kunit, the flow. */
  type: text,
  /** In the tree; for a commit message the patch. */
  file: text.exactOptional(),
  line: number.exactOptional(),
  text: text,
});
export type Finding = z.infer<typeof findingSchema>;

/** What running a case gave; kept in the record. */
export type Answer =
  | { readonly kind: 'built'; readonly kernel: Digest; readonly config: Digest; readonly ms: Milliseconds }
  | { readonly kind: 'not-built'; readonly findings: readonly Finding[] }
  | {
      readonly kind: 'messages';
      readonly objects: readonly string[];
      readonly compiler: readonly Finding[];
      /** A reason when sparse could not be asked. */
      readonly sparse: readonly Finding[] | string;
    }
  | { readonly kind: 'findings'; readonly findings: readonly Finding[] }
  | {
      readonly kind: 'tested';
      /** Tests that have a result. */
      readonly tests: number;
      readonly findings: readonly Finding[];
    }
  | {
      readonly kind: 'booted';
      readonly run: string;
      readonly outcome: Outcome;
      /** Oopses, WARNINGs, reports of KASAN, UBSAN and lockdep on the console. */
      readonly trouble: readonly string[];
    };

/** What one asks for: all of it, or some patches, some questions. */
export interface Asked {
  readonly patches: ReadonlySet<number>;
  readonly questions: ReadonlySet<Question>;
}

export const questionsOf = (plan: Pick<CheckPlan, 'flows'>): readonly Question[] => [
  ...buildQuestions,
  ...plan.flows.map(flow => flow.id),
  'kunit',
  'debug',
];

export function keyOfCase(plan: CheckPlan, one: Case): string {
  const { keys } = plan.patches[one.patch]!;
  switch (one.kind) {
    case 'build':
      return `build ${keys.build[one.variant]}`;
    case 'boot':
      return `boot ${keys.build[one.variant]} ${plan.flows.find(flow => flow.id === one.flow)!.key}`;
    default:
      return `${one.kind} ${keys[one.kind]}`;
  }
}

/** '0003 on', '0003 off floor' */
export function labelOfCase(plan: CheckPlan, one: Case): string {
  const words = [numberOf(plan.patches[one.patch]!)];
  if (one.kind === 'boot') words.push(one.variant, one.flow);
  else words.push(one.kind === 'build' ? one.variant : one.kind);
  return words.join(' ');
}

/** '0003' of '0003-erofs-register-early.patch' or 'v2-0003-...' */
export const numberOf = ({ file }: Pick<CheckedPatch, 'file'>): string =>
  /^(?:v\d+-)?(\d+)/.exec(file)?.[1] ?? file;

/** The kernels a patch has. */
export function variantsOf(plan: CheckPlan, patch: number): readonly Variant[] {
  const last = patch === plan.patches.length - 1;
  return [
    'off',
    ...(plan.patches[patch]!.option.exists ? (['on'] as const) : []),
    ...(last && plan.noDebug === undefined ? (['debug'] as const) : []),
  ];
}

/** The flows that a kernel boots: those of the series need it switched on. */
export const flowsOf = (plan: CheckPlan, patch: number, variant: Variant): readonly CheckedFlow[] =>
  plan.flows.filter(
    flow => flow.kernel === 'any' || (variant !== 'off' && plan.patches[patch]!.option.exists),
  );

/** The kernel whose objects are looked at. */
export const mainVariant = (plan: CheckPlan, patch: number): Variant =>
  plan.patches[patch]!.option.exists ? 'on' : 'off';

/** All that has to be run for what is asked, in the order it is run: what is quick first, then patch by patch, so that
 *  the worktree moves once for each, and debug.config last. */
export function casesOf(plan: CheckPlan, asked: Asked): readonly Case[] {
  const patches = [...asked.patches].sort((a, b) => a - b);
  const wants = (question: Question) => asked.questions.has(question);
  const cases: Case[] = [];
  if (wants('checkpatch')) cases.push(...patches.map(patch => ({ kind: 'checkpatch', patch }) as const));
  for (const patch of patches) {
    const messages = wants('W=1') || wants('sparse');
    for (const variant of variantsOf(plan, patch).filter(each => each !== 'debug')) {
      const flows = flowsOf(plan, patch, variant).filter(flow => wants(flow.id));
      const needed = flows.length > 0 || (messages && variant === mainVariant(plan, patch));
      if (wants(variant) || needed) cases.push({ kind: 'build', patch, variant });
      if (messages && variant === mainVariant(plan, patch)) cases.push({ kind: 'messages', patch });
      cases.push(...flows.map(flow => ({ kind: 'boot', patch, variant, flow: flow.id }) as const));
    }
    if (wants('kunit') && plan.patches[patch]!.suites.exist) cases.push({ kind: 'kunit', patch });
  }
  for (const patch of wants('debug') ? patches : []) {
    if (!variantsOf(plan, patch).includes('debug')) continue;
    cases.push({ kind: 'build', patch, variant: 'debug' });
    for (const flow of flowsOf(plan, patch, 'debug')) {
      cases.push({ kind: 'boot', patch, variant: 'debug', flow: flow.id });
    }
  }
  return cases;
}

/** The build a case stands on; undefined for one that stands alone. */
export function neededBuild(plan: CheckPlan, one: Case): Case | undefined {
  if (one.kind === 'messages')
    return { kind: 'build', patch: one.patch, variant: mainVariant(plan, one.patch) };
  if (one.kind === 'boot') return { kind: 'build', patch: one.patch, variant: one.variant };
  return undefined;
}

/** What there is to run when so much is known: nothing is booted that was not built. */
export function nextCases(
  plan: CheckPlan,
  cases: readonly Case[],
  results: ReadonlyMap<string, Answer>,
): readonly Case[] {
  return cases.filter(one => {
    const build = neededBuild(plan, one);
    return !build || results.get(keyOfCase(plan, build))?.kind !== 'not-built';
  });
}
