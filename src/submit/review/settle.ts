// SPDX-License-Identifier: GPL-2.0-only
/** What a person says of a comment or a tag: what became of it, that it still holds. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Work } from '../../events.ts';
import { UserError } from '../../host/errors.ts';
import { withLock } from '../../host/files.ts';
import { git } from '../../host/git.ts';
import type { Series } from '../../series/series.ts';
import { folders, type Workspace } from '../../workspace.ts';
import { patchIdOf } from '../generated.ts';
import { readReview, writeReview } from './file.ts';
import { type CommentState, parseState, type Review } from './review.ts';

export interface Decisions {
  /** '3=answered', '4=fixed 0123456789ab'. */
  readonly states: readonly { readonly number: number; readonly state: CommentState }[];
  /** Tags that hold for their patch as it is now. */
  readonly confirmed: readonly number[];
}

/** '3=fixed:0123456789ab'. @throws UserError */
export function readDecision(text: string): Decisions['states'][number] {
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
      for (const { number, state } of states) {
        if (!before.comments.some(comment => comment.number === number))
          throw unknown(`comment ${number}`, series);
        if (state.kind === 'fixed') await requireCommit(workspace, state.commit, signal);
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
          const decided = states.findLast(({ number }) => number === comment.number);
          return decided ? { ...comment, state: decided.state } : comment;
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

async function requireCommit(workspace: Workspace, commit: string, signal: AbortSignal): Promise<void> {
  const question = ['cat-file', '-t', commit];
  const type = await git(folders.repository(workspace), question, signal, { accept: [1, 128] });
  if (type === 'commit') return;
  throw new UserError(`there is no commit ${commit}`, {
    hint: 'name one of the series, as series apply lists them',
  });
}
