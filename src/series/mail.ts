// SPDX-License-Identifier: GPL-2.0-only
/** Reads what a `git format-patch` file says of itself: headers (RFC 5322), encoded words (RFC 2047), body. */

export interface Mail {
  /** Unfolded and decoded, prefixes included: '[RFC PATCH 01/10] erofs: ...'. */
  readonly subject: string;
  /** From the first empty line to the end. */
  readonly body: string;
}

/** Parses one patch file or cover letter. */
export function parseMail(text: string): Mail {
  const unix = text.replaceAll('\r\n', '\n');
  const end = unix.indexOf('\n\n');
  const head = end < 0 ? unix : unix.slice(0, end);
  // A header goes on over lines that begin with a blank.
  const subject = /^subject:[ \t]*(.*(?:\n[ \t].*)*)/im.exec(head)?.[1] ?? '';
  return {
    subject: decodeWords(subject.replace(/\n[ \t]+/g, ' ')).trim(),
    body: end < 0 ? '' : unix.slice(end + 2),
  };
}

/** '=?UTF-8?q?s=C3=BCb?= text' to 'süb text'; blanks between two encoded words do not count. */
export function decodeWords(text: string): string {
  return text
    .replace(/(\?=)\s+(?==\?[^?]+\?[bq]\?)/gi, '$1')
    .replace(/=\?([^?]+)\?([bq])\?([^?]*)\?=/gi, (word, charset: string, encoding: string, data: string) => {
      try {
        return new TextDecoder(charset.replace(/\*.*/, '')).decode(
          encoding.toLowerCase() === 'b' ? Buffer.from(data, 'base64') : quotedBytes(data),
        );
      } catch {
        return word;
      }
    });
}

function quotedBytes(data: string): Buffer {
  const text = data
    .replaceAll('_', ' ')
    .replace(/=([0-9a-f]{2})/gi, (_match, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(text, 'latin1');
}

/** The subject without '[PATCH v2 3/9]', '[RFC]' and their like, as git am takes it. */
export function stripPrefixes(subject: string): string {
  return subject.replace(/^(?:\s*(?:\[[^\]]*\]|re:))+\s*/i, '');
}

/** A body without the mail signature ('-- ' and git's version) that format-patch ends with. */
export function stripSignature(body: string): string {
  return body.replace(/(?<=^|\n)-- \n[^\n]*\n*$/, '');
}
