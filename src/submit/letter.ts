// SPDX-License-Identifier: GPL-2.0-only
/** A mail of ours as headers and body, and its bytes as `git format-patch` would leave them. Pure. */
import { UserError } from '../host/errors.ts';
import { isAscii } from './address.ts';

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

/** One header, folded at blanks before column 78. */
export function formatHeader(name: string, value: string): string {
  if (!/^[A-Za-z][A-Za-z0-9-]*$/.test(name) || !isAscii(value) || /[\x00-\x08\x0a-\x1f\x7f]/.test(value)) {
    throw new UserError(`the header ${name} cannot be written: ${JSON.stringify(value)}`, {
      hint: 'a header is one line; take line ends and control characters out of it',
    });
  }
  const lines: string[] = [];
  let line = `${name}:`;
  for (const word of value.split(' ')) {
    if (line.length + 1 + word.length > 78 && line !== `${name}:`) {
      lines.push(line);
      line = '';
    }
    line += ` ${word}`;
  }
  return [...lines, line].join('\n');
}

/** Mails one behind the other, an empty line between, as an mbox has them. */
export const formatMbox = (letters: readonly Buffer[]): Buffer =>
  Buffer.concat(letters.flatMap(letter => [letter, Buffer.from(letter.at(-1) === 0x0a ? '\n' : '\n\n')]));

/** RFC 5322: 'Wed, 25 Nov 2026 02:00:00 +0000'. */
export const formatDate = (date: Date): string => date.toUTCString().replace(/GMT$/, '+0000');
