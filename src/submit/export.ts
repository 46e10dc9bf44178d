// SPDX-License-Identifier: GPL-2.0-only
/** From a series in patches/ to the mails of its next version, with the list of what is not ready. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Finding } from '../campaign/check/check.ts';
import type { Work } from '../events.ts';
import { UserError } from '../host/errors.ts';
import { capture } from '../host/exec.ts';
import { readIfThere, shortDigest, withLock, writeWhole } from '../host/files.ts';
import { gitEnvironment } from '../host/git.ts';
import type { Comparison } from '../measure/comparison.ts';
import type { Series } from '../series/series.ts';
import { archiveIdentity } from '../tree/import.ts';
import { step } from '../tree/step.ts';
import type { Tree, Worktree } from '../tree/tree.ts';
import { worktreeAt } from '../tree/worktree.ts';
import { folders, type Workspace } from '../workspace.ts';
import { type Address, encodeAddress, readAddress } from './address.ts';
import { assembleMails, type Mail, type PostedPatch, type Posting } from './assemble.ts';
import { formatShortlog, type Generated, parseCover } from './cover.ts';
import { diffstatOfRange, formatBase, patchIdOf, type Range, rangeDiff } from './generated.ts';
import type { Header } from './letter.ts';
import { findMaintainers, parseTrailerPeople } from './maintainers.ts';
import { checkNote, parseNotes } from './notes.ts';
import { parsePatchFile, type PatchFile } from './patchfile.ts';
import { blocking, type Facts, type Freshness, type Item, preflightOf } from './preflight.ts';
import {
  formatRecipients,
  joinRecipients,
  mergeRecipients,
  parseRecipients,
  type Recipient,
} from './recipients.ts';
import { readReview } from './review/file.ts';
import { openComments, trailersFor } from './review/review.ts';
import { type MailSettings, readMailSettings } from './settings.ts';
import {
  changeIdOf,
  copyMails,
  lastSent,
  readSubmission,
  recordOf,
  requireUnsent,
  type Submission,
  type SubmissionFiles,
  submissionsFolder,
  writeSubmission,
} from './submission.ts';

export interface ExportRequest {
  readonly rfc: boolean;
  readonly prefixes: readonly string[];
  /** A copy goes there too. */
  readonly out?: string;
  /** The sender, and the author of patches that have none. */
  readonly author?: string;
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
  /** checkpatch of the base tree over mails, findings that are waived left out. */
  lint(
    base: Worktree,
    files: readonly { readonly file: string; readonly path: string }[],
    signoff: boolean,
  ): Promise<readonly Finding[]>;
}

export interface Exported {
  readonly submission: Submission;
  readonly files: SubmissionFiles;
  /** Where the copy is. */
  readonly out?: string;
  /** False: something blocks and nobody forced it, so `send` will not take it. */
  readonly ready: boolean;
  /** Settings of git that are not followed. */
  readonly refused: readonly string[];
}

