// SPDX-License-Identifier: GPL-2.0-only
/** Sending a version: shown first to the last byte, then exactly that, mail by mail, each written down as it goes, so that
 *  what was stopped half-way goes on with the mails that have not gone. */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { list, number, object, text, texts } from '../document.ts';
import type { Work } from '../events.ts';
import { ToolError, UserError } from '../host/errors.ts';
import { writeWhole } from '../host/files.ts';
import { readSeries, seriesNames } from '../series/read.ts';
import { folders, type Workspace } from '../workspace.ts';
import {
  type DryRun,
  dryRunSchema,
  keepLine,
  nameOf,
  readDryRun,
  readJournal,
  requireSame,
  shownOf,
} from './journal.ts';
import { blocking, type Item, itemSchema } from './preflight.ts';
import { recordVersion } from './record.ts';
import {
  lastSent,
  pendingVersion,
  readMails,
  readSubmission,
  type Submission,
  submissionFiles,
  withSubmissions,
} from './submission.ts';
import {
  type Captured,
  captureMail,
  type Parcel,
  sendMail,
  type Transport,
  withTransport,
} from './transport.ts';

export interface SendRequest {
  readonly series: string;
  readonly mode: 'dry-run' | 'reflect' | 'send';
}

export const shownEnd = object({
  kind: z.literal('shown'),
  dryRun: dryRunSchema,
  folder: text,
  /** Why `--yes` would refuse. */
  missing: list(itemSchema),
  /** How many mails have gone already; those are not shown. */
  gone: number,
});
export const reflectedEnd = object({ kind: z.literal('reflected'), to: text, missing: list(itemSchema) });
export const sentEnd = object({ kind: z.literal('sent'), resumed: number, tag: text });
export const stoppedEnd = object({
  kind: z.literal('stopped'),
  sent: number,
  /** What git send-email or the server said. */
  said: texts,
});
type End = z.infer<typeof shownEnd | typeof reflectedEnd | typeof sentEnd | typeof stoppedEnd>;
export type Sent = End & { readonly submission: Submission };

/** A dry run and a reflection show what there is, ready or not. */
export async function* sendSeries(
  workspace: Workspace,
  request: SendRequest,
  signal: AbortSignal,
): Work<Sent> {
  return yield* withSubmissions(workspace, request.series, signal, async function* (): Work<Sent> {
    const submission = await pending(workspace, request.series);
    const missing = await missingOf(workspace, submission);
    const { environment } = workspace;
    const carry = (transport: Transport): Work<Sent> => {
      if (request.mode === 'dry-run') return dryRun(workspace, submission, missing, transport, signal);
      if (request.mode === 'reflect') return reflect(workspace, submission, missing, transport, signal);
      requireReady(submission, missing);
      return send(workspace, submission, transport, signal);
    };
    return yield* withTransport(folders.repository(workspace), environment, carry, signal);
  });
}

/** The version that is exported and not sent. @throws UserError when there is none */
async function pending(workspace: Workspace, series: string): Promise<Submission> {
  const version = await pendingVersion(workspace, series);
  if (version !== undefined) return readSubmission(workspace, series, version);
  const last = await lastSent(workspace, series);
  const what = last === undefined ? 'nothing' : `nothing after v${last}`;
  throw new UserError(`${what} of ${series} has been exported`, { hint: `initbench export ${series}` });
}

/** What blocks it and was not forced; and where nothing of it has gone, whether the patches are still those that were
 *  exported. */
async function missingOf(workspace: Workspace, submission: Submission): Promise<readonly Item[]> {
  const { series, version, digest, preflight, forced } = submission;
  const open = forced.length > 0 ? [] : blocking(preflight);
  const { journal } = submissionFiles(workspace, series, version);
  const isThere = (await seriesNames(workspace)).includes(series);
  if (!isThere || (await readJournal(journal)).length > 0) return open;
  if ((await readSeries(workspace, series)).digest === digest) return open;
  const text = `patches/${series} has changed since v${version} was exported`;
  return [...open, { id: 'patches', state: 'blocks', text, hint: `initbench export ${series}` }];
}

/** @throws UserError when something is missing */
function requireReady({ series, version }: Submission, missing: readonly Item[]): void {
  if (missing.length === 0) return;
  const what = missing.map(item => `${item.id}: ${item.text}`).join('; ');
  throw new UserError(`v${version} of ${series} is not ready: ${what}`, {
    hint: `put it right and run initbench export ${series} again; --force takes it as it is`,
  });
}

/** Each mail with its place on disk and its second. */
async function parcelsOf(workspace: Workspace, submission: Submission): Promise<readonly Parcel[]> {
  await readMails(workspace, submission);
  const { mails } = submissionFiles(workspace, submission.series, submission.version);
  return submission.mails.map(({ file, to, cc }) => ({
    file: path.join(mails, file),
    sender: submission.sender,
    to,
    cc,
  }));
}

async function* captureAll(
  job: string,
  submission: Submission,
  parcels: readonly Parcel[],
  transport: Transport,
  start: number,
  signal: AbortSignal,
): Work<readonly Captured[]> {
  const captured: Captured[] = [];
  for (const [index, parcel] of parcels.entries()) {
    yield {
      job,
      type: 'progress',
      done: index,
      total: parcels.length,
      label: submission.mails[index]!.subject,
    };
    captured.push(await captureMail(transport, parcel, start + index, signal));
  }
  return captured;
}

