// SPDX-License-Identifier: GPL-2.0-only
/** What a boot of a hostile initrd came to, from what its console said; pure. */
import { z } from 'zod';
import { list, object, text } from '../../document.ts';
import type { Fact, Outcome } from '../../events.ts';
import type { Walked } from './expected.ts';
import { faultSchema, faultsOf } from './faults.ts';
import type { Expectation } from './kinds.ts';

/** Ends that are allowed: `ready`: walked to the end on an overlay; `rootfs`: the same where there is no image;
 *  `no-init`, `no-root`: the panics of a boot that found nothing to run; `init-died`: of one whose init did. */
export const definedEnds = ['ready', 'rootfs', 'no-init', 'no-root', 'init-died'] as const;
export type DefinedEnd = (typeof definedEnds)[number];

/** `fault`: the kernel reported one; `taint`: it says so only in its taint bits; `hang`, `no-output`: the deadline;
 *  `panic`: for a reason that is none of the allowed; `wrong`: an allowed end, but not of this initrd; `stopped`: the
 *  machine ended without a word. */
export const badEnds = ['fault', 'taint', 'hang', 'no-output', 'panic', 'wrong', 'stopped'] as const;
export type BadEnd = (typeof badEnds)[number];

export interface Ended {
  readonly outcome: Outcome;
  readonly lines: readonly string[];
  readonly facts: readonly Fact[];
}

export const verdictSchema = object({
  end: z.enum([...definedEnds, ...badEnds]),
  /** Bad ends: what is wrong, in a line. Allowed ones: the panic's message, if any. */
  message: text,
  faults: list(faultSchema),
});
export type Verdict = z.infer<typeof verdictSchema>;

export const isBad = (end: Verdict['end']): end is BadEnd => (badEnds as readonly string[]).includes(end);

const panics: readonly (readonly [DefinedEnd, RegExp])[] = [
  ['init-died', /^Attempted to kill init!/],
  ['no-init', /^No working init found/],
  ['no-init', /^Requested init \S+ failed/],
  ['no-root', /^Initramfs unpacking failed: /],
  ['no-root', /^VFS: Unable to mount root fs(?!: not enough memory)/],
];

export function verdictOf(ended: Ended, expect: Expectation, walked: Walked): Verdict {
  const faults = faultsOf(ended.lines);
  const first = faults[0];
  if (first) {
    const where = first.where && !first.message.includes(first.where) ? ` in ${first.where}` : '';
    return { end: 'fault', message: `${first.message}${where}`, faults };
  }
  const { end, message } = endOf(ended);
  if (isBad(end)) return { end, message, faults };
  const tainted = taintOf(ended.facts);
  if (tainted) return { end: 'taint', message: `tainted ${tainted}`, faults };
  const wrong = contradiction(end, ended.facts, expect, walked);
  return wrong ? { end: 'wrong', message: wrong, faults } : { end, message, faults };
}

function endOf({ outcome, facts }: Ended): Omit<Verdict, 'faults'> {
  switch (outcome.kind) {
    case 'ready': {
      const root = facts.find(({ name }) => name === 'root')?.values.fstype;
      return { end: root === 'overlay' ? 'ready' : 'rootfs', message: '' };
    }
    case 'panic': {
      const allowed = panics.find(([, pattern]) => pattern.test(outcome.message));
      return { end: allowed?.[0] ?? 'panic', message: outcome.message };
    }
    case 'hang':
      return { end: 'hang', message: `no end within ${outcome.deadline / 1000} s: ${outcome.lastLine}` };
    case 'no-output':
      return { end: 'no-output', message: `nothing printed within ${outcome.deadline / 1000} s` };
    case 'incomplete':
    case 'qemu-failed':
    case 'machine-failed':
      return { end: 'stopped', message: outcome.message };
    case 'interrupted':
      return { end: 'stopped', message: 'interrupted' };
  }
}

/** The last one said: the kernel's taint bits as a number in decimal; undefined for none. */
function taintOf(facts: readonly Fact[]): string | undefined {
  const bits = facts.filter(({ name }) => name === 'taint').at(-1)?.values.bits;
  return bits === undefined || bits === '0' ? undefined : bits;
}

/** Why this end, though an allowed one, is not what must come of the initrd. */
function contradiction(
  end: Verdict['end'],
  facts: readonly Fact[],
  expect: Expectation,
  walked: Walked,
): string | undefined {
  switch (expect) {
    case 'any':
      return undefined;
    case 'refused':
      return end === 'ready' ? 'a broken image became the root' : undefined;
    case 'archive':
      return end === 'rootfs' ? undefined : `an archive with an image in it ended as ${end}`;
    case 'whole':
    case 'intact': {
      if (end !== 'ready') return expect === 'whole' ? undefined : `a sound image ended as ${end}`;
      const found = facts.find(({ name }) => name === 'walk')?.values ?? {};
      // A host with too much to do: the walker ran out of its time, and what it has seen is not all there is.
      if (found.cut !== undefined) return undefined;
      const expected = Object.entries({ ...walked, errors: '0' });
      const differing = expected.filter(([key, value]) => found[key] !== value);
      return differing.length === 0
        ? undefined
        : `a sound image was read otherwise: ${differing.map(([key, value]) => `${key} ${found[key]}, not ${value}`).join(', ')}`;
    }
  }
}
