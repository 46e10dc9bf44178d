// SPDX-License-Identifier: GPL-2.0-only
/** The numbered parts of a series, its versions: the newest one in its order, whole, with what was sent anew alone. Pure. */
import { UserError } from '../../host/errors.ts';
import type { SetAside } from '../../mail/archive.ts';
import { type Letter, sameText } from '../../mail/letters.ts';
import { formatVersion, type Version } from '../../mail/subject.ts';
import { type Family, type Part, senderKey, setKey } from './families.ts';

export interface Chosen {
  readonly cover?: Part;
  readonly patches: readonly Part[];
  readonly version: Version;
  /** What was left aside, and why. */
  readonly notes: readonly string[];
}

export interface Mails {
  /** What a person calls them. */
  readonly place: string;
  readonly letters: readonly Letter[];
  readonly setAside: readonly SetAside[];
}

export const listOf = (families: readonly Family[]): string =>
  families
    .slice(0, 20)
    .map(family => {
      const first = family.find(({ number }) => number === 0) ?? family[0]!;
      return `'${first.subject}' <${first.messageId}>`;
    })
    .join(', ') + (families.length > 20 ? ' and more' : '');

/** Later versions are greater, and what was sent again is later. */
const compareSets = ({ info: a }: Part, { info: b }: Part): number =>
  a.version[0] - b.version[0] || a.version[1] - b.version[1] || Number(a.resend) - Number(b.resend);

/** The parts of the last version. */
export function newestOf(parts: readonly Part[]): readonly Part[] {
  const newest = parts.reduce((best, part) => (compareSets(part, best) > 0 ? part : best));
  return parts.filter(part => compareSets(part, newest) === 0);
}

export function wholeSeries(
  numbered: readonly Part[],
  mails: Mails,
  named: Part | undefined,
  notes: string[],
): Chosen {
  const { place } = mails;
  const posting = named ? numbered.filter(part => setKey(part) === setKey(named)) : newestOf(numbered);
  const [first] = posting as [Part, ...Part[]];
  const earlier = numbered.filter(part => compareSets(part, first) < 0).sort((a, b) => compareSets(b, a));
  if (!named) requireOneSeries(posting, earlier, place);
  const total = first.total!;
  const byNumber = numberedParts(posting, place, notes);
  const older = earlier.filter(part => part.total === total);
  const taken = isReroll([...byNumber.values()], older, mails) ? fill(byNumber, older, place, notes) : [];
  requireWhole(byNumber, total, mails);
  const version = formatVersion(first.info.version);
  if (taken.length > 0) {
    const list = taken.map(part => `${part.number}/${total} of ${formatVersion(part.info.version)}`);
    notes.push(`${version} sends ${posting.length} of ${total} anew; the others are ${list.join(', ')}`);
  }
  const left = earlier.filter(part => !taken.includes(part)).length;
  if (left > 0) notes.push(`${left} mails of versions before ${version} are left aside`);
  const cover = byNumber.get(0);
  return {
    ...(cover && { cover }),
    patches: Array.from({ length: total }, (_, index) => byNumber.get(index + 1)!),
    version: first.info.version,
    notes,
  };
}

/** @throws UserError when the last version is of several numbers of patches, or of somebody who sent none before */
function requireOneSeries(posting: readonly Part[], earlier: readonly Part[], place: string): void {
  const totals = [...new Set(posting.map(({ total }) => total!))];
  const sets = totals.map(total => posting.filter(part => part.total === total));
  const senders = new Set(posting.map(senderKey));
  const isOther = earlier.length > 0 && !earlier.some(part => senders.has(senderKey(part)));
  if (totals.length === 1 && !isOther) return;
  const all = isOther ? [...sets, newestOf(earlier)] : sets;
  throw new UserError(
    isOther
      ? `${place} holds more than one series: versions of different senders`
      : `${place} holds more than one series: of ${totals.join(' and of ')} patches`,
    { hint: `name one by a mail of it, with --message-id: ${listOf(all)}` },
  );
}

