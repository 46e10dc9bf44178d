// SPDX-License-Identifier: GPL-2.0-only
/** From a series in patches/ to the mails of its next version, with the list of what is not ready. */
import path from 'node:path';
import type { z } from 'zod';
import type { Finding } from '../campaign/check/check.ts';
import { flag, object, text, texts } from '../document.ts';
import type { Work } from '../events.ts';
import { UserError } from '../host/errors.ts';
import type { Comparison } from '../measure/comparison.ts';
import { patchIdOf } from '../series/origin.ts';
import type { Series } from '../series/series.ts';
import { archiveIdentity } from '../tree/import.ts';
import { step } from '../tree/step.ts';
import type { Tree, Worktree } from '../tree/tree.ts';
import { worktreeAt } from '../tree/worktree.ts';
import { folders, type Workspace } from '../workspace.ts';
import { type Address, encodeAddress, readAddress } from '../mail/address.ts';
import { assembleMails, type Mail, type Posting } from './assemble.ts';
import { parseCover } from './cover.ts';
import {
  generate,
  gitVersion,
  ownVersion,
  readHeader,
  readPatches,
  settleRecipients,
  withNotes,
} from './parts.ts';
import type { PatchFile } from './patchfile.ts';
import { blocking, type Facts, type Freshness, type Item, preflightOf } from './preflight.ts';
import { readReview } from './review/file.ts';
import { openComments, trailersFor } from './review/review.ts';
import { type MailSettings, readMailSettings } from './settings.ts';
import {
  changeIdOf,
  copyMails,
  lastSent,
  recordOf,
  requireUnsent,
  type Submission,
  type SubmissionFiles,
  submissionFilesSchema,
  submissionSchema,
  withSubmissions,
  writeSubmission,
} from './submission.ts';

export interface ExportRequest {
  readonly rfc: boolean;
  readonly prefixes: readonly string[];
  /** Default: the one after the last that was sent. */
  readonly version?: number | undefined;
  /** A copy goes there too. */
  readonly out?: string | undefined;
  /** The sender, and the author of patches that have none. */
  readonly author?: string | undefined;
  readonly signoff: boolean;
  /** Go on although something blocks. */
  readonly force: boolean;
  /** Find recipients anew though the patches are the same. */
  readonly again: boolean;
}

/** The series on its base. */
export interface Subject {
  readonly series: Series;
  readonly tree: Tree;
  readonly commits: readonly string[];
}

/** What checkpatch found, and how much of that is waived. */
export interface Linted {
  readonly findings: readonly Finding[];
  readonly waived: number;
}

/** What other rooms know of the series as it is now. */
export interface Evidence {
  readonly check: Freshness;
  readonly boots: Freshness;
  readonly comparison?: Comparison;
  /** It as text for mail. */
  readonly report?: string;
  /** The matrix, and its short table. */
  readonly matrix?: unknown;
  readonly requirements?: string;
  /** checkpatch of the base tree over mails. */
  lint(
    base: Worktree,
    files: readonly { readonly file: string; readonly path: string }[],
    signoff: boolean,
  ): Promise<Linted>;
}

export const exportedSchema = object({
  submission: submissionSchema,
  files: submissionFilesSchema,
  /** Where the copy is. */
  out: text.exactOptional(),
  /** False: something blocks and nobody forced it, so `send` will not take it. */
  ready: flag,
  /** Settings of git that are not followed. */
  refused: texts,
});
export type Exported = z.infer<typeof exportedSchema>;

/** @throws UserError for a cover letter, notes, recipients or settings that cannot be read */
export async function* exportSeries(
  workspace: Workspace,
  subject: Subject,
  request: ExportRequest,
  evidence: Evidence,
  signal: AbortSignal,
): Work<Exported> {
  return yield* withSubmissions(workspace, subject.series.name, signal, () =>
    exportLocked(workspace, subject, request, evidence, signal),
  );
}

