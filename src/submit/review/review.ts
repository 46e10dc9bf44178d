// SPDX-License-Identifier: GPL-2.0-only
/** What reviewers said of a series: comments with what became of them, and tags that were given. Pure. */
import type { Patch } from '../../series/series.ts';

export type CommentState =
  { readonly kind: 'open' | 'answered' | 'disputed' } | { readonly kind: 'fixed'; readonly commit: string };

/** Where something was said. */
interface Said {
  /** As people call it; stays the same. */
  readonly number: number;
  /** 0 for the cover letter. */
  readonly patch: { readonly number: number; readonly subject: string };
  readonly version: number;
  readonly messageId: string;
  /** Which one of the mail, from 1. */
  readonly part: number;
}

export interface Comment extends Said {
  readonly state: CommentState;
  /** 'init/initramfs_image.c:57', 'commit message', 'whole mail'. */
  readonly place: string;
  /** 'Name <user@example.org>' */
  readonly from: string;
  /** ISO 8601, or empty. */
  readonly date: string;
  /** The lines it is about. */
  readonly quoted: readonly string[];
  readonly text: readonly string[];
}

export interface Tag extends Said {
  /** 'Reviewed-by: Name <user@example.org>' */
  readonly trailer: string;
  /** git patch-id of the change it was given to, or was confirmed for. */
  readonly givenTo: string;
  /** Whether the mail is from somebody else than the tag names; then it counts only when confirmed. */
  readonly other: boolean;
}

export interface Review {
  readonly comments: readonly Comment[];
  readonly tags: readonly Tag[];
}

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
