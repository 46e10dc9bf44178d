// SPDX-License-Identifier: GPL-2.0-only
/** From mailboxes to the review of a series: which mail answers which patch, who said what where. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../../host/errors.ts';
import { withLock } from '../../host/files.ts';
import type { Work } from '../../events.ts';
import { parseMail, stripPrefixes } from '../../series/mail.ts';
import type { Series } from '../../series/series.ts';
import { folders, type Workspace } from '../../workspace.ts';
import { formatAddress, parseAddress, sameAddress } from '../address.ts';
import { patchIdOf } from '../generated.ts';
import { listVersions, readSubmission, submissionFiles } from '../submission.ts';
import { readReview, writeReview } from './file.ts';
import { parseLetters, type ReceivedLetter } from './letters.ts';
import { readMailbox } from './mailbox.ts';
import { placeFinder } from './place.ts';
import { parseReply } from './reply.ts';
import { answered, type Comment, mergeReviews, type Review, type Tag } from './review.ts';

/** A mail of the series: something that can be answered. */
export interface Posted {
  readonly version: number;
  readonly number: number;
  readonly subject: string;
  /** The text that replies quote. */
  readonly body: string;
  readonly patchId?: string;
}

export interface Thread {
  readonly posted: ReadonlyMap<string, Posted>;
  /** Whose replies are ours. */
  readonly own: readonly string[];
}

export interface Collected {
  readonly review: Review;
  readonly newComments: readonly Comment[];
  readonly newTags: readonly Tag[];
  /** Mails that belong to no mail of the series. */
  readonly unmatched: readonly string[];
  /** What was seen and not taken, and why. */
  readonly remarks: readonly string[];
}

/** Reads the mailboxes into patches/<series>/review. All of it, or with an error nothing. */
export async function* collectReplies(
  workspace: Workspace,
  series: Series,
  files: readonly string[],
  signal: AbortSignal,
): Work<Collected> {
  const job = `review ${series.name}`;
  const raw = (await Promise.all(files.map(readMailbox))).flat();
  yield { job, type: 'progress', done: 0, total: raw.length, label: 'reading mails' };
  const letters = await parseLetters(raw);
  const thread = await threadOf(workspace, series, letters, signal);
  return yield* withLock(
    path.join(folders.patches(workspace), series.name, 'review'),
    signal,
    async function* (): Work<Collected> {
      const before = await readReview(series.folder);
      const found = reviewOf(letters, thread, series);
      const merged = mergeReviews(before, found.review);
      const review = answered(merged, found.answeredMails);
      const numbers = new Set([...before.comments, ...before.tags].map(each => each.number));
      if (JSON.stringify(review) !== JSON.stringify(before)) await writeReview(series.folder, review);
      yield { job, type: 'progress', done: raw.length, total: raw.length, label: 'mails read' };
      return {
        ...{ review, unmatched: found.unmatched, remarks: found.remarks },
        newComments: review.comments.filter(comment => !numbers.has(comment.number)),
        newTags: review.tags.filter(tag => !numbers.has(tag.number)),
      };
    },
  );
}

/** What we sent, and what the mailbox itself has of the series. */
async function threadOf(
  workspace: Workspace,
  series: Series,
  letters: readonly ReceivedLetter[],
  signal: AbortSignal,
): Promise<Thread> {
  const posted = new Map<string, Posted>();
  const own = new Set<string>();
  for (const version of await listVersions(workspace, series.name)) {
    const submission = await readSubmission(workspace, series.name, version);
    own.add(parseAddress(submission.sender)?.email.toLowerCase() ?? '');
    for (const mail of submission.mails) {
      const { mails } = submissionFiles(workspace, series.name, version);
      const text = await readFile(path.join(mails, mail.file), 'utf8');
      posted.set(mail.messageId, {
        ...{ version, number: mail.number, subject: stripPrefixes(mail.subject), body: parseMail(text).body },
        ...(mail.patchId !== undefined && { patchId: mail.patchId }),
      });
    }
  }
  for (const letter of letters) {
    const place = placeOf(letter.subject, series);
    if (!place || posted.has(letter.messageId) || isReply(letter.subject)) continue;
    own.add(letter.from.email.toLowerCase());
    const isPatch = /^diff --git /m.test(letter.text);
    const patchId = isPatch
      ? await patchIdOf(folders.repository(workspace), Buffer.from(letter.text), signal)
      : undefined;
    posted.set(letter.messageId, { ...place, body: letter.text, ...(patchId !== undefined && { patchId }) });
  }
  return { posted, own: [...own] };
}

const isReply = (subject: string): boolean => /^\s*(?:re|aw|sv|antw|odp|r)(?:\[\d+\])?:/i.test(subject);