/** Whether each was sent in answer to the patch whose place it takes, and no cover letter begins a new posting. */
function isReroll(parts: readonly Part[], older: readonly Part[], { letters }: Mails): boolean {
  const byId = new Map(letters.map(letter => [letter.messageId, letter]));
  const replaced = (part: Part) => {
    const seen = new Set<string>();
    const queue = part.references.toReversed();
    for (const id of queue) {
      const found = [...parts, ...older].find(each => each.messageId === id);
      if (found) return older.includes(found) && found.number === part.number;
      seen.add(id);
      queue.push(...(byId.get(id)?.references.toReversed() ?? []).filter(each => !seen.has(each)));
    }
    return false;
  };
  return older.length > 0 && parts.every(part => part.number !== 0 && replaced(part));
}

/** Adds what is missing from the versions before, the latest first; returns that. */
function fill(byNumber: Map<number, Part>, older: readonly Part[], place: string, notes: string[]): Part[] {
  const taken: Part[] = [];
  for (const key of new Set(older.map(setKey))) {
    const version = numberedParts(
      older.filter(part => setKey(part) === key),
      place,
      notes,
    );
    for (const [number, part] of version) {
      if (byNumber.has(number)) continue;
      byNumber.set(number, part);
      taken.push(part);
    }
  }
  return taken.sort((a, b) => a.number! - b.number!);
}

/** @throws UserError for two mails of one number */
function numberedParts(parts: readonly Part[], place: string, notes: string[]): Map<number, Part> {
  const byNumber = new Map<number, Part>();
  for (const part of parts) {
    const other = byNumber.get(part.number!);
    if (!other) {
      byNumber.set(part.number!, part);
      continue;
    }
    // Of a patch and an answer that does not call itself one, the patch; of two copies, either.
    if (part.hasDiff !== other.hasDiff || sameText(part.text, other.text)) {
      const better = part.hasDiff && !other.hasDiff ? part : other;
      byNumber.set(part.number!, better);
      notes.push(
        `${(better === part ? other : part).place} is left aside, ${part.number}/${part.total} is ${better.place}`,
      );
      continue;
    }
    throw new UserError(
      `${place} has two mails for ${part.number}/${part.total}: ${other.place} and ${part.place}`,
      { hint: 'take the wrong one out, or name a mail of the right series with --message-id' },
    );
  }
  return byNumber;
}

/** @throws UserError when one of `total` patches is not there, or is none */
function requireWhole(byNumber: ReadonlyMap<number, Part>, total: number, mails: Mails): void {
  const { place } = mails;
  const missing = missingOf(byNumber, total);
  if (missing.length > 0) {
    const list = missing.map(number => `${number}/${total}`).join(', ');
    const more = total - (byNumber.size - (byNumber.has(0) ? 1 : 0)) > missing.length ? ' and more' : '';
    throw new UserError(`${place} lacks ${list}${more}${unread(mails)}`, {
      hint: 'a series is imported whole or not at all',
    });
  }
  const empty = [...byNumber.values()].find(part => part.number! > 0 && !part.hasDiff);
  if (!empty) return;
  throw new UserError(`${empty.place}: '${empty.subject}' has no diff`, {
    hint: 'save the mail again; a commit without changes is no patch of a series',
  });
}

/** What might have been the missing part. */
export const unread = ({ setAside }: Mails): string =>
  setAside
    .slice(0, 3)
    .map(({ place, why }) => `; ${place} was not read: ${why}`)
    .join('');

/** Enough of them to say what is wrong: a subject may claim any number of patches. */
function missingOf(byNumber: ReadonlyMap<number, Part>, total: number): readonly number[] {
  const missing: number[] = [];
  for (let number = 1; number <= total && missing.length < 20; number++)
    if (!byNumber.has(number)) missing.push(number);
  return missing;
}
