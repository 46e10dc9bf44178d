// SPDX-License-Identifier: GPL-2.0-only
/** A mail of ours as headers and body, and its bytes as `git format-patch` would leave them. Pure. */
import { UserError } from '../host/errors.ts';
import { isAscii } from '../mail/address.ts';

export type Header = readonly [name: string, value: string];

export interface Letter {
  readonly headers: readonly Header[];
  /** Bytes: a diff is in whatever encoding its file is. */
  readonly body: Buffer;
}

/** An mbox entry: git am, b4 and git send-email take it as it is.
 *  @throws UserError for a header that would end early or is not ASCII */
export function formatLetter({ headers, body }: Letter, commit = '0'.repeat(40)): Buffer {
  const lines = headers.map(([name, value]) => formatHeader(name, value));
  const head = [`From ${commit} Mon Sep 17 00:00:00 2001`, ...lines, '', ''].join('\n');
  return Buffer.concat([Buffer.from(head), body]);
}

/** One header, folded at blanks before column 78; not the Subject, as in what git send-email makes of it: b4 0.12 fails
 *  at a folded one. */
export function formatHeader(name: string, value: string): string {
  if (!/^[A-Za-z][A-Za-z0-9-]*$/.test(name) || !isAscii(value) || /[\x00-\x08\x0a-\x1f\x7f]/.test(value)) {
    throw new UserError(`the header ${name} cannot be written: ${JSON.stringify(value)}`, {
      hint: 'a header is one line; take line ends and control characters out of it',
    });
  }
  const lines: string[] = [];
  let line = `${name}:`;
  for (const word of value.split(' ')) {
    if (name !== 'Subject' && line.length + 1 + word.length > 78 && line !== `${name}:`) {
      lines.push(line);
      line = '';
    }
    line += ` ${word}`;
  }
  return [...lines, line].join('\n');
}

/** Mails one behind the other, an empty line between, as an mbox has them. A mail with a line 'From ' in its text, which
 *  readers of an mbox take for the next mail, is encoded so that it has none. */
export const formatMbox = (letters: readonly Buffer[]): Buffer =>
  Buffer.concat(
    letters
      .map(letter => (/\nFrom /.test(letter.toString('latin1')) ? quotedPrintable(letter) : letter))
      .flatMap(letter => [letter, Buffer.from(letter.at(-1) === 0x0a ? '\n' : '\n\n')]),
  );

/** RFC 2045, section 6.7, of a mail that says 8bit. */
function quotedPrintable(letter: Buffer): Buffer {
  const text = letter.toString('latin1');
  const end = text.indexOf('\n\n');
  const head = text.slice(0, end).replace(/^(Content-Transfer-Encoding): 8bit$/m, '$1: quoted-printable');
  const code = (character: string) =>
    `=${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  const lines = text
    .slice(end + 2)
    .split('\n')
    .map(line => line.replace(/^F(?=rom )|=|[ \t]$|[^\t\x20-\x7e]/g, code))
    // 25 characters take at most 75 columns.
    .map(line => (line.length > 76 ? line.match(/(?:=[0-9A-F]{2}|[^=]){1,25}/g)!.join('=\n') : line));
  return Buffer.from(`${head}\n\n${lines.join('\n')}`, 'latin1');
}
