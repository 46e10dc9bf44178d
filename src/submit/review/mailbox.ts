// SPDX-License-Identifier: GPL-2.0-only
/** Mails out of files: an mbox, a maildir, a folder of mails, a single one. Bytes only; nothing in them is followed. */
import { lstat, readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../../host/errors.ts';

export interface RawMail {
  /** 'replies.mbox, mail 3'; how errors call it. */
  readonly where: string;
  readonly bytes: Buffer;
}

/** A comment is text; what is larger carries something else. */
export const mailLimit = 8 * 2 ** 20;
const fileLimit = 256 * 2 ** 20;

/** @throws UserError when there is no such file, it is too large, or no mail is in it */
export async function readMailbox(file: string): Promise<readonly RawMail[]> {
  const found = await stat(file).catch(() => undefined);
  if (!found) throw new UserError(`there is no ${file}`, { hint: 'name an mbox, a maildir or a mail' });
  const files = found.isDirectory() ? await mailFiles(file) : [file];
  const mails: RawMail[] = [];
  for (const each of files)
    mails.push(...splitMbox(await readLimited(each), path.relative(path.dirname(file), each)));
  if (mails.length === 0)
    throw new UserError(`${file} holds no mail`, { hint: 'name an mbox, a maildir or a mail' });
  const large = mails.find(({ bytes }) => bytes.length > mailLimit);
  if (!large) return mails;
  const size = (large.bytes.length / 2 ** 20).toFixed(1);
  throw new UserError(
    `${large.where} has ${size} MiB; a mail of more than ${mailLimit / 2 ** 20} MiB is not read`,
    {
      hint: 'take it out of the mailbox; nothing was changed',
    },
  );
}

/** cur/ and new/ of a maildir, else the files of the folder. @throws UserError for a link: it could lead anywhere */
async function mailFiles(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder);
  const maildir = names.includes('cur') && names.includes('new');
  const places = maildir ? ['cur', 'new'].map(name => path.join(folder, name)) : [folder];
  const files: string[] = [];
  for (const place of places) {
    for (const name of (await readdir(place)).sort()) {
      const at = path.join(place, name);
      const kind = await lstat(at);
      if (kind.isFile() && !name.startsWith('.')) files.push(at);
      else if (kind.isSymbolicLink()) {
        throw new UserError(`${at} is a link, not a mail`, {
          hint: 'name the file it leads to if you mean that',
        });
      }
    }
  }
  return files;
}

async function readLimited(file: string): Promise<Buffer> {
  const { size } = await stat(file);
  if (size <= fileLimit) return readFile(file);
  throw new UserError(
    `${file} has ${Math.round(size / 2 ** 20)} MiB; at most ${fileLimit / 2 ** 20} MiB are read`,
    {
      hint: 'name a mailbox with this thread only; nothing was changed',
    },
  );
}

/** 'From ' at the start of a line, a time and a year at its end: what git mailsplit takes for a separator. */
const separator = /(?:^|\n)(From [^\n]*\d{1,2}:\d{2}(?::\d{2})?[^\n]*\d{4}[^\n]*\n)/g;

/** The mails of an mbox; a file that does not begin like one is a single mail. */
export function splitMbox(bytes: Buffer, name: string): readonly RawMail[] {
  const text = bytes.toString('latin1').replaceAll('\r\n', '\n');
  if (text.trim() === '') return [];
  if (!text.startsWith('From ')) return [{ where: name, bytes: Buffer.from(text, 'latin1') }];
  const starts = [...text.matchAll(separator)].map(match => match.index + match[0].length);
  const ends = [...text.matchAll(separator)].map(match => match.index).slice(1);
  return starts.map((start, index) => ({
    where: starts.length > 1 ? `${name}, mail ${index + 1}` : name,
    // mboxrd: '>From' was 'From' once.
    bytes: Buffer.from(
      text.slice(start, ends[index] ?? text.length).replace(/^>(>*From )/gm, '$1'),
      'latin1',
    ),
  }));
}
