// SPDX-License-Identifier: GPL-2.0-only
/** From a series, its cover letter and the recipients to the mails of one posting, to the last byte. The same input gives
 *  the same bytes and the same message ids. Pure. */
import { createHash } from 'node:crypto';
import { type Address, encodeAddress, encodeWords, formatAddress, sameAddress } from '../mail/address.ts';
import { type Generated, renderCover } from './cover.ts';
import { formatLetter, type Header } from './letter.ts';
import { addTrailer, type PatchFile } from './patchfile.ts';
import { type Recipient, recipientsOf } from './recipients.ts';

/** Everything that is decided before a mail is written. */
export interface Posting {
  readonly version: number;
  /** 'PATCH', then RFC and what else was asked for. */
  readonly prefixes: readonly string[];
  readonly sender: Address;
  /** Add the sender's Signed-off-by to every patch. */
  readonly signoff: boolean;
  readonly changeId: string;
  readonly cover?: { readonly subject: string; readonly own: string };
  readonly generated: Generated;
  readonly patches: readonly PostedPatch[];
  readonly recipients: readonly Recipient[];
  readonly thread: 'shallow' | 'deep';
  /** Below '-- '; empty for none. */
  readonly signature: string;
  readonly headers: readonly Header[];
  /** 'initbench 0.1.0' */
  readonly mailer: string;
}

export interface PostedPatch {
  /** '0001-erofs-register-early.patch' */
  readonly file: string;
  readonly commit: string;
  /** With the author it is to be sent under. */
  readonly patch: PatchFile;
  /** More below the `---`. */
  readonly notes: string;
  /** Collected from replies. */
  readonly trailers: readonly string[];
}

export interface Mail {
  /** 'v2-0003-initramfs-add-a-file.patch' */
  readonly file: string;
  /** 0: the cover letter. */
  readonly number: number;
  /** Decoded. */
  readonly subject: string;
  /** Without brackets. */
  readonly messageId: string;
  readonly to: readonly Address[];
  readonly cc: readonly Address[];
  readonly bytes: Buffer;
}

export function assembleMails(posting: Posting): readonly Mail[] {
  const mails: Mail[] = [];
  const { cover, patches } = posting;
  if (cover) {
    const text = renderCover(cover.own, posting.generated);
    const date = patches.at(-1)!.patch.date;
    mails.push(
      mailOf(posting, mails, 0, { file: '0000-cover-letter.patch', ...cover, date, body: utf8(text) }),
    );
  }
  for (const [index, posted] of patches.entries()) {
    const { subject, date } = posted.patch;
    const body = patchBody(posting, posted, !cover && index === 0);
    mails.push(
      mailOf(posting, mails, index + 1, { file: posted.file, commit: posted.commit, subject, date, body }),
    );
  }
  return mails;
}

const utf8 = (text: string): Buffer => Buffer.from(text, 'utf8');
const latin1 = (text: string): string => utf8(text).toString('latin1');

/** The mail of a patch that stands alone tells the base itself. */
function patchBody(posting: Posting, { patch, notes, trailers }: PostedPatch, alone: boolean): Buffer {
  const { author } = patch;
  const own = sameAddress(author, posting.sender) && author.name === posting.sender.name;
  const signatures = posting.signoff ? [`Signed-off-by: ${formatAddress(posting.sender)}`] : [];
  const message = [...trailers, ...signatures].reduce(addTrailer, patch.message);
  const below = [patch.notes, latin1(notes)].filter(text => text !== '').join('\n\n');
  const text = [
    own ? '' : latin1(`From: ${formatAddress(author)}\n\n`),
    message === '' ? '' : `${message}\n`,
    '---\n',
    below === '' ? '' : `${below}\n\n`,
    patch.diff.endsWith('\n') ? patch.diff : `${patch.diff}\n`,
    alone && posting.generated.base_commit !== '' ? latin1(`\n${posting.generated.base_commit}\n`) : '',
  ].join('');
  return Buffer.from(text, 'latin1');
}

interface Draft {
  readonly file: string;
  readonly commit?: string;
  readonly subject: string;
  readonly date: string;
  readonly body: Buffer;
}

function mailOf(posting: Posting, before: readonly Mail[], number: number, draft: Draft): Mail {
  const { to, cc } = recipientsOf(posting.recipients, number);
  const body =
    posting.signature === ''
      ? draft.body
      : Buffer.concat([draft.body, utf8(`-- \n${posting.signature}\n\n`)]);
  const subject = `${prefixOf(posting, number)} ${draft.subject}`;
  const own: Header[] = [
    ['From', encodeAddress(posting.sender)],
    ...(to.length > 0 ? [['To', to.map(encodeAddress).join(', ')] as const] : []),
    ...(cc.length > 0 ? [['Cc', cc.map(encodeAddress).join(', ')] as const] : []),
    ['Subject', `${prefixOf(posting, number)} ${encodeWords(draft.subject)}`],
    ['Date', draft.date],
  ];
  const messageId = messageIdOf(posting, number, formatLetter({ headers: own, body }));
  const headers: Header[] = [
    ...own,
    ['Message-Id', `<${messageId}>`],
    ...threadHeaders(posting, before),
    ['X-Mailer', posting.mailer],
    ...posting.headers,
    ['MIME-Version', '1.0'],
    ['Content-Type', 'text/plain; charset=UTF-8'],
    ['Content-Transfer-Encoding', '8bit'],
  ];
  const file = posting.version === 1 ? draft.file : `v${posting.version}-${draft.file}`;
  return {
    ...{ file, number, subject, messageId, to, cc },
    bytes: formatLetter({ headers, body }, draft.commit),
  };
}

/** '[PATCH RFC v2 03/10]' */
function prefixOf({ prefixes, version, cover, patches }: Posting, number: number): string {
  const count = patches.length;
  const place = count > 1 || cover ? [`${String(number).padStart(String(count).length, '0')}/${count}`] : [];
  return `[${[...prefixes, ...(version > 1 ? [`v${version}`] : []), ...place].join(' ')}]`;
}

/** b4's form, from what the mail says: another text is another mail. */
function messageIdOf({ changeId, version, sender }: Posting, number: number, bytes: Buffer): string {
  const slug = changeId.replace(/-[0-9a-f]{12}$/, '');
  const hash = createHash('sha256').update(changeId).update(bytes).digest('hex').slice(0, 12);
  return `${slug}-v${version}-${number}-${hash}@${sender.email.split('@')[1]!}`;
}

/** To the first mail, or with `deep` each to the one before. */
function threadHeaders({ thread }: Posting, before: readonly Mail[]): Header[] {
  const parents = thread === 'deep' ? before : before.slice(0, 1);
  if (parents.length === 0) return [];
  return [
    ['In-Reply-To', `<${parents.at(-1)!.messageId}>`],
    ['References', parents.map(({ messageId }) => `<${messageId}>`).join(' ')],
  ];
}
