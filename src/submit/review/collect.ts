// SPDX-License-Identifier: GPL-2.0-only
/** From mailboxes to the review of a series: who said what of which patch, and where. */
import path from 'node:path';
import type { z } from 'zod';
import { list, object, texts } from '../../document.ts';
import { UserError } from '../../host/errors.ts';
import { withLock } from '../../host/files.ts';
import type { Work } from '../../events.ts';
import { formatAddress, parseAddress } from '../../mail/address.ts';
import { setAsideSchema } from '../../mail/archive.ts';
import { sameSender } from '../../mail/sender.ts';
import type { Series } from '../../series/series.ts';
import { folders, type Workspace } from '../../workspace.ts';
import { readReview, writeReview } from './file.ts';
import type { Mailbox, ReceivedLetter } from './mailbox.ts';
import { placeFinder } from './place.ts';
import { parseReply } from './reply.ts';
import {
  answered,
  type Comment,
  commentSchema,
  mergeReviews,
  noReview,
  type Review,
  reviewSchema,
  type Tag,
  tagSchema,
} from './review.ts';
import { type Posted, targetOf, type Thread, threadOf, withAnswers } from './thread.ts';

export const collectedSchema = object({
  review: reviewSchema,
  newComments: list(commentSchema),
  newTags: list(tagSchema),
  /** Mails that belong to no mail of the series. */
  unmatched: texts,
  /** What was seen and not taken, and why. */
  remarks: texts,
  /** Mails that could not be read. */
  setAside: list(setAsideSchema),
});
export type Collected = z.infer<typeof collectedSchema>;

/** Reads mails into patches/<series>/review. */
export async function* collectReplies(
  workspace: Workspace,
  series: Series,
  { letters, setAside }: Mailbox,
  signal: AbortSignal,
): Work<Collected> {
  const thread = await threadOf(workspace, series, letters, signal);
  return yield* withLock(
    path.join(folders.patches(workspace), series.name, 'review'),
    signal,
    async function* (): Work<Collected> {
      const before = await readReview(series.folder);
      const found = reviewOf(letters, thread, series, before);
      const merged = mergeReviews(before, found.review);
      const review = answered(merged, found.answeredMails);
      const numbers = new Set([...before.comments, ...before.tags].map(each => each.number));
      if (JSON.stringify(review) !== JSON.stringify(before)) await writeReview(series.folder, review);
      const total = letters.length;
      yield { job: `review ${series.name}`, type: 'progress', done: total, total, label: 'mails read' };
      return {
        ...{ review, setAside, unmatched: found.unmatched, remarks: found.remarks },
        newComments: review.comments.filter(comment => !numbers.has(comment.number)),
        newTags: review.tags.filter(tag => !numbers.has(tag.number)),
      };
    },
  );
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
  before: Review = noReview,
): Found {
  const comments: Comment[] = [];
  const tags: Tag[] = [];
  const unmatched: string[] = [];
  const remarks: string[] = [];
  const answeredMails = new Set<string>();
  const byId = new Map(letters.map(letter => [letter.messageId, letter]));
  const targets = withAnswers(thread.posted, before);
  for (const letter of letters) {
    if (thread.posted.has(letter.messageId)) continue;
    if (letter.automatic) {
      remarks.push(`${letter.place}: '${letter.subject}' is an automatic reply; left out`);
      continue;
    }
    const target = targetOf(letter, byId, targets);
    if (!target) {
      unmatched.push(`${letter.place}: ${letter.subject}`);
      continue;
    }
    if (thread.own.some(one => sameSender(one, letter.sender))) {
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
          from: formatAddress(letter.sender),
          date: letter.date,
          quoted: quoted.filter(Boolean).slice(-6),
          text,
        },
      });
    }
    remarks.push(...reply.partial.map(line => `${letter.place}: '${line}' names nobody`));
    for (const [index, trailer] of reply.tags.entries()) {
      const who = parseAddress(
        trailer.slice(trailer.indexOf(':') + 1).replace(/\s*(?:#.*|\([^)]*\)|\[[^\]]*\])$/, ''),
      )!;
      const other = !sameSender({ ...who, hidden: false }, letter.sender);
      if (other)
        remarks.push(
          `${letter.place}: '${trailer}' comes from ${letter.sender.email}; left out until confirmed`,
        );
      const part = reply.remarks.length + index + 1;
      const goesTo = patchesOf(target, thread.posted);
      if (goesTo.length === 0)
        remarks.push(`${letter.place}: '${trailer}': the patch it is for is not known`);
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
