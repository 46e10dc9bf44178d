// SPDX-License-Identifier: GPL-2.0-only
/** A posting on disk: state/submissions/<series>/v<N>/ with its mails, what they were made from, and, once it is sent, the
 *  journal of that. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { list, number, object, text, texts } from '../document.ts';
import { comparisonDocument } from '../measure/comparison.ts';
import { type Digest, digestSchema, type Work } from '../events.ts';
import { UserError } from '../host/errors.ts';
import {
  exists,
  readIfThere,
  readTyped,
  replaceFolder,
  scratchIn,
  settleReplaced,
  stageFiles,
  withLock,
  writeWhole,
} from '../host/files.ts';
import type { Workspace } from '../workspace.ts';
import type { Mail } from './assemble.ts';
import { formatAddress } from '../mail/address.ts';
import { newChangeId } from './cover.ts';
import { formatMbox } from './letter.ts';
import { itemSchema } from './preflight.ts';

const schema = 'initbench.submission/1';

const mailRecordSchema = object({
  file: text,
  number: number,
  subject: text,
  messageId: text,
  to: texts,
  cc: texts,
  /** sha256 of its bytes. */
  digest: digestSchema,
  /** Which change it is, whatever lines it stands at: git patch-id; absent for the cover letter. */
  patchId: text.exactOptional(),
});
export type MailRecord = z.infer<typeof mailRecordSchema>;

export const submissionSchema = object({
  series: text,
  version: number,
  changeId: text,
  sender: text,
  digest: digestSchema,
  tree: object({ name: text, version: text, commit: text }),
  /** The last commit of the series. */
  tip: text,
  /** ISO 8601. */
  exported: text,
  mails: list(mailRecordSchema),
  preflight: list(itemSchema),
  /** What blocked and was forced. */
  forced: texts,
  /** What the figures in the cover letter are from. */
  comparison: comparisonDocument.schema.exactOptional(),
  /** The requirements, as `series verify` kept them. */
  matrix: z.unknown().exactOptional(),
});
export type Submission = z.infer<typeof submissionSchema>;

export const submissionsFolder = (workspace: Workspace, series: string): string =>
  path.join(workspace.state, 'submissions', series);
export const submissionFolder = (workspace: Workspace, series: string, version: number): string =>
  path.join(submissionsFolder(workspace, series), `v${version}`);

export const submissionFilesSchema = object({
  folder: text,
  record: text,
  mails: text,
  /** The patches: git am takes it. */
  mbox: text,
  /** The cover letter and the patches, as a list gets them: for b4 and mail programs. */
  thread: text,
  /** What a dry run showed, and the bytes that would go. */
  dryRun: text,
  /** What has gone. */
  journal: text,
  /** Written last: the version is sent. */
  sent: text,
});
export type SubmissionFiles = z.infer<typeof submissionFilesSchema>;

export function submissionFiles(workspace: Workspace, series: string, version: number): SubmissionFiles {
  const folder = submissionFolder(workspace, series, version);
  const at = (name: string) => path.join(folder, name);
  return {
    ...{ folder, record: at('submission.json'), mails: at('mails') },
    ...{ mbox: at('series.mbox'), thread: at('thread.mbox') },
    ...{ dryRun: at('dry-run'), journal: at('journal.jsonl'), sent: at('sent.json') },
  };
}

/** Versions there are, exported or sent, in order. */
export async function listVersions(workspace: Workspace, series: string): Promise<readonly number[]> {
  const names = await readdir(submissionsFolder(workspace, series)).catch(() => [] as string[]);
  return names
    .flatMap(name => Number(/^v(\d+)$/.exec(name)?.[1] ?? []))
    .filter(version => version > 0)
    .sort((a, b) => a - b);
}

export const isSent = (workspace: Workspace, series: string, version: number): Promise<boolean> =>
  exists(submissionFiles(workspace, series, version).sent);

/** The last version that went out; undefined before the first. */
export async function lastSent(workspace: Workspace, series: string): Promise<number | undefined> {
  let last: number | undefined;
  for (const version of await listVersions(workspace, series)) {
    if (await isSent(workspace, series, version)) last = version;
  }
  return last;
}

/** The version to be sent next: half sent, else the one that was exported last; undefined when there is none. */
export async function pendingVersion(workspace: Workspace, series: string): Promise<number | undefined> {
  const last = (await lastSent(workspace, series)) ?? 0;
  const open = (await listVersions(workspace, series)).filter(version => version > last);
  let found: { readonly version: number; readonly exported: string } | undefined;
  for (const version of open) {
    if (await exists(submissionFiles(workspace, series, version).journal)) return version;
    const { exported } = await readSubmission(workspace, series, version);
    if (found === undefined || exported > found.exported) found = { version, exported };
  }
  return found?.version;
}

/** @throws UserError when it was never exported, or another version of initbench wrote it */
export async function readSubmission(
  workspace: Workspace,
  series: string,
  version: number,
): Promise<Submission> {
  const { record } = submissionFiles(workspace, series, version);
  const submission = await readTyped(record, found => submissionSchema.parse(found), schema);
  if (submission) return submission;
  throw new UserError(`v${version} of ${series} has not been exported`, {
    hint: `initbench export ${series}`,
  });
}

