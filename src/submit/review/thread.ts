// SPDX-License-Identifier: GPL-2.0-only
/** The mails of a series: what was sent, exported or imported, or lies in the mailbox itself; and which of them a mail
 *  answers. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseAddress } from '../../mail/address.ts';
import type { Sender } from '../../mail/sender.ts';
import { claimsPatch } from '../../mail/subject.ts';
import { parseMail, stripPrefixes } from '../../series/mail.ts';
import { patchIdOf, readOrigin } from '../../series/origin.ts';
import { listSeries } from '../../series/read.ts';
import type { Series } from '../../series/series.ts';
import { folders, type Workspace } from '../../workspace.ts';
import { parsePatchFile } from '../patchfile.ts';
import { listVersions, readSubmission, submissionFiles } from '../submission.ts';
import type { Mailbox, ReceivedLetter } from './mailbox.ts';
import type { Review } from './review.ts';

/** A mail of the series: something that can be answered. */
export interface Posted {
  readonly version: number;
  readonly number: number;
  readonly subject: string;
  /** The text that replies quote. */
  readonly body: string;
  readonly patchId?: string;
}

export interface Thread {
  readonly posted: ReadonlyMap<string, Posted>;
  /** Whose replies are ours. */
  readonly own: readonly Sender[];
}

/** The series that the mails answer: by the ids of what was sent, exported or imported; where there are none of these, by
 *  the patches among the mails. */
export async function answeredSeries(workspace: Workspace, { letters }: Mailbox): Promise<readonly string[]> {
  const byId = new Map(letters.map(letter => [letter.messageId, letter]));
  const byIds: string[] = [];
  const bySubjects: string[] = [];
  for (const series of await listSeries(workspace)) {
    const { posted } = await ownThread(workspace, series);
    const isKnown = (letter: ReceivedLetter) =>
      posted.has(letter.messageId) || targetOf(letter, byId, posted) !== undefined;
    if (letters.some(isKnown)) byIds.push(series.name);
    if (letters.some(letter => placeOf(letter, series))) bySubjects.push(series.name);
  }
  return byIds.length > 0 ? byIds : bySubjects;
}

/** What we sent, and what the series was imported from. */
async function ownThread(
  workspace: Workspace,
  series: Series,
): Promise<{ readonly posted: Map<string, Posted>; readonly own: Sender[] }> {
  const posted = new Map<string, Posted>();
  const own: Sender[] = [];
  for (const version of await listVersions(workspace, series.name)) {
    const submission = await readSubmission(workspace, series.name, version);
    const sender = parseAddress(submission.sender);
    if (sender) own.push({ ...sender, hidden: false });
    for (const mail of submission.mails) {
      const { mails } = submissionFiles(workspace, series.name, version);
      const text = await readFile(path.join(mails, mail.file), 'utf8');
      posted.set(mail.messageId, {
        ...{ version, number: mail.number, subject: stripPrefixes(mail.subject), body: parseMail(text).body },
        ...(mail.patchId !== undefined && { patchId: mail.patchId }),
      });
    }
  }
  for (const { version, number, messageId, patchId, subject } of await readOrigin(series.folder)) {
    const patch = series.patches.find(each => each.subject === subject);
    const bytes = patch && (await readFile(patch.path));
    const author = bytes && parsePatchFile(bytes)?.author;
    if (author) own.push({ ...author, hidden: false });
    posted.set(messageId, {
      ...{ version, number, subject: patch?.subject ?? subject },
      body: bytes ? parseMail(bytes.toString('utf8')).body : (series.cover?.body ?? ''),
      ...(patchId !== undefined && { patchId }),
    });
  }
  return { posted, own };
}

/** That, and what the mailbox itself has of the series. */
export async function threadOf(
  workspace: Workspace,
  series: Series,
  letters: readonly ReceivedLetter[],
  signal: AbortSignal,
): Promise<Thread> {
  const { posted, own } = await ownThread(workspace, series);
  for (const letter of letters) {
    const place = placeOf(letter, series);
    if (!place) continue;
    own.push(letter.sender);
    const before = posted.get(letter.messageId);
    const patchId =
      before || !letter.hasDiff
        ? before?.patchId
        : await patchIdOf(folders.repository(workspace), Buffer.from(letter.text), signal);
    posted.set(letter.messageId, {
      ...(before ?? place),
      body: letter.text,
      ...(patchId !== undefined && { patchId }),
    });
  }
  return { posted, own };
}

/** '[PATCH RFC v2 03/10] erofs: x' of this series; undefined when its subjects do not have that one. */
function placeOf(
  { info, hasDiff, automatic }: ReceivedLetter,
  series: Series,
): Omit<Posted, 'body'> | undefined {
  if (info.reply || automatic || !claimsPatch(info)) return undefined;
  const [version] = info.version;
  if (series.cover && info.text === series.cover.subject) return { version, number: 0, subject: info.text };
  const at = series.patches.findIndex(patch => patch.subject === info.text);
  return at < 0 || !hasDiff ? undefined : { version, number: at + 1, subject: info.text };
}

/** The mails of the series, and those that answered them before and are in no mailbox now. */
export function withAnswers(
  posted: ReadonlyMap<string, Posted>,
  { comments, tags }: Review,
): ReadonlyMap<string, Posted> {
  const targets = new Map(posted);
  for (const { messageId, version, patch } of [...comments, ...tags]) {
    const same = [...posted.values()].find(each => each.version === version && each.number === patch.number);
    if (!targets.has(messageId)) targets.set(messageId, same ?? { version, ...patch, body: '' });
  }
  return targets;
}

/** The nearest mail of the series that a letter answers, through other replies as well. */
export function targetOf(
  letter: ReceivedLetter,
  byId: ReadonlyMap<string, ReceivedLetter>,
  posted: ReadonlyMap<string, Posted>,
): Posted | undefined {
  const seen = new Set<string>();
  const queue = letter.references.toReversed();
  for (const id of queue) {
    const found = posted.get(id);
    if (found) return found;
    seen.add(id);
    queue.push(...(byId.get(id)?.references.toReversed() ?? []).filter(each => !seen.has(each)));
  }
  return undefined;
}