/** @throws UserError for a cover letter, notes, recipients or settings that cannot be read */
export async function* exportSeries(
  workspace: Workspace,
  subject: Subject,
  request: ExportRequest,
  evidence: Evidence,
  signal: AbortSignal,
): Work<Exported> {
  const place = path.join(submissionsFolder(workspace, subject.series.name), 'all');
  return yield* withLock(place, signal, () => exportLocked(workspace, subject, request, evidence, signal));
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
  const version = (before ?? 0) + 1;
  await requireUnsent(workspace, series.name, version);
  const base = yield* worktreeAt(workspace, tree, 'base', tree.commit, signal);

  const sender = senderOf(request, settings);
  const patches = await readPatches(series);
  const authored = patches.map(({ patch }) =>
    withAuthor(patch, request.author === undefined ? undefined : sender),
  );
  const ids: string[] = [];
  for (const { bytes } of patches) ids.push(await patchIdOf(repository, bytes, signal));
  const recipients = yield* step(job, 'recipients', () =>
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
  const facts: Omit<Facts, 'findings'> = {
    ...{ series: series.name, version, patches: patches.length, ...(cover && { cover }) },
    authorless: authored.filter(isAuthorless).length,
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
  const { files: first } = await write(preflightOf({ ...facts, findings: [] }));
  const findings = yield* step(job, 'checkpatch', () =>
    lintMails(evidence, base, first, mails, request.signoff),
  );
  const { files, submission } = await write(preflightOf({ ...facts, findings }));
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
): Work<readonly Finding[]> {
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
  throw new UserError('nobody is named as the sender', {
    hint: "give --author 'Name <user@example.org>', or set user.name and user.email in git's configuration",
  });
}

const isAuthorless = ({ author }: PatchFile): boolean => author.email === archiveIdentity.GIT_AUTHOR_EMAIL;

const withAuthor = (patch: PatchFile, author: Address | undefined): PatchFile =>
  author && isAuthorless(patch) ? { ...patch, author } : patch;

async function readPatches(series: Series): Promise<readonly { bytes: Buffer; patch: PatchFile }[]> {
  return Promise.all(
    series.patches.map(async ({ path: file }) => {
      const bytes = await readFile(file);
      const patch = parsePatchFile(bytes);
      if (patch) return { bytes, patch };
      throw new UserError(`${file} has no author or no diff`, {
        hint: 'write it anew with git format-patch',
      });
    }),
  );
}

/** The recipients file: read, and written anew when the patches are others than it was made for. */
async function* settleRecipients(
  base: Worktree,
  series: Series,
  patches: readonly PatchFile[],
  settings: MailSettings,
  again: boolean,
  signal: AbortSignal,
): Work<readonly Recipient[]> {
  const file = path.join(series.folder, 'recipients');
  const text = await readIfThere(file);
  const before = parseRecipients(text ?? '', file);
  const digest = shortDigest(series.digest);
  if (before.digest === digest && !again) return before.list;
  const named = await findMaintainers(base, series.patches, signal);
  const people = patches.flatMap((patch, index) =>
    parseTrailerPeople(Buffer.from(patch.message, 'latin1').toString('utf8'), index + 1),
  );
  const found = joinRecipients([...named, ...people, ...settings.recipients]);
  const merged = mergeRecipients(before, found, digest);
  await writeWhole(file, formatRecipients(merged));
  return merged.list;
}

async function generate(
  workspace: Workspace,
  { series, tree }: Subject,
  patches: readonly PatchFile[],
  evidence: Evidence,
  made: { readonly before: number | undefined; readonly range: Range; readonly changeId: string },
  signal: AbortSignal,
): Promise<Generated> {
  const repository = folders.repository(workspace);
  const last =
    made.before === undefined ? undefined : await readSubmission(workspace, series.name, made.before);
  const compared = last
    ? `Range-diff against v${last.version}:\n${await rangeDiff(repository, { base: last.tree.commit, tip: last.tip }, made.range, signal)}`
    : '';
  return {
    shortlog: formatShortlog(
      patches.map(({ author, subject }) => ({ author: author.name || author.email, subject })),
    ),
    diffstat: await diffstatOfRange(repository, made.range.base, made.range.tip, signal),
    range_diff: compared,
    report: evidence.report ?? '',
    requirements: evidence.requirements ?? '',
    base_commit: formatBase(tree, made.changeId),
  };
}

async function withNotes(
  series: Series,
  commits: readonly string[],
  patches: readonly PatchFile[],
  trailers: readonly (readonly string[])[],
): Promise<readonly PostedPatch[]> {
  const file = path.join(series.folder, 'notes');
  const notes = parseNotes((await readIfThere(file)) ?? '', file);
  const unknown = [...notes.keys()].find(subject => !patches.some(patch => patch.subject === subject));
  if (unknown !== undefined) {
    throw new UserError(`${file}: no patch is called '${unknown}'`, {
      hint: 'a note begins with [SUBJECT OF THE PATCH]',
    });
  }
  return patches.map((patch, index) => {
    const text = notes.get(patch.subject) ?? '';
    checkNote(text, file);
    return {
      file: series.patches[index]!.file.replace(/^v\d+-/, ''),
      commit: commits[index]!,
      patch,
      notes: text,
      trailers: trailers[index]!,
    };
  });
}

function readHeader(line: string): Header {
  const match = /^([A-Za-z][A-Za-z0-9-]*):\s*(.*)$/.exec(line.trim());
  if (match) return [match[1]!, match[2]!];
  throw new UserError(`format.headers: '${line}' is no header`, { hint: "write 'Name: value'" });
}

async function gitVersion(signal: AbortSignal): Promise<string> {
  const said = await capture(['git', 'version'], { env: gitEnvironment(), signal });
  return said.replace(/^git version /, '').split(' ')[0]!;
}

async function ownVersion(): Promise<string> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