async function* exportLocked(
  workspace: Workspace,
  subject: Subject,
  request: ExportRequest,
  evidence: Evidence,
  signal: AbortSignal,
): Work<Exported> {
  const { series, tree, commits } = subject;
  const job = `export ${series.name}`;
  const repository = folders.repository(workspace);
  const settings = await readMailSettings(repository, signal);
  const before = await lastSent(workspace, series.name);
  const version = request.version ?? (before ?? 0) + 1;
  if (before !== undefined && version <= before) {
    throw new UserError(`v${before} of ${series.name} has been sent: v${version} is no next version`, {
      hint: `the next one is v${before + 1}`,
    });
  }
  await requireUnsent(workspace, series.name, version);
  const base = yield* worktreeAt(workspace, tree, 'base', tree.commit, signal);

  const sender = senderOf(request, settings);
  const patches = await readPatches(series);
  const authored = patches.map(({ patch }) =>
    withAuthor(patch, request.author === undefined ? undefined : sender),
  );
  const ids: string[] = [];
  for (const { bytes } of patches) ids.push(await patchIdOf(repository, bytes, signal));
  const { list: recipients, unread } = yield* step(job, 'recipients', () =>
    settleRecipients(base, series, authored, settings, request.again, signal),
  );
  const review = await readReview(series.folder);
  const trailers = trailersFor(review, series.patches, ids);
  const text = series.cover ? parseCover(series.cover.body) : undefined;
  const changeId = await changeIdOf(series.folder, series.name, text?.changeId);
  const cover = series.cover && text ? { subject: series.cover.subject, own: text.own } : undefined;
  const range = { base: tree.commit, tip: commits.at(-1)! };
  const generated = await generate(
    workspace,
    subject,
    authored,
    evidence,
    { before, range, changeId },
    signal,
  );

  const posting: Posting = {
    ...{ version, sender, signoff: request.signoff, changeId, generated, recipients },
    prefixes: [settings.prefix, ...(request.rfc ? ['RFC'] : []), ...request.prefixes],
    ...(cover && { cover }),
    patches: await withNotes(
      series,
      commits,
      authored,
      trailers.map(each => each.taken),
    ),
    thread: settings.thread,
    signature: settings.signature ?? (await gitVersion(signal)),
    headers: settings.headers.map(readHeader),
    mailer: `initbench ${await ownVersion()}`,
  };
  const mails = assembleMails(posting);
  const facts: Omit<Facts, keyof Linted> = {
    ...{ series: series.name, version, patches: patches.length, ...(cover && { cover }) },
    authorless: authored.filter(isAuthorless).length,
    unreadRecipients: unread ?? [],
    ...{ signoff: request.signoff, recipients, base: tree, check: evidence.check, boots: evidence.boots },
    openComments: openComments(review).length,
    staleTrailers: trailers.flatMap(each => each.stale),
  };
  const draft = { ...about(subject, posting), exported: new Date().toISOString() };
  const records = mails.map(mail => recordOf(mail, ids[mail.number - 1]));
  const kept = {
    ...(evidence.comparison && { comparison: evidence.comparison }),
    ...(evidence.matrix !== undefined && { matrix: evidence.matrix }),
  };
  // Written first, so that checkpatch reads what would be sent; and again with what it says.
  const write = (preflight: readonly Item[]) => {
    const forced = request.force ? blocking(preflight).map(item => `${item.id}: ${item.text}`) : [];
    const submission: Submission = { ...draft, mails: records, preflight, forced, ...kept };
    return writeSubmission(workspace, submission, mails).then(files => ({ files, submission }));
  };
  const { files: first } = await write(preflightOf({ ...facts, findings: [], waived: 0 }));
  const linted = yield* step(job, 'checkpatch', () =>
    lintMails(evidence, base, first, mails, request.signoff),
  );
  const { files, submission } = await write(preflightOf({ ...facts, ...linted }));
  const out = request.out === undefined ? settings.folder : request.out;
  if (out !== undefined) await copyMails(path.resolve(out), mails);
  return {
    ...{ submission, files, refused: settings.refused, ...(out !== undefined && { out: path.resolve(out) }) },
    ready: request.force || blocking(submission.preflight).length === 0,
  };
}

async function* lintMails(
  evidence: Evidence,
  base: Worktree,
  files: SubmissionFiles,
  mails: readonly Mail[],
  signoff: boolean,
): Work<Linted> {
  const patches = mails.filter(mail => mail.number > 0);
  return await evidence.lint(
    base,
    patches.map(({ file }) => ({ file, path: path.join(files.mails, file) })),
    signoff,
  );
}

const about = ({ series, tree, commits }: Subject, { version, changeId, sender }: Posting) => ({
  ...{ series: series.name, version, changeId, sender: encodeAddress(sender), digest: series.digest },
  tree: { name: tree.name, version: tree.version, commit: tree.commit },
  tip: commits.at(-1)!,
});

/** Asked for, or as git is configured. @throws UserError when nobody said who */
function senderOf({ author }: ExportRequest, settings: MailSettings): Address {
  const sender = author === undefined ? settings.sender : readAddress(author, '--author');
  if (sender) return sender;
  throw new UserError('no sender is set', {
    hint: "give --author 'Name <user@example.org>', or set user.name and user.email in git's configuration",
  });
}

const isAuthorless = ({ author }: PatchFile): boolean => author.email === archiveIdentity.GIT_AUTHOR_EMAIL;

const withAuthor = (patch: PatchFile, author: Address | undefined): PatchFile =>
  author && isAuthorless(patch) ? { ...patch, author } : patch;
