// SPDX-License-Identifier: GPL-2.0-only
/** Reading what a boot showed: facts by name, the root, memory, the claims that many requirements make; pure. */
import { describeOutcome } from '../../measure/table.ts';
import { type Claim, claim, type Shown } from './requirement.ts';

export type Values = Readonly<Record<string, string>>;

export const factsOf = ({ facts }: Pick<Shown, 'facts'>, name: string): Values[] =>
  facts.filter(fact => fact.name === name).map(fact => fact.values);

/** The last fact of that name; empty without one. */
export const factOf = (shown: Pick<Shown, 'facts'>, name: string): Values =>
  factsOf(shown, name).at(-1) ?? {};

/** A list that the guest wrote with commas, sorted. */
export const listOf = (values: Values, key: string): string[] =>
  (values[key] ?? '').split(',').filter(Boolean).sort();

export const linesWith = ({ lines }: Pick<Shown, 'lines'>, pattern: RegExp): string[] =>
  lines.filter(line => pattern.test(line));

/** Facts `file` by path. */
export const filesOf = (shown: Pick<Shown, 'facts'>): Map<string, Values> =>
  new Map(factsOf(shown, 'file').map(values => [values.path!, values]));

/** A fact `memory at=...` in KiB, the per-CPU lists counted as free. */
export function memoryAt(shown: Shown, at: string): { total: number; free: number; cached: number } {
  const values = factsOf(shown, 'memory').find(candidate => candidate.at === at) ?? {};
  return {
    total: Number(values.MemTotal),
    free: Number(values.MemFree) + Number(values.pcp ?? 0),
    cached: Number(values.Cached),
  };
}

export const isReady = ({ outcome }: Shown): boolean => outcome.kind === 'ready';

/** It came to the end of what it was asked to do. */
export const endsWell = (what: string, shown: Shown): Claim =>
  claim(`${what} boots to its end`, isReady(shown), describeOutcome(shown.outcome));

/** Kernel messages that no good boot has. */
const troubles = /^(WARNING: |BUG: |kernel BUG at |Oops|general protection fault|KASAN|UBSAN: |INFO: task )/;

export function noTrouble(shown: Readonly<Record<string, Shown>>): Claim {
  const lines = Object.values(shown).flatMap(one => linesWith(one, troubles));
  return claim('no boot shows a warning, an oops or a report', lines.length === 0, lines[0] ?? 'none');
}

/** The root is an overlay, which is how the image shows from inside. */
export function overlayRoot(what: string, shown: Shown): Claim {
  const { fstype } = factOf(shown, 'root');
  return claim(`the root of ${what} is an overlay`, fstype === 'overlay', fstype ?? 'no root reported');
}
