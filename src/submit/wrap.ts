// SPDX-License-Identifier: GPL-2.0-only
/** Words on the lines of a mail. Pure. */

const columns = 72;

/** At most 72 columns; a longer word stands alone. */
export function wrapText(text: string, first = '', next = '  '): string[] {
  const lines: string[] = [];
  let line = first;
  for (const word of text.split(/\s+/)) {
    const joined = line === first || line === next ? `${line}${word}` : `${line} ${word}`;
    if (joined.length > columns && line.trim() !== '') {
      lines.push(line);
      line = `${next}${word}`;
    } else {
      line = joined;
    }
  }
  return [...lines, line];
}
