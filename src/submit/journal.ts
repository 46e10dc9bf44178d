// SPDX-License-Identifier: GPL-2.0-only
/** What has gone of a version, written down mail by mail, and what was shown before: both outlive a crash. */
import { appendFile, open } from 'node:fs/promises';
import path from 'node:path';
import type { z } from 'zod';
import { list, number, object, text, texts } from '../document.ts';
import { UserError } from '../host/errors.ts';
import { digestOf, readIfThere, readTyped } from '../host/files.ts';
import { bytesDigest, type Submission } from './submission.ts';
import type { Captured } from './transport.ts';

/** One mail as it was shown. */
const shownSchema = object({
  file: text,
  messageId: text,
  subject: text,
  envelope: texts,
  /** sha256 of its bytes. */
  digest: text,
});
export type Shown = z.infer<typeof shownSchema>;

export const dryRunSchema = object({
  submission: text,
  /** What the mails' Date says, the first one's; one second more for each. Seconds since 1970. */
  start: number,
  mails: list(shownSchema),
});
export type DryRun = z.infer<typeof dryRunSchema>;

/** A Date that is older looks odd on a list. */
const freshFor = 24 * 3600;

export const shownOf = (submission: Submission, captured: readonly Captured[]): readonly Shown[] =>
  captured.map(({ bytes, envelope }, index) => {
    const { file, messageId, subject } = submission.mails[index]!;
    return { file, messageId, subject, envelope, digest: bytesDigest(bytes) };
  });

/** What names an export: its mails. */
export const nameOf = (submission: Submission): string => digestOf(submission.mails);

/** @throws UserError when there is none for these mails, or it is old */
export async function readDryRun(folder: string, submission: Submission, resuming: boolean): Promise<DryRun> {
  const hint = `initbench send ${submission.series} --dry-run shows what would be sent`;
  const dryRun = await readTyped(path.join(folder, 'dry-run.json'), record => dryRunSchema.parse(record));
  if (dryRun === undefined) throw new UserError('the mails have not been looked at in a dry run', { hint });
  if (dryRun.submission !== nameOf(submission))
    throw new UserError('the mails were exported again after the dry run', { hint });
  const age = Math.floor(Date.now() / 1000) - dryRun.start;
  if (age > freshFor && !resuming)
    throw new UserError(`the dry run is ${Math.floor(age / 3600)} hours old`, { hint });
  return dryRun;
}

/** @throws UserError when other bytes, or to others, would go than were shown */
export function requireSame(dryRun: DryRun, now: readonly Shown[], series: string): void {
  const other = now.find((mail, index) => JSON.stringify(mail) !== JSON.stringify(dryRun.mails[index]));
  if (!other) return;
  throw new UserError(
    `'${other.subject}' would not go as the dry run showed it: git's configuration or its version changed`,
    {
      hint: `initbench send ${series} --dry-run shows it as it would go now`,
    },
  );
}

interface JournalLine {
  readonly messageId: string;
  /** `handing-over` without `sent`: nobody knows whether the server has it. */
  readonly state: 'handing-over' | 'sent';
  readonly at: string;
}

export async function readJournal(file: string): Promise<readonly JournalLine[]> {
  const text = (await readIfThere(file)) ?? '';
  // A line that was cut short by a crash says nothing.
  return text.split('\n').flatMap(line => {
    try {
      return line === '' ? [] : [JSON.parse(line) as JournalLine];
    } catch {
      return [];
    }
  });
}

/** On the disk before it returns. */
export async function keepLine(file: string, line: Omit<JournalLine, 'at'>): Promise<void> {
  await appendFile(file, `${JSON.stringify({ ...line, at: new Date().toISOString() })}\n`);
  const handle = await open(file, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
