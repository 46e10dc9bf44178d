// SPDX-License-Identifier: GPL-2.0-only
/** Which line of a patch a quoted line is. Pure. */

export interface PatchLine {
  readonly text: string;
  /** Where it is after the patch (before it, for a removed line); undefined outside a diff. */
  readonly file?: string;
  readonly line?: number;
}

/** The lines of a patch mail's body, each with its place. */
export function patchLines(body: string): readonly PatchLine[] {
  const lines: PatchLine[] = [];
  let file: string | undefined;
  let [before, after] = [0, 0];
  let [left, right] = [0, 0];
  for (const text of body.split('\n')) {
    if (left > 0 || right > 0) {
      const removed = text.startsWith('-');
      const added = text.startsWith('+');
      if (!text.startsWith('\\')) {
        lines.push({ text, ...(file !== undefined && { file, line: removed ? before : after }) });
        if (!added) [before, left] = [before + 1, left - 1];
        if (!removed) [after, right] = [after + 1, right - 1];
      }
      continue;
    }
    const hunk = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(text);
    const named = /^(?:\+\+\+ b|--- a)\/(.*?)\t?$/.exec(text);
    if (text.startsWith('diff --git ')) file = undefined;
    if (named) file = named[1]!;
    if (hunk) {
      [before, after] = [Number(hunk[1]), Number(hunk[3])];
      [left, right] = [Number(hunk[2] ?? 1), Number(hunk[4] ?? 1)];
    }
    lines.push({ text, ...(file !== undefined && { file }), ...(hunk && { line: after }) });
  }
  return lines;
}

/** Mail programs wrap, strip and expand blanks. */
const plain = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** Finds the quoted lines of one remark after another; each search goes on where the last one ended, and from the top
 *  when there is nothing behind that. */
export function placeFinder(body: string): (quoted: readonly string[]) => string {
  const lines = patchLines(body);
  const texts = lines.map(({ text }) => plain(text));
  let from = 0;
  return quoted => {
    const wanted = quoted.map(plain).filter(text => text !== '' && text !== '+' && text !== '-');
    let at: number | undefined;
    for (const text of wanted) {
      const next = texts.indexOf(text, at === undefined ? from : at + 1);
      const found = next >= 0 ? next : at === undefined ? texts.indexOf(text) : wrapped(texts, text, at);
      if (found >= 0) at = found;
    }
    if (at === undefined) return 'whole mail';
    from = at + 1;
    const { file, line } = lines[at]!;
    if (file !== undefined) return line === undefined ? file : `${file}:${line}`;
    return 'commit message';
  };
}

/** The first part of a line that a mail program has wrapped. */
function wrapped(texts: readonly string[], text: string, from: number): number {
  return text.length < 30 ? -1 : texts.findIndex((each, index) => index >= from && each.startsWith(text));
}