/** '[PATCH RFC v2 03/10] erofs: x' of this series; undefined when its subjects do not have that one. */
function placeOf(subject: string, series: Series): Omit<Posted, 'body'> | undefined {
  const match = /\[([^\]]*\bPATCH\b[^\]]*)\]\s*(.*)$/i.exec(subject);
  if (!match) return undefined;
  const version = Number(/\bv(\d+)\b/i.exec(match[1]!)?.[1] ?? 1);
  const text = match[2]!.trim();
  if (series.cover && text === series.cover.subject) return { version, number: 0, subject: text };
  const at = series.patches.findIndex(patch => patch.subject === text);
  return at < 0 ? undefined : { version, number: at + 1, subject: text };
}

interface Found {
  readonly review: Review;
  readonly answeredMails: ReadonlySet<string>;
  readonly unmatched: readonly string[];
  readonly remarks: readonly string[];
}

/** Pure. */
export function reviewOf(
  letters: readonly ReceivedLetter[],
  thread: Thread,
  series: Pick<Series, 'name'>,
): Found {
  const comments: Comment[] = [];
  const tags: Tag[] = [];
  const unmatched: string[] = [];
  const remarks: string[] = [];
  const answeredMails = new Set<string>();
  const byId = new Map(letters.map(letter => [letter.messageId, letter]));
  for (const letter of letters) {
    if (thread.posted.has(letter.messageId)) continue;
    const target = targetOf(letter, byId, thread.posted);
    if (!target) {
      unmatched.push(`${letter.where}: ${letter.subject}`);
      continue;
    }
    if (thread.own.includes(letter.from.email.toLowerCase())) {
      const parent = letter.references.at(-1);
      if (parent !== undefined) answeredMails.add(parent);
      continue;
    }
    const reply = parseReply(letter.text);
    const about = {
      number: 0,
      patch: { number: target.number, subject: target.subject },
      version: target.version,
      messageId: letter.messageId,
    };
    const find = placeFinder(target.body);
    for (const [index, { quoted, text }] of reply.remarks.entries()) {
      comments.push({
        ...about,
        ...{ part: index + 1, state: { kind: 'open' }, place: find(quoted) },
        ...{
          from: formatAddress(letter.from),
          date: letter.date,
          quoted: quoted.filter(Boolean).slice(-6),
          text,
        },
      });
    }
    remarks.push(...reply.partial.map(line => `${letter.where}: '${line}' names nobody`));
    for (const [index, trailer] of reply.tags.entries()) {
      const who = parseAddress(
        trailer.slice(trailer.indexOf(':') + 1).replace(/\s*(?:#.*|\([^)]*\)|\[[^\]]*\])$/, ''),
      )!;
      const other = !sameAddress(who, letter.from);
      if (other)
        remarks.push(
          `${letter.where}: '${trailer}' comes from ${letter.from.email}; left out until confirmed`,
        );
      const part = reply.remarks.length + index + 1;
      const goesTo = patchesOf(target, thread.posted);
      if (goesTo.length === 0)
        remarks.push(`${letter.where}: '${trailer}': the patch it is for is not known`);
      tags.push(...goesTo.map(patch => ({ ...about, part, trailer, other, ...patch })));
    }
  }
  if (letters.length > 0 && unmatched.length === letters.length) {
    throw new UserError(`none of the ${letters.length} mails belongs to ${series.name}`, {
      hint: 'name the series with --series; replies are found by the ids of what was sent, or of patches in the mailbox',
    });
  }
  return { review: { comments, tags }, answeredMails, unmatched, remarks };
}

/** The nearest mail of the series that a letter answers, through other replies as well. */
function targetOf(
  letter: ReceivedLetter,
  byId: ReadonlyMap<string, ReceivedLetter>,
  posted: ReadonlyMap<string, Posted>,
): Posted | undefined {
  const seen = new Set<string>();
  const queue = letter.references.toReversed();
  for (const id of queue) {
    const found = posted.get(id);
    if (found) return found;
    seen.add(id);
    queue.push(...(byId.get(id)?.references.toReversed() ?? []).filter(each => !seen.has(each)));
  }
  return undefined;
}

/** A tag given to the cover letter is given to every patch of that version. */
function patchesOf(
  target: Posted,
  posted: ReadonlyMap<string, Posted>,
): readonly Pick<Tag, 'patch' | 'givenTo'>[] {
  const meant =
    target.number > 0
      ? [target]
      : [...posted.values()].filter(each => each.number > 0 && each.version === target.version);
  return meant
    .filter(each => each.patchId !== undefined)
    .sort((a, b) => a.number - b.number)
    .map(each => ({ patch: { number: each.number, subject: each.subject }, givenTo: each.patchId! }));
}
