// SPDX-License-Identifier: GPL-2.0-only
/** Words of a command line as people paste them. */

/** Words as one shell line that can be pasted. */
export function shellQuote(argv: readonly string[]): string {
  return argv
    .map(word => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(' ');
}
