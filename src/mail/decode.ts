// SPDX-License-Identifier: GPL-2.0-only
/** The patch in a mail, by `git mailinfo`: encodings, parts and headers as git am reads them. */
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../host/errors.ts';
import { scratchFolder } from '../host/files.ts';
import { git, ownConfigOnly } from '../host/git.ts';
import type { Address } from './address.ts';

export interface DecodedPatch {
  readonly subject: string;
  /** Below the subject; as the mail has it. */
  readonly body: string;
  /** Absent: the mail names nobody. */
  readonly author?: Address;
  /** As the mail has it; absent when there is none that git reads. */
  readonly date?: string;
  /** From the line `---` or the first diff to the end. */
  readonly diff: Buffer;
}

/** @throws UserError for a message that is not a text */
export async function decodePatch(mail: Buffer, signal: AbortSignal): Promise<DecodedPatch> {
  const scratch = await scratchFolder('mail');
  try {
    const [message, diff] = [path.join(scratch, 'message'), path.join(scratch, 'diff')];
    // Not --encoding=UTF-8: git 2.39 then converts nothing.
    const config = ['-c', 'i18n.commitEncoding=UTF-8', '-c', 'mailinfo.quotedCr=nowarn'];
    const args = [...config, 'mailinfo', '--no-scissors', message, diff];
    const info = await git(scratch, args, signal, { env: ownConfigOnly, input: mail });
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(info)?.[1]?.trim();
    const body = textOf(await readFile(message));
    requireText(`${info}\n${body}`, mail);
    const email = field('Email');
    const date = dateOf(field('Date'));
    return {
      subject: field('Subject') ?? '',
      body,
      ...(email ? { author: { name: field('Author') ?? '', email } } : {}),
      ...(date === undefined ? {} : { date }),
      diff: withoutCarriage(await readFile(diff)),
    };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Lines that git writes itself end in CR LF where a mail program or an encoding has put the CR there, on every line;
 *  where they do not, a CR is the file's. */
function withoutCarriage(diff: Buffer): Buffer {
  const lines = diff.toString('latin1').split('\n');
  const own = lines.filter(line => /^(?:diff -|Index: |@@ -)/.test(line));
  if (own.length === 0 || !own.every(line => line.endsWith('\r'))) return diff;
  return Buffer.from(lines.map(line => line.replace(/\r$/, '')).join('\n'), 'latin1');
}

function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw noText();
  }
}

const noText = () =>
  new UserError('the message of a patch is not in the encoding it names: it is no UTF-8', {
    hint: 'write it again with git format-patch, or correct its Content-Type',
  });

/** @throws UserError for what a commit message cannot hold; a replacement character that the mail has is a character */
function requireText(text: string, mail: Buffer): void {
  if (text.includes('\0')) {
    throw new UserError('the message of a patch has a NUL in it', { hint: 'it is damaged; get it again' });
  }
  if (text.includes('\ufffd') && !mail.includes('\ufffd')) throw noText();
}

/** A date that git takes for an author's: a form that it does not know is written in one that it does. */
function dateOf(text: string | undefined): string | undefined {
  const known =
    /^(?:(?:\w{3},? +)?\d{1,2} \w{3} (?:19[7-9]|20)\d\d \d\d:\d\d(?::\d\d)? [+-]\d{4}(?: *\([^)]*\))?|@?\d{1,10} [+-]\d{4})$/;
  if (text === undefined || known.test(text)) return text;
  const seconds = Math.floor(Date.parse(text) / 1000);
  return seconds >= 0 ? `${seconds} +0000` : undefined;
}