/** The bytes of each mail. @throws UserError when one is not what was exported */
export async function readMails(workspace: Workspace, submission: Submission): Promise<readonly Buffer[]> {
  const { mails } = submissionFiles(workspace, submission.series, submission.version);
  return Promise.all(
    submission.mails.map(async ({ file, digest }) => {
      const bytes = await readFile(path.join(mails, file));
      if (bytesDigest(bytes) === digest) return bytes;
      throw new UserError(`${path.join(mails, file)} was changed after the export`, {
        hint: `change the series or its cover letter and run initbench export ${submission.series} again`,
      });
    }),
  );
}

export const bytesDigest = (bytes: Buffer): Digest => createHash('sha256').update(bytes).digest('hex');

/** The mails and the record of them, there whole or not at all; an earlier export of the version gives way.
 *  @throws UserError when part of that has been sent */
export async function writeSubmission(
  workspace: Workspace,
  submission: Submission,
  mails: readonly Mail[],
): Promise<SubmissionFiles> {
  const { series, version } = submission;
  const files = submissionFiles(workspace, series, version);
  await requireUnsent(workspace, series, version);
  const scratch = await scratchIn(path.dirname(files.folder));
  try {
    await writeFiles(path.join(scratch, 'mails'), mailFiles(mails));
    await writeFiles(scratch, mboxFiles(mails));
    await writeWhole(
      path.join(scratch, 'submission.json'),
      `${JSON.stringify({ schema, ...submission }, null, 2)}\n`,
    );
    await replaceFolder(scratch, files.folder);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return files;
}

/** The work while nobody else exports or sends the series; what a killed command left is settled first. */
export function withSubmissions<Product>(
  workspace: Workspace,
  series: string,
  signal: AbortSignal,
  work: () => Work<Product>,
): Work<Product> {
  const folder = submissionsFolder(workspace, series);
  return withLock(path.join(folder, 'all'), signal, async function* (): Work<Product> {
    await settleReplaced(folder);
    return yield* work();
  });
}

/** @throws UserError when the version is sent, or half sent */
export async function requireUnsent(workspace: Workspace, series: string, version: number): Promise<void> {
  const { journal, sent } = submissionFiles(workspace, series, version);
  if (await exists(sent)) {
    throw new UserError(`v${version} of ${series} has been sent`, {
      hint: `the next one is v${version + 1}`,
    });
  }
  if (await exists(journal)) {
    throw new UserError(`some mails of v${version} of ${series} have been sent`, {
      hint: `initbench send ${series} --yes sends the rest; then the next version is v${version + 1}`,
    });
  }
}

interface NamedFile {
  readonly name: string;
  readonly data: string | Uint8Array;
}

const mailFiles = (mails: readonly Mail[]): readonly NamedFile[] =>
  mails.map(({ file, bytes }) => ({ name: file, data: bytes }));

/** git am stops at a mail without a patch, as a cover letter is one: it gets an mbox without it. */
function mboxFiles(mails: readonly Mail[]): readonly NamedFile[] {
  const mboxOf = (list: readonly Mail[]) => formatMbox(list.map(({ bytes }) => bytes));
  return [
    { name: 'series.mbox', data: mboxOf(mails.filter(({ number }) => number > 0)) },
    { name: 'thread.mbox', data: mboxOf(mails) },
  ];
}

async function writeFiles(folder: string, files: readonly NamedFile[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { name, data } of files) await writeFile(path.join(folder, name), data);
}

/** A copy for a person in a folder of their own. @throws UserError when other patches lie there */
export async function copyMails(folder: string, mails: readonly Mail[]): Promise<void> {
  const there = await readdir(folder).catch(() => [] as string[]);
  const other = there.find(name => name.endsWith('.patch') && !mails.some(({ file }) => file === name));
  if (other !== undefined) {
    throw new UserError(`${path.join(folder, other)} is not of this export`, {
      hint: 'choose an empty folder',
    });
  }
  const files = [...mailFiles(mails), ...mboxFiles(mails)];
  const staged = await stageFiles(files.map(({ name, data }) => ({ file: path.join(folder, name), data })));
  await staged.publish();
}

/** patches/<series>/change-id, made when the series is exported for the first time. */
export async function changeIdOf(
  folder: string,
  series: string,
  fromCover: string | undefined,
): Promise<string> {
  const file = path.join(folder, 'change-id');
  const kept = fromCover ?? (await readIfThere(file))?.trim();
  if (kept !== undefined && /^[A-Za-z0-9._-]{1,100}$/.test(kept)) return kept;
  if (kept !== undefined) {
    throw new UserError(`${file}: '${kept}' is not a change-id`, {
      hint: 'remove the line; a new one is made',
    });
  }
  const made = newChangeId(series, new Date(), randomBytes(8));
  await writeWhole(file, `${made}\n`);
  return made;
}

export const recordOf = (mail: Mail, patchId: string | undefined): MailRecord => ({
  ...{ file: mail.file, number: mail.number, subject: mail.subject, messageId: mail.messageId },
  ...{ to: mail.to.map(formatAddress), cc: mail.cc.map(formatAddress), digest: bytesDigest(mail.bytes) },
  ...(patchId === undefined ? {} : { patchId }),
});
