// SPDX-License-Identifier: GPL-2.0-only
/** Which of many mails are the patches of a series, in which order, in which version, and whether all are there. Pure. */
import { UserError } from '../../host/errors.ts';
import { type Letter, sameText } from '../../mail/letters.ts';
import { claimsPatch } from '../../mail/subject.ts';
import { familiesOf, type Family, type Part, senderKey } from './families.ts';
import { type Chosen, listOf, type Mails, newestOf, unread, wholeSeries } from './whole.ts';

/** The newest version of the one series there is, or of the one that `messageId` is a mail of.
 *  @throws UserError when parts are missing, there are two of one number, or there are several series */
export function chooseSeries(mails: Mails, messageId?: string): Chosen {
  const { place, letters } = mails;
  const quilt = letters.filter(letter => letter.quilt !== undefined);
  if (quilt.length > 0) return { patches: quilt, version: [1, 0], notes: [] };
  const parts = partsOf(letters);
  if (parts.length === 0) {
    throw new UserError(`there is no patch in ${place}${unread(mails)}`, {
      hint: 'a patch is a mail with a diff whose subject is no "Re:"',
    });
  }
  const notes: string[] = [];
  const families = familiesOf(parts, letters);
  const id = messageId?.replace(/^<|>$/g, '');
  const family = withoutCopies(
    id === undefined ? theFamily(families, parts, place, notes) : familyOf(id, families, mails),
    notes,
  );
  requireNumbers(family);
  const named = family.find(part => part.messageId === id);
  const numbered = family.filter(isNumbered);
  if (numbered.length === 0) return unnumbered(family, notes);
  if (named !== undefined && !isNumbered(named)) return unnumbered([named], notes);
  leaveAside(
    family.filter(part => !isNumbered(part)),
    notes,
  );
  return wholeSeries(numbered, mails, named, notes);
}

const isNumbered = ({ total }: Part): boolean => total !== undefined;

function leaveAside(parts: readonly Part[], notes: string[]): void {
  if (parts.length === 0) return;
  notes.push(`patches without a number are left aside: ${parts.map(part => part.place).join(', ')}`);
}

/** @throws UserError */
function requireNumbers(parts: readonly Part[]): void {
  const unread = parts.find(({ info }) => info.problem !== undefined);
  if (!unread) return;
  throw new UserError(
    `${unread.place}: '${unread.subject}': '${unread.info.problem}' cannot be read as N of M`,
    { hint: 'write [PATCH N/M] into its Subject, or take it out' },
  );
}

/** Mails that are sent as patches or cover letters: no answers, no robots. */
function partsOf(letters: readonly Letter[]): readonly Part[] {
  const sent = letters.filter(({ info, automatic }) => !info.reply && !automatic);
  // A gateway writes 'EXTERNAL:' before the subject of a patch; before that of none, it is a robot's answer.
  const gateways = new Set(sent.filter(({ hasDiff }) => hasDiff).map(({ info }) => info.before));
  const meant = sent.filter(
    letter =>
      (claimsPatch(letter.info) || letter.hasDiff || letter.info.inText !== undefined) &&
      (letter.info.before === '' || gateways.has(letter.info.before)) &&
      (!letter.carries || letter.info.number === 0),
  );
  const inText = (total: number) =>
    new Set(meant.flatMap(({ info }) => (info.inText?.[1] === total ? [info.inText[0]] : []))).size;
  return meant.flatMap((letter): Part[] => {
    const { info, hasDiff } = letter;
    if (info.total !== undefined) return [{ ...letter, number: info.number!, total: info.total }];
    const [number, total] = info.inText ?? [];
    if (total !== undefined && inText(total) > 1 && (hasDiff || number === 0))
      return [{ ...letter, number: number!, total }];
    return hasDiff || info.problem !== undefined ? [letter] : [];
  });
}

/** A list keeps several copies of a mail; two that differ are two mails that cannot be told apart. */
function withoutCopies(parts: Family, notes: string[]): Family {
  const seen = new Map<string, Part>();
  const single: Part[] = [];
  for (const part of parts) {
    const key = `${part.messageId} ${part.number ?? part.info.text}`;
    const before = part.messageId === '' ? undefined : seen.get(key);
    seen.set(key, part);
    if (!before) {
      single.push(part);
      continue;
    }
    if (!sameText(before.text, part.text)) {
      throw new UserError(
        `${before.place} and ${part.place} are different and have one Message-ID: ${part.messageId}`,
        { hint: 'remove the wrong one' },
      );
    }
    notes.push(`${part.place} is ${before.place} again`);
    // The copy that says whom it is from.
    if (before.sender?.hidden && part.sender?.hidden === false) single[single.indexOf(before)] = part;
    else seen.set(key, before);
  }
  return single;
}

/** The one that a mail is part of. @throws UserError */
function familyOf(id: string, families: readonly Family[], { place, letters }: Mails): Family {
  const named = families.find(family => family.some(part => part.messageId === id));
  if (named) return named;
  const isThere = letters.some(letter => letter.messageId === id);
  throw new UserError(isThere ? `<${id}> is not a patch` : `${place} has no mail <${id}>`, {
    hint: `it has ${listOf(families)}`,
  });
}

/** The only one. @throws UserError when there are several */
function theFamily(
  families: readonly Family[],
  parts: readonly Part[],
  place: string,
  notes: string[],
): Family {
  const numbered = families.filter(family => family.some(isNumbered));
  const single = families.filter(family => !family.some(isNumbered));
  if (numbered.length === 1) {
    requireNumbers(single.flat());
    leaveAside(single.flat(), notes);
    return numbered[0]!;
  }
  const isOnePersons = new Set(single.flat().map(senderKey)).size === 1;
  if (numbered.length === 0 && (single.length === 1 || isOnePersons)) {
    const latest = new Set(single.flatMap(newestOf));
    const all = single.flat();
    if (latest.size < all.length)
      notes.push(`${all.length - latest.size} mails of earlier versions are left aside`);
    return parts.filter(part => latest.has(part));
  }
  throw new UserError(`${place} holds ${families.length} series`, {
    hint: `name one by a mail of it, with --message-id: ${listOf(families)}`,
  });
}

/** As git am takes them: in the order in which they lie there. */
function unnumbered(patches: readonly Part[], notes: string[]): Chosen {
  if (patches.length > 1)
    notes.push('the patches have no numbers: they are taken in the order in which they lie there');
  return { patches, version: patches[0]!.info.version, notes };
}
