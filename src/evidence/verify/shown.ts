// SPDX-License-Identifier: GPL-2.0-only
/** Reading what a boot showed: facts by name, the root, memory, the claims that many requirements make; pure. */
import { kindOf } from '../../boot/findings.ts';
import { describeOutcome } from '../../measure/outcome.ts';
import { type Claim, claim, type SeriesText, type Shown } from './requirement.ts';

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

/** In KiB. */
export interface Memory {
  readonly total: number;
  /** The per-CPU lists counted as free. */
  readonly free: number;
  readonly cached: number;
}

const asMemory = (values: Values): Memory => ({
  total: Number(values.MemTotal),
  free: Number(values.MemFree) + Number(values.pcp ?? 0),
  cached: Number(values.Cached),
});

/** A fact `memory at=...`. */
export const memoryAt = (shown: Shown, at: string): Memory =>
  asMemory(factsOf(shown, 'memory').find(candidate => candidate.at === at) ?? {});

/** Every report of the memory, in the order of the boot. */
export const memories = (shown: Pick<Shown, 'facts'>): Memory[] => factsOf(shown, 'memory').map(asMemory);

/** Of a figure that a boot may not have come to. */
export const less = (total: number | undefined, kib: number): number | undefined =>
  total === undefined ? undefined : total - kib;

/** Two figures in KiB that are the same but for `within`. */
export const near = (
  says: string,
  ours: number | undefined,
  theirs: number | undefined,
  within: number,
): Claim =>
  claim(
    says,
    ours !== undefined && theirs !== undefined && Math.abs(ours - theirs) <= within,
    `${ours ?? '?'} and ${theirs ?? '?'} KiB`,
  );

export const isReady = ({ outcome }: Shown): boolean => outcome.kind === 'ready';

/** It came to the end of what it was asked to do. */
export const endsWell = (what: string, shown: Shown): Claim =>
  claim(`${what} boots to its end`, isReady(shown), describeOutcome(shown.outcome));

/** Kernel messages that no boot may have: what is said of a bad initrd may be asked for. */
const isTrouble = (line: string) => {
  const kind = kindOf(line);
  return kind !== undefined && kind !== 'initrd' && kind !== 'init' && kind !== 'oom';
};

export function noTrouble(shown: Readonly<Record<string, Shown>>): Claim {
  const lines = Object.values(shown).flatMap(({ lines }) => lines.filter(isTrouble));
  return claim('no boot shows a warning, an oops or a report', lines.length === 0, lines[0] ?? 'none');
}

/** The root is an overlay, which is how the image shows from inside. */
export function overlayRoot(what: string, shown: Shown): Claim {
  const { fstype } = factOf(shown, 'root');
  return claim(`the root of ${what} is an overlay`, fstype === 'overlay', fstype ?? 'no root reported');
}

/** What the guide of a series says becomes of a boot if its image is bad, or what follows it: that it ends. */
export const failsClosed = ({ added }: SeriesText): boolean =>
  Object.entries(added).some(
    ([file, lines]) =>
      /^Documentation\/admin-guide\/init.*\.rst$/.test(file) &&
      /\bbad\b[^.]*\bin one line and panics\b/.test(lines.join(' ')),
  );

/** It ends in a panic that says what is wrong, the file system in one line at most, and no /init has run. */
export function endsClosed(what: string, shown: Shown, complaints: readonly string[]): Claim[] {
  const { outcome } = shown;
  const seen = outcome.kind === 'panic' ? outcome.message : outcome.kind;
  return [
    claim(
      `${what}: the boot ends as documented, and the panic says why`,
      outcome.kind === 'panic' && /Initramfs unpacking failed: \S/.test(seen),
      seen,
    ),
    claim(`${what}: one line beside it at most`, complaints.length <= 1, complaints.join(' | ') || 'none'),
    claim(`${what}: no /init has run`, factsOf(shown, 'init').length === 0, factOf(shown, 'root')),
  ];
}
