// SPDX-License-Identifier: GPL-2.0-only
/** What a person says of a comment or a tag: what became of it, that it still holds. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Work } from '../../events.ts';
import { UserError } from '../../host/errors.ts';
import { withLock } from '../../host/files.ts';
import { git } from '../../host/git.ts';
import { checkoutPath, hasCheckout } from '../../series/checkout.ts';
import { patchIdOf } from '../../series/origin.ts';
import type { Series } from '../../series/series.ts';
import { refs } from '../../tree/repository.ts';
import { folders, type Workspace } from '../../workspace.ts';
import { readReview, writeReview } from './file.ts';
import { type CommentState, parseState, type Review } from './review.ts';

export interface Decisions {
  /** '3=answered', '4=fixed 0123456789ab'. */
  readonly states: readonly { readonly number: number; readonly state: CommentState }[];
  /** Tags that hold for their patch as it is now. */
  readonly confirmed: readonly number[];
}

/** '3=fixed:0123456789ab', '3=fixed:HEAD~1'. @throws UserError */
export function readDecision(text: string): Decisions['states'][number] {
  const revision = /^(\d+)=fixed[: ](\S+)$/.exec(text);
  if (revision) return { number: Number(revision[1]), state: { kind: 'fixed', commit: revision[2]! } };
  const match = /^(\d+)=(.+)$/.exec(text);
  const state = parseState(match?.[2]?.replace(':', ' ') ?? '');
  if (match && state) return { number: Number(match[1]), state };
  throw new UserError(`--set ${text}: not understood`, {
    hint: 'write NUMBER=STATE: 3=answered, 4=disputed, 5=open, 6=fixed:COMMIT',
  });
}

/** Writes decisions into patches/<series>/review. @throws UserError for a number or a commit there is not */
export async function* settleReview(
  workspace: Workspace,
  series: Series,
  { states, confirmed }: Decisions,
  signal: AbortSignal,
): Work<Review> {
  return yield* withLock(
    path.join(folders.patches(workspace), series.name, 'review'),
    signal,
    async function* (): Work<Review> {
      const before = await readReview(series.folder);
      const decided = new Map<number, CommentState>();
      for (const { number, state } of states) {
        if (!before.comments.some(comment => comment.number === number))
          throw unknown(`comment ${number}`, series);
        const commit =
          state.kind === 'fixed' && (await commitOf(workspace, series.name, state.commit, signal));
        decided.set(number, commit ? { kind: 'fixed', commit } : state);
      }
      const ids = new Map<number, string>();
      for (const number of confirmed) {
        const tag = before.tags.find(each => each.number === number);
        if (!tag) throw unknown(`tag ${number}`, series);
        const patch = series.patches.find(each => each.subject === tag.patch.subject);
        if (!patch) throw unknown(`patch '${tag.patch.subject}', to which tag ${number} was given`, series);
        ids.set(number, await patchIdOf(folders.repository(workspace), await readFile(patch.path), signal));
      }
      const review: Review = {
        comments: before.comments.map(comment => {
          const state = decided.get(comment.number);
          return state ? { ...comment, state } : comment;
        }),
        tags: before.tags.map(tag => {
          const id = ids.get(tag.number);
          return id === undefined ? tag : { ...tag, givenTo: id, other: false };
        }),
      };
      await writeReview(series.folder, review);
      yield { job: `review ${series.name}`, type: 'step', step: 'review', state: 'done' };
      return review;
    },
  );
}

const unknown = (what: string, series: Series): UserError =>
  new UserError(`${series.name} has no ${what}`, {
    hint: `initbench review --series ${series.name} lists them`,
  });

/** What a person calls a commit, in the worktree of the series where there is one. @throws UserError */
async function commitOf(
  workspace: Workspace,
  series: string,
  word: string,
  signal: AbortSignal,
): Promise<string> {
  const edited = await hasCheckout(workspace, series);
  const folder = edited ? checkoutPath(workspace, series) : folders.repository(workspace);
  const name = edited ? word : word.replace(/^HEAD\b/, refs.branch(series));
  const question = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`];
  const commit = await git(folder, question, signal, { accept: [1, 128] });
  if (/^[0-9a-f]{40,64}$/.test(commit)) return commit.slice(0, 12);
  throw new UserError(`there is no commit ${word}`, {
    hint: 'name one of the series, as series apply lists them, or as git names it in its worktree (series edit)',
  });
}
