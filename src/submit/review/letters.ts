// SPDX-License-Identifier: GPL-2.0-only
/** Raw mails to what we need of them: ids, who, when, plain text, whatever encoding that came in. */
import PostalMime, { type Email } from 'postal-mime';
import { sanitise } from '../../events.ts';
import { UserError } from '../../host/errors.ts';
import { type Address, parseAddress } from '../address.ts';
import type { RawMail } from './mailbox.ts';

export interface ReceivedLetter {
  readonly where: string;
  /** Without brackets. */
  readonly messageId: string;
  /** Ancestors, the nearest last. */
  readonly references: readonly string[];
  readonly from: Address;
  /** ISO 8601, or empty. */
  readonly date: string;
  readonly subject: string;
  readonly text: string;
}

/** @throws UserError for a mail that has no id, no sender or no readable text, and for two that share an id */
export async function parseLetters(mails: readonly RawMail[]): Promise<readonly ReceivedLetter[]> {
  const letters = new Map<string, ReceivedLetter>();
  for (const mail of mails) {
    const letter = await parseLetter(mail);
    const same = letters.get(letter.messageId);
    // A list's copy and one's own: the same text, perhaps with a footer.
    if (same && !sameText(same.text, letter.text)) {
      throw new UserError(
        `${same.where} and ${letter.where} are different mails with one id, <${letter.messageId}>`,
        {
          hint: 'take the one that is not genuine out of the mailbox; nothing was changed',
        },
      );
    }
    if (!same) letters.set(letter.messageId, letter);
  }
  return [...letters.values()];
}

const sameText = (a: string, b: string): boolean => {
  const [short, long] = [a.trim(), b.trim()].sort((x, y) => x.length - y.length);
  return long!.startsWith(short!);
};

async function parseLetter({ where, bytes }: RawMail): Promise<ReceivedLetter> {
  const mail = await parseMime(where, bytes);
  const messageId = idsOf(mail.messageId ?? '').at(0);
  if (messageId === undefined) throw broken(where, 'it has no Message-ID');
  const name = oneLine(mail.from?.name ?? '');
  const from = parseAddress(`"${name.replace(/["\\]/g, '\\$&')}" <${mail.from?.address ?? ''}>`);
  if (!from) throw broken(where, 'its From is no address');
  const parents = [...idsOf(mail.references ?? ''), ...idsOf(mail.inReplyTo ?? '')];
  if (mail.text === undefined) {
    throw broken(
      where,
      mail.html === undefined
        ? 'no text can be read in it; its MIME parts are damaged or missing'
        : 'it is HTML only',
    );
  }
  return {
    ...{ where, messageId, from },
    references: parents.filter((id, index) => parents.lastIndexOf(id) === index && id !== messageId),
    date: dateOf(mail.date),
    subject: oneLine(mail.subject ?? ''),
    // What moves a cursor or hides text is shown, not obeyed, also by who reads the file.
    text: mail.text.replaceAll('\u00a0', ' ').split(/\r?\n/).map(sanitise).join('\n'),
  };
}

async function parseMime(where: string, bytes: Buffer): Promise<Email> {
  try {
    return await PostalMime.parse(bytes, {
      maxNestingDepth: 30,
      maxHeadersSize: 2 ** 18,
      maxRfc822NestingDepth: 1,
    });
  } catch (error) {
    throw broken(where, (error as Error).message);
  }
}

const broken = (where: string, why: string): UserError =>
  new UserError(`${where} cannot be read: ${why}`, {
    hint: 'take it out of the mailbox, or correct it; nothing was changed',
  });

const idsOf = (text: string): string[] => [...text.matchAll(/<([^<>\s]+)>/g)].map(match => match[1]!);

/** What was encoded in a header may hold line ends and more; a name and a subject are one line. */
const oneLine = (text: string): string =>
  text
    .replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]+/g, ' ')
    .replace(/ +/g, ' ')
    .trim();

function dateOf(text: string | undefined): string {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? '' : new Date(time).toISOString();
}
