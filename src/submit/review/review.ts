// SPDX-License-Identifier: GPL-2.0-only
/** What reviewers said of a series: comments with what became of them, and tags that were given. Pure. */
import { z } from 'zod';
import { flag, list, number, object, text, texts } from '../../document.ts';
import type { Patch } from '../../series/series.ts';

const commentStateSchema = z.union([
  object({ kind: z.enum(['open', 'answered', 'disputed']) }),
  object({ kind: z.literal('fixed'), commit: text }),
]);
export type CommentState = z.infer<typeof commentStateSchema>;

/** Where something was said. */
const saidSchema = object({
  /** As people call it; stays the same. */
  number: number,
  /** 0 for the cover letter. */
  patch: object({ number: number, subject: text }),
  version: number,
  messageId: text,
  /** Which one of the mail, from 1. */
  part: number,
});
type Said = z.infer<typeof saidSchema>;

export const commentSchema = object({
  ...saidSchema.unwrap().shape,
  state: commentStateSchema,
  /** 'init/initramfs_image.c:57', 'commit message', 'whole mail'. */
  place: text,
  /** 'Name <user@example.org>' */
  from: text,
  /** ISO 8601, or empty. */
  date: text,
  /** The lines it is about. */
  quoted: texts,
  text: texts,
});
export type Comment = z.infer<typeof commentSchema>;

export const tagSchema = object({
  ...saidSchema.unwrap().shape,
  /** 'Reviewed-by: Name <user@example.org>' */
  trailer: text,
  /** git patch-id of the change it was given to, or was confirmed for. */
  givenTo: text,
  /** Whether the mail is from somebody else than the tag names; then it counts only when confirmed. */
  other: flag,
});
export type Tag = z.infer<typeof tagSchema>;

export const reviewSchema = object({ comments: list(commentSchema), tags: list(tagSchema) });
export type Review = z.infer<typeof reviewSchema>;

export const noReview: Review = { comments: [], tags: [] };

export const openComments = ({ comments }: Review): readonly Comment[] =>
  comments.filter(({ state }) => state.kind === 'open');

/** The tags of each patch as it is now (`ids`: their patch ids), and those it has lost by changing. */
export function trailersFor(
  { tags }: Review,
  patches: readonly Pick<Patch, 'subject'>[],
  ids: readonly string[],
): readonly { readonly taken: readonly string[]; readonly stale: readonly string[] }[] {
  return patches.map(({ subject }, index) => {
    const same = (tag: Tag) => tag.givenTo === ids[index];
    const own = tags.filter(tag => tag.patch.subject === subject || same(tag));
    const stale = own.filter(tag => !same(tag) || tag.other);
    const taken = own.filter(tag => same(tag) && !tag.other).map(tag => tag.trailer);
    return {
      taken: [...new Set(taken)],
      stale: stale.map(tag => `[${tag.number}] ${tag.trailer} on ${subject}`),
    };
  });
}

const keyOf = (said: Said): string => `${said.messageId} ${said.part} ${said.patch.subject}`;

/** What is known already stays as a person left it; what is new gets the next numbers. */
export function mergeReviews(before: Review, found: Review): Review {
  const known = new Set([...before.comments, ...before.tags].map(keyOf));
  let next = Math.max(0, ...[...before.comments, ...before.tags].map(each => each.number)) + 1;
  const fresh = <Each extends Said>(list: readonly Each[]): Each[] =>
    list.filter(each => !known.has(keyOf(each))).map(each => ({ ...each, number: next++ }));
  return {
    comments: [...before.comments, ...fresh(found.comments)],
    tags: [...before.tags, ...fresh(found.tags)],
  };
}

/** The comments of a mail that its author has replied to. */
export const answered = (review: Review, messageIds: ReadonlySet<string>): Review => ({
  ...review,
  comments: review.comments.map(comment =>
    comment.state.kind === 'open' && messageIds.has(comment.messageId)
      ? { ...comment, state: { kind: 'answered' } }
      : comment,
  ),
});

/** 'open', 'fixed 0123456789ab', 'answered', 'disputed'; undefined for anything else. */
export function parseState(text: string): CommentState | undefined {
  const [word, commit, ...rest] = text.trim().split(/\s+/);
  if (word === 'fixed' && rest.length === 0 && /^[0-9a-f]{7,40}$/.test(commit ?? ''))
    return { kind: 'fixed', commit: commit! };
  if (commit !== undefined) return undefined;
  return word === 'open' || word === 'answered' || word === 'disputed' ? { kind: word } : undefined;
}

export const formatState = (state: CommentState): string =>
  state.kind === 'fixed' ? `fixed ${state.commit}` : state.kind;
