// SPDX-License-Identifier: GPL-2.0-only
/** Messages to what they say: who, when, in answer to what, the subject, plain text whatever it came in; and the mails and
 *  patches that are attached to them, each as a mail of its own. */
import { convert } from 'html-to-text';
import PostalMime, { type Attachment, type Email } from 'postal-mime';
import type { Message, SetAside } from './archive.ts';
import { type RawHeader, type Sender, senderOf } from './sender.ts';
import { parseSubject, type SubjectInfo } from './subject.ts';

export interface Letter extends Message {
  /** For git to read: without the HTML that says the same again. */
  readonly bytes: Buffer;
  /** Why no patch can be read from it. */
  readonly damage?: string;
  /** Without brackets; empty when there is none, as in a patch file. */
  readonly messageId: string;
  /** Ancestors, the nearest last. */
  readonly references: readonly string[];
  /** Absent: nobody is named. */
  readonly sender?: Sender;
  /** ISO 8601, or empty. */
  readonly date: string;
  readonly subject: string;
  readonly info: SubjectInfo;
  readonly text: string;
  /** There is no plain text in it: `text` was made of HTML. */
  readonly isHtml: boolean;
  /** A robot's answer: somebody is away, or a mail was not delivered. */
  readonly automatic: boolean;
  /** Its patches are attached as mails of their own, which follow it. */
  readonly carries: boolean;
  /** Something in it looks like a diff; git says whether it is one. */
  readonly hasDiff: boolean;
}

const deepest = 20;

/** All that can be read, in their order; a mail that cannot be read is named and the others go on. */
export async function readLetters(
  messages: readonly Message[],
): Promise<{ readonly letters: readonly Letter[]; readonly setAside: readonly SetAside[] }> {
  const letters: Letter[] = [];
  const setAside: SetAside[] = [];
  for (const message of messages) {
    try {
      letters.push(...(await readLetter(message)));
    } catch (error) {
      setAside.push({ place: message.place, why: (error as Error).message });
    }
  }
  return { letters, setAside };
}

async function readLetter(message: Message, depth = 0): Promise<readonly Letter[]> {
  const { place } = message;
  const mail = await PostalMime.parse(message.bytes, {
    maxNestingDepth: deepest,
    maxHeadersSize: 2 ** 20,
    forceRfc822Attachments: true,
  });
  const isReport = mail.attachments.some(({ mimeType }) =>
    /^message\/(?:delivery|disposition|feedback)-/.test(mimeType),
  );
  const subject = oneLine(mail.subject ?? '');
  const parents = [...idsOf(mail.references ?? ''), ...idsOf(mail.inReplyTo ?? '')];
  const messageId = idsOf(mail.messageId ?? '').at(0) ?? '';
  const attached =
    isReport || depth > 2
      ? []
      : attachmentsOf(mail, message.bytes).flatMap((attachment, index) =>
          attachedMail(attachment, `${place}, attachment ${index + 1}`),
        );
  const inner: Letter[] = [];
  for (const child of attached) inner.push(...(await readLetter(child, depth + 1)));
  const sender = senderOf(mail.headers);
  const isHtml = mail.text === undefined && mail.html !== undefined;
  const text = mail.text ?? (mail.html === undefined ? '' : textOfHtml(mail.html));
  const own: Letter = {
    ...message,
    ...(mail.text !== undefined && mail.html !== undefined && withoutHtml(mail, mail.text)),
    ...{ messageId, subject, isHtml, info: parseSubject(subject) },
    ...(sender && { sender }),
    references: parents.filter((id, index) => parents.lastIndexOf(id) === index && id !== messageId),
    date: dateOf(mail.date),
    text,
    automatic: isReport || isAutomatic(mail.headers, subject),
    carries: inner.length > 0,
    hasDiff: diffPattern.test(text) || mail.attachments.some(each => isDiff(each)),
  };
  return [own, ...inner.map(letter => inherit(letter, own, inner.length === 1))];
}

const diffPattern = /^(?:diff -|Index: |--- \S.*\r?\n\+\+\+ \S)/m;

const bytesOf = ({ content }: Attachment): Buffer =>
  typeof content === 'string' ? Buffer.from(content) : Buffer.from(content as Uint8Array);

const isDiff = (attachment: Attachment): boolean =>
  attachment.mimeType !== 'message/rfc822' && diffPattern.test(bytesOf(attachment).toString('latin1'));

/** What a patch file does not say, the mail that carried it does. */
function inherit(letter: Letter, from: Letter, alone: boolean): Letter {
  const { number, total } = from.info;
  const numbered = alone && letter.info.number === undefined && number !== undefined && total !== undefined;
  return {
    ...letter,
    messageId: letter.messageId || from.messageId,
    references: letter.references.length > 0 ? letter.references : from.references,
    date: letter.date || from.date,
    info: numbered ? { ...letter.info, number, total, version: from.info.version } : letter.info,
  };
}

/** With the bytes that stand in the mail, where nothing encodes them: the library takes a CR before each line end away. */
function attachmentsOf(mail: Email, bytes: Buffer): readonly Attachment[] {
  const raw = leavesOf(bytes.toString('latin1')).filter(({ isText }) => !isText);
  if (raw.length !== mail.attachments.length) return mail.attachments;
  return mail.attachments.map((attachment, index) =>
    raw[index]!.isPlain ? { ...attachment, content: Buffer.from(raw[index]!.body, 'latin1') } : attachment,
  );
}