async function* dryRun(
  workspace: Workspace,
  submission: Submission,
  missing: readonly Item[],
  transport: Transport,
  signal: AbortSignal,
): Work<Sent> {
  const { series, version } = submission;
  const files = submissionFiles(workspace, series, version);
  const journal = await readJournal(files.journal);
  if (journal.length > 0) {
    // What was shown before it was stopped is what goes; it is not shown anew.
    const before = await readDryRun(files.dryRun, submission, true);
    const gone = new Set(journal.filter(line => line.state === 'sent').map(line => line.messageId));
    const rest = { ...before, mails: before.mails.filter(mail => !gone.has(mail.messageId)) };
    return { kind: 'shown', submission, dryRun: rest, folder: files.dryRun, missing, gone: gone.size };
  }
  const start = Math.floor(Date.now() / 1000);
  const parcels = await parcelsOf(workspace, submission);
  const captured = yield* captureAll(`send ${series}`, submission, parcels, transport, start, signal);
  const record: DryRun = { submission: nameOf(submission), start, mails: shownOf(submission, captured) };
  const scratch = `${files.dryRun}.new`;
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch, { recursive: true });
  for (const [index, { bytes }] of captured.entries())
    await writeFile(path.join(scratch, submission.mails[index]!.file), bytes);
  await writeWhole(path.join(scratch, 'dry-run.json'), `${JSON.stringify(record, null, 2)}\n`);
  await rm(files.dryRun, { recursive: true, force: true });
  await rename(scratch, files.dryRun);
  return { kind: 'shown', submission, dryRun: record, folder: files.dryRun, missing, gone: 0 };
}

/** Real mails to the sender alone, under ids of their own: a list's copy is no duplicate of them. */
async function* reflect(
  workspace: Workspace,
  submission: Submission,
  missing: readonly Item[],
  transport: Transport,
  signal: AbortSignal,
): Work<Sent> {
  const { series, sender } = submission;
  const parcels = await parcelsOf(workspace, submission);
  const start = Math.floor(Date.now() / 1000);
  const stamp = `reflect.${start.toString(36)}.`;
  for (const [index, parcel] of parcels.entries()) {
    yield {
      job: `send ${series}`,
      type: 'progress',
      done: index,
      total: parcels.length,
      label: submission.mails[index]!.subject,
    };
    const file = path.join(transport.scratch, path.basename(parcel.file));
    await writeFile(file, reflected(await readFile(parcel.file), stamp));
    yield* sendMail(
      `send ${series}`,
      transport,
      { file, sender, to: [sender], cc: [], only: true },
      start + index,
      signal,
    );
  }
  return { kind: 'reflected', submission, to: sender, missing };
}

function reflected(bytes: Buffer, stamp: string): Buffer {
  const text = bytes.toString('latin1');
  const end = text.indexOf('\n\n');
  const head = text
    .slice(0, end)
    .replace(/^(To|Cc):/gm, 'X-Original-$1:')
    .replace(/^((?:Message-Id|In-Reply-To|References):(?:.*\n[ \t])*.*)$/gm, line =>
      line.replaceAll('<', `<${stamp}`),
    );
  return Buffer.from(head + text.slice(end), 'latin1');
}

async function* send(
  workspace: Workspace,
  submission: Submission,
  transport: Transport,
  signal: AbortSignal,
): Work<Sent> {
  const { series, version } = submission;
  const job = `send ${series}`;
  const files = submissionFiles(workspace, series, version);
  const journal = await readJournal(files.journal);
  const shown = await readDryRun(files.dryRun, submission, journal.length > 0);
  const parcels = await parcelsOf(workspace, submission);
  const captured = yield* captureAll(job, submission, parcels, transport, shown.start, signal);
  requireSame(shown, shownOf(submission, captured), series);

  const gone = new Set(journal.filter(line => line.state === 'sent').map(line => line.messageId));
  const unsure = journal.filter(line => !gone.has(line.messageId)).map(line => line.messageId);
  for (const [index, mail] of submission.mails.entries()) {
    const { messageId, subject } = mail;
    if (gone.has(messageId)) continue;
    if (unsure.includes(messageId)) {
      const message = `'${subject}' was being handed over when it was stopped: it goes again, under the same id`;
      yield { job, type: 'notice', level: 'warning', message };
    }
    yield { job, type: 'progress', done: index, total: parcels.length, label: subject };
    await keepLine(files.journal, { messageId, state: 'handing-over' });
    try {
      yield* sendMail(job, transport, parcels[index]!, shown.start + index, signal);
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      const sent = (await readJournal(files.journal)).filter(line => line.state === 'sent').length;
      return { kind: 'stopped', submission, sent, said: error.lastLines };
    }
    await keepLine(files.journal, { messageId, state: 'sent' });
  }
  const tag = await recordVersion(workspace, submission, signal);
  return { kind: 'sent', submission, resumed: gone.size, tag };
}
