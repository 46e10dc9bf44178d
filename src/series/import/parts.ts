// SPDX-License-Identifier: GPL-2.0-only
/** Which of many mails are the patches of a series, in which order, and whether all are there. */
import PostalMime from 'postal-mime';
import { UserError } from '../../host/errors.ts';
import { stripPrefixes } from '../mail.ts';
import type { Message } from './mailbox.ts';

export interface Part {
  readonly place: string;
  readonly bytes: Buffer;
  /** 'RFC', 'v2', 'net-next' and their like, 'PATCH' included, as the subject has them. */
  readonly prefix: string;
  readonly version: number;
  /** 0 is the cover letter. */
  readonly number: number;
  readonly total: number;
  /** Without the prefix. */
  readonly subject: string;
  readonly messageId: string;
  readonly from: string;
  readonly date: string;
  readonly text: string;
}

export interface Parts {
  readonly cover?: Part;
  readonly patches: readonly Part[];
  /** What was left aside, and why. */
  readonly notes: readonly string[];
}

/** Reads every message. @throws UserError for one that cannot be read */
export async function readParts(messages: readonly Message[]): Promise<readonly Part[]> {
  const parts = await Promise.all(messages.map(readPart));
  return parts.flat();
}

async function readPart({ place, bytes }: Message): Promise<Part[]> {
  let mail;
  try {
    mail = await PostalMime.parse(bytes, { maxNestingDepth: 20, maxHeadersSize: 2 ** 20 });
  } catch (error) {
    throw new UserError(`${place} is no mail that can be read: ${(error as Error).message}`, {
      hint: 'save it anew, or take it out',
    });
  }
  const subject = (mail.subject ?? '').replace(/\s+/g, ' ').trim();
  // A patch may come as an attachment or in the text; either way git takes the mail apart itself.
  const text = [mail.text ?? '', ...mail.attachments.map(attached => textOf(attached.content))].join('\n');
  const isPatch = /^(?:diff --git |--- \S.*\n\+\+\+ \S)/m.test(text);
  const tag = /^\[([^\]]*)\]/.exec(subject)?.[1];
  const count = /(?:^|[\s/])(\d+)\/(\d+)(?:\s|$)/.exec(tag ?? '');
  const number = count ? Number(count[1]) : 1;
  // Answers quote patches; only what is sent as one counts.
  if (/^(?:re|aw|fwd?):/i.test(subject)) return [];
  if (!isPatch && !(count && number === 0)) return [];
  return [
    {
      ...{ place, bytes, text, number, subject: stripPrefixes(subject) },
      prefix: tag === undefined ? 'PATCH' : tag.replace(/\s*\d+\/\d+\s*/, ' ').trim(),
      version: Number(/\bv(\d+)\b/i.exec(tag ?? '')?.[1] ?? 1),
      total: count ? Number(count[2]) : 0,
      messageId: mail.messageId ?? '',
      from: mail.from ? `${mail.from.name ?? ''} <${mail.from.address ?? ''}>`.trim() : '',
      date: mail.headers.find(({ key }) => key === 'date')?.value ?? '',
    },
  ];
}

const textOf = (content: string | ArrayBuffer | Uint8Array): string =>
  typeof content === 'string' ? content : Buffer.from(content as Uint8Array).toString('latin1');

/** The newest version of the series that the parts are of. Pure.
 *  @throws UserError when parts are missing or there are two of one number */
export function orderParts(parts: readonly Part[], place: string): Parts {
  const notes: string[] = [];
  const single = withoutCopies(parts, notes);
  if (single.length === 0) {
    throw new UserError(`there is no patch in ${place}`, {
      hint: 'a patch is a mail with a diff whose subject is no "Re:"',
    });
  }
  const version = Math.max(...single.map(part => part.version));
  const newest = single.filter(part => part.version === version);
  if (newest.length < single.length) {
    notes.push(`${single.length - newest.length} mails of versions before v${version} are left aside`);
  }
  const numbered = newest.filter(({ total }) => total > 0);
  if (numbered.length === 0) return { patches: newest, notes };
  if (numbered.length < newest.length) {
    const other = newest.filter(({ total }) => total === 0).map(part => part.place);
    notes.push(`patches without a number are left aside: ${other.join(', ')}`);
  }
  const totals = [...new Set(numbered.map(({ total }) => total))];
  if (totals.length > 1) {
    throw new UserError(`${place} holds more than one series: of ${totals.join(' and of ')} patches`, {
      hint: 'save the one thread by itself',
    });
  }
  const total = totals[0]!;
  const byNumber = new Map<number, Part>();
  for (const part of numbered) {
    const other = byNumber.get(part.number);
    if (other) {
      throw new UserError(
        `${place} has two mails for ${part.number}/${total}: ${other.place} and ${part.place}`,
        {
          hint: 'take the wrong one out',
        },
      );
    }
    byNumber.set(part.number, part);
  }
  const missing = missingOf(byNumber, total);
  if (missing.length > 0) {
    const list = missing.map(number => `${number}/${total}`).join(', ');
    const more = total - (byNumber.size - (byNumber.has(0) ? 1 : 0)) > missing.length ? ' and more' : '';
    throw new UserError(`${place} lacks ${list}${more}`, { hint: 'a series is taken whole or not at all' });
  }
  const patches = Array.from({ length: total }, (_, index) => byNumber.get(index + 1)!);
  const empty = patches.find(({ text }) => !/^(?:diff --git |--- )/m.test(text));
  if (empty) throw new UserError(`${empty.place} has no diff`, { hint: 'save it anew' });
  const cover = byNumber.get(0);
  return { ...(cover ? { cover } : {}), patches, notes };
}

/** Enough of them to say what is wrong: a subject may claim any number of patches. */
function missingOf(byNumber: ReadonlyMap<number, Part>, total: number): readonly number[] {
  const missing: number[] = [];
  for (let number = 1; number <= total && missing.length < 20; number++)
    if (!byNumber.has(number)) missing.push(number);
  return missing;
}

/** A list keeps several copies of a mail; two that differ are two mails that cannot be told apart. */
function withoutCopies(parts: readonly Part[], notes: string[]): readonly Part[] {
  const seen = new Map<string, Part>();
  return parts.filter(part => {
    const before = part.messageId === '' ? undefined : seen.get(part.messageId);
    if (!before) {
      if (part.messageId !== '') seen.set(part.messageId, part);
      return true;
    }
    if (before.text === part.text && before.subject === part.subject) {
      notes.push(`${part.place} is ${before.place} again`);
      return false;
    }
    throw new UserError(
      `${before.place} and ${part.place} are different and have one Message-ID: ${part.messageId}`,
      {
        hint: 'one of them is not what it says; take it out',
      },
    );
  });
}