interface Leaf {
  readonly body: string;
  /** Shown in the mail itself. */
  readonly isText: boolean;
  readonly isPlain: boolean;
}

/** The parts of a mail that have no parts, in their order. */
function leavesOf(part: string, depth = 0): readonly Leaf[] {
  const end = /\r?\n\r?\n/.exec(part);
  const head = end ? part.slice(0, end.index) : part;
  const body = end ? part.slice(end.index + end[0].length) : '';
  const field = (name: string) =>
    new RegExp(`^${name}:[ \\t]*(.*(?:\\r?\\n[ \\t].*)*)`, 'im').exec(head)?.[1]?.toLowerCase() ?? '';
  const type = field('content-type');
  const boundary = /^content-type:.*(?:\r?\n[ \t].*)*?\bboundary=(?:"([^"]+)"|([^\s;"]+))/im.exec(head);
  const name = boundary?.[1] ?? boundary?.[2];
  if (type.startsWith('multipart/') && name !== undefined && depth < deepest) {
    const inside = body.split(new RegExp(`^--${name.replace(/[^\w]/g, '\\$&')}(?:--)?[ \\t]*\\r?$\\n?`, 'm'));
    return inside.slice(1, -1).flatMap(each => leavesOf(each.replace(/\r?\n$/, ''), depth + 1));
  }
  const isShown = type === '' || /^text\/(?:plain|html)/.test(type);
  return [
    {
      body,
      isText: isShown && !field('content-disposition').startsWith('attachment'),
      isPlain: !/base64|quoted-printable|uue/.test(field('content-transfer-encoding')),
    },
  ];
}

/** A forwarded mail, a mail of a digest, or a file that format-patch wrote. A bare diff is not a mail: git takes it from the
 *  one that carries it. */
function attachedMail(attachment: Attachment, place: string): Message[] {
  const { mimeType, filename } = attachment;
  const bytes = bytesOf(attachment);
  const message = { place: filename ? `${place} (${oneLine(filename)})` : place, bytes };
  if (mimeType === 'message/rfc822') return [message];
  const start = bytes.subarray(0, 4096).toString('latin1');
  const isMail =
    /^(?:From [0-9a-f]{40,64} |(?:From|Subject|Date): )/.test(start) && /^(?:Subject|From): /m.test(start);
  return isMail && isDiff(attachment) ? [message] : [];
}

/** The mail with its plain text alone: git would take the HTML below it for more of the patch. */
function withoutHtml(mail: Email, text: string): Pick<Letter, 'bytes'> | Pick<Letter, 'damage'> {
  if (text.includes('\ufffd')) return { damage: 'its text is not in the encoding that it names' };
  const kept = mail.headerLines.filter(({ key }) => !key.startsWith('content-') && key !== 'mime-version');
  const diffs = mail.attachments
    .filter(({ mimeType, filename }) => /^text\//.test(mimeType) || /\.(?:patch|diff)$/i.test(filename ?? ''))
    .map(bytesOf);
  const head = [...kept.map(({ line }) => line), 'Content-Type: text/plain; charset=UTF-8'].join('\n');
  const body = Buffer.from(`\nContent-Transfer-Encoding: 8bit\n\n${text}\n`);
  return { bytes: Buffer.concat([Buffer.from(head, 'latin1'), body, ...diffs]) };
}

/** Lines as they are; what is quoted is marked as in a plain mail. */
const textOfHtml = (html: string): string =>
  convert(html, {
    wordwrap: false,
    limits: { maxInputLength: 2 ** 24, maxDepth: 200, maxChildNodes: 20_000 },
    selectors: [
      { selector: 'a', options: { ignoreHref: true } },
      { selector: 'img', format: 'skip' },
    ],
  });

const isAutomatic = (headers: readonly RawHeader[], subject: string): boolean =>
  headers.some(
    ({ key, value }) =>
      (key === 'auto-submitted' && !/^\s*no\b/i.test(value)) ||
      /^x-auto-?(?:reply|respond|responder)$/.test(key) ||
      (key === 'precedence' && /auto[_-]?reply/i.test(value)),
  ) ||
  /^(?:auto(?:matic|mated)?[- ]?(?:reply|response)|out of (?:the )?office|automatische antwort|abwesenheit|réponse automatique|respuesta automática|automatisch antwoord|undeliver(?:able|ed)|delivery status notification|mail delivery failed)\b/i.test(
    subject,
  );

const idsOf = (text: string): string[] => [...text.matchAll(/<([^<>\s]+)>/g)].map(match => match[1]!);

/** What was encoded in a header may hold line ends and more; a name and a subject are one line. */
export const oneLine = (text: string): string =>
  text
    .replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]+/g, ' ')
    .replace(/ +/g, ' ')
    .trim();

function dateOf(text: string | undefined): string {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? '' : new Date(time).toISOString();
}

/** Whether two texts are one that came twice: a list may have put its footer below. */
export function sameText(a: string, b: string): boolean {
  const plain = (text: string) => text.replace(/[ \t\r]+$/gm, '').trim();
  const [short, long] = [plain(a), plain(b)].sort((x, y) => x.length - y.length);
  return long!.startsWith(short!) && (short !== '' || long === '');
}
