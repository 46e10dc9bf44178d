// SPDX-License-Identifier: GPL-2.0-only
/** `initbench review`: replies from mailboxes as a list of comments and tags, what became of each, and the changes that
 *  the next cover letter tells. */
import { document, object, text, texts } from '../document.ts';
import type { Work } from '../events.ts';
import { exitCodes, UserError } from '../host/errors.ts';
import { readSeries } from '../series/read.ts';
import { draftChanges } from '../submit/review/changes.ts';
import { type Collected, collectedSchema, collectReplies } from '../submit/review/collect.ts';
import { readReview, reviewFile } from '../submit/review/file.ts';
import { type Mailbox, readMailboxes } from '../submit/review/mailbox.ts';
import { type Comment, formatState, type Review, reviewSchema, type Tag } from '../submit/review/review.ts';
import { type Decisions, readDecision, settleReview } from '../submit/review/settle.ts';
import { answeredSeries } from '../submit/review/thread.ts';
import { lastSent, readSubmission } from '../submit/submission.ts';
import type { Workspace } from '../workspace.ts';
import { command } from './command.ts';
import { option } from './options.ts';
import { whole } from './typed.ts';

const reviewDocument = document(
  'initbench.review/1',
  'review: the comments and tags of a series, and what was not taken of the mails',
  object({
    series: text,
    ...reviewSchema.unwrap().shape,
    ...{ unmatched: texts, remarks: texts, draft: text.nullable() },
    setAside: collectedSchema.unwrap().shape.setAside,
  }),
);

interface ReviewInput extends Decisions {
  /** Default: the series that the mails answer, else that of initbench.toml. */
  readonly series: string | undefined;
  readonly files: readonly string[];
  readonly changes: boolean;
}

interface Reviewed {
  readonly series: string;
  readonly review: Review;
  readonly file: string;
  readonly collected?: Collected;
  /** 'Changes in v2: ...' */
  readonly draft?: string;
}

export const review = command({
  id: 'review',
  summary: 'read replies into a list of comments and tags, and say what became of them',
  changes: ['series'],
  examples: [
    'review replies.mbox',
    'review --series initoverlayfs',
    'review --set 3=answered --set 4=fixed:0123456789ab',
    'review --changes',
  ],
  positional: [{ usage: '[file...]', summary: 'mbox, maildir, folder of mails or a mail' }],
  options: [
    {
      ...option.series,
      summary: 'the series (default: what the mails answer, else initbench.toml)',
    },
    {
      usage: '--set <number=state>',
      summary: 'what became of a comment: open, answered, disputed, fixed:COMMIT',
      type: readDecision,
      repeat: true,
    },
    {
      usage: '--confirm <number>',
      summary: 'a tag holds for its patch as it is now',
      type: whole(1, 999_999),
      repeat: true,
    },
    { usage: '--changes', summary: "draft 'Changes in vN' of the next cover letter" },
  ],
  parse({ options: { series, set, confirm, changes }, words }): ReviewInput {
    if (words.length > 0 && (set.length > 0 || confirm.length > 0)) {
      throw new UserError('read the replies first, then decide about them', { hint: 'leave the files out' });
    }
    return { states: set, confirmed: confirm, series, files: words, changes };
  },
  async *run(workspace, input, signal): Work<Reviewed> {
    const mailbox = input.files.length > 0 ? yield* readMailboxes(input.files, signal) : undefined;
    const name = input.series ?? (mailbox && (await theAnswered(workspace, mailbox)));
    const series = await readSeries(workspace, name ?? workspace.settings.series);
    const collected = mailbox && (yield* collectReplies(workspace, series, mailbox, signal));
    const decided = input.states.length > 0 || input.confirmed.length > 0;
    const current = decided
      ? yield* settleReview(workspace, series, input, signal)
      : (collected?.review ?? (await readReview(series.folder)));
    const sent = await lastSent(workspace, series.name);
    const first =
      sent === undefined
        ? undefined
        : (await readSubmission(workspace, series.name, sent)).mails[0]?.messageId;
    return {
      ...{
        series: series.name,
        review: current,
        file: reviewFile(series.folder),
        ...(collected && { collected }),
      },
      ...(input.changes && { draft: draftChanges(current, (sent ?? 1) + 1, first) }),
    };
  },
  text: ({ series, review: { comments, tags }, file, collected, draft }) =>
    draft !== undefined
      ? draft.split('\n')
      : [
          ...(collected ? collectedLines(collected) : []),
          ...(comments.length + tags.length === 0 ? [`no comment on ${series} is known`] : []),
          ...comments.flatMap(commentLines),
          ...tags.map(tagLine),
          `saved in ${file}`,
        ],
  json: ({ series, review: found, collected, draft }) =>
    reviewDocument.of({
      ...{ series, ...found },
      ...{ unmatched: collected?.unmatched ?? [], remarks: collected?.remarks ?? [], draft: draft ?? null },
      setAside: collected?.setAside ?? [],
    }),
  exitCode: ({ collected }) => ((collected?.setAside.length ?? 0) > 0 ? exitCodes.failed : exitCodes.done),
});

/** The one series that mails answer; undefined: none. @throws UserError when they answer several */
async function theAnswered(workspace: Workspace, mailbox: Mailbox): Promise<string | undefined> {
  const found = await answeredSeries(workspace, mailbox);
  const { series } = workspace.settings;
  if (found.length <= 1 || found.includes(series)) return found.includes(series) ? series : found[0];
  throw new UserError(`the mails answer several series: ${found.join(', ')}`, {
    hint: 'name one with --series; its replies are taken and the others left',
  });
}

function collectedLines({
  newComments,
  newTags,
  unmatched,
  remarks,
  setAside,
}: Collected): readonly string[] {
  return [
    `${newComments.length} new comments, ${newTags.length} new tags`,
    ...remarks.map(text => `note: ${text}`),
    ...unmatched.map(text => `note: belongs to no mail of the series: ${text}`),
    ...setAside.map(({ place, why }) => `not read: ${place}: ${why}`),
    '',
  ];
}

function commentLines({ number, state, patch, place, from, quoted, text }: Comment): readonly string[] {
  return [
    `[${number}] ${formatState(state)}  ${patch.number === 0 ? 'cover letter' : `patch ${patch.number} ${patch.subject}`}`,
    `    ${place}  ${from}`,
    ...quoted.slice(-2).map(line => `    > ${line}`),
    ...text.map(line => `    ${line}`.trimEnd()),
    '',
  ];
}

const tagLine = ({ number, trailer, patch, other }: Tag): string =>
  `[${number}] patch ${patch.number}: ${trailer}${other ? '  (sent by somebody else: not used)' : ''}`;
