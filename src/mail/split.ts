// SPDX-License-Identifier: GPL-2.0-only
/** The mails of one file, by `git mailsplit`: an mbox as git takes it apart. What other programs write on the line before
 *  a mail is put into git's form first. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { scratchFolder } from '../host/files.ts';
import { git, ownConfigOnly } from '../host/git.ts';

/** A time zone in the separator, as Gmail's takeout and some mail programs write it: git finds no year behind it. */
const zoned = /^(From [^\n]*\d{1,2}:\d{2}(?::\d{2})?) (?:[+-]\d{4}|[A-Z]{2,5}) (\d{4}\b)/gm;

/** public-inbox and 'git log --pretty=mboxrd' say that they quote lines 'From '; format-patch says that it does not. */
const quotesNothing = /^From [0-9a-f]{40,64} Mon Sep 17 00:00:00 2001\r?$/;

/** In order, the separator lines included; line ends stay as they are. What does not begin like an mbox is one mail. */
export async function splitMbox(bytes: Buffer, signal: AbortSignal): Promise<readonly Buffer[]> {
  const text = bytes
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '')
    .replace(/^(?:[ \t]*\r?\n)+/, '');
  if (text === '') return [];
  if (!text.startsWith('From ')) return [Buffer.from(text, 'latin1')];
  const scratch = await scratchFolder('mails');
  try {
    const [file, out] = [path.join(scratch, 'mbox'), path.join(scratch, 'out')];
    await mkdir(out);
    await writeFile(file, text.replace(zoned, '$1 $2'), 'latin1');
    const args = ['mailsplit', '-d8', '--keep-cr', '-b', `-o${out}`, file];
    await git(scratch, args, signal, { env: ownConfigOnly });
    const names = (await readdir(out)).sort();
    const pieces = await Promise.all(names.map(name => readFile(path.join(out, name), 'latin1')));
    return joinPieces(pieces).map(piece => Buffer.from(unquoteFrom(piece), 'latin1'));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** A line of text that looks like a separator begins no mail where no header follows it, or where a part of the mail
 *  before it has not ended: an attached patch begins with such a line. */
function joinPieces(pieces: readonly string[]): readonly string[] {
  const joined: string[] = [];
  for (const piece of pieces) {
    const before = joined.at(-1);
    const isMail = /^From [^\n]*\n(?:>?From |[!-9;-~]+[ \t]*:)/.test(piece);
    if (before === undefined || (isMail && !isInside(piece, before))) joined.push(piece);
    else joined[joined.length - 1] += piece;
  }
  return joined;
}

/** Whether the last part of a multipart mail goes on in what follows it. */
function isInside(piece: string, before: string): boolean {
  const head = before.slice(0, before.search(/\r?\n\r?\n/));
  const boundary = /\bboundary="?([^";\s]+)"?/i.exec(head)?.[1];
  if (boundary === undefined) return false;
  const end = `\n--${boundary}--`;
  return !before.includes(end) && piece.includes(end);
}

/** '>From' was 'From' before it went into the mbox, '>>From' was '>From'. */
function unquoteFrom(piece: string): string {
  const first = piece.slice(0, piece.indexOf('\n'));
  return quotesNothing.test(first) ? piece : piece.replace(/^>(>*From )/gm, '$1');
}
