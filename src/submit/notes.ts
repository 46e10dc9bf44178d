// SPDX-License-Identifier: GPL-2.0-only
/** patches/<series>/notes: what is to stand below the `---` of a patch's mail. It belongs to the patch with that subject,
 *  wherever it moves, and never becomes part of a commit. Pure. */
import { UserError } from '../host/errors.ts';

/** By subject. A line '[subject]' begins a note; what is above the first, and lines that begin with '#', do not count.
 *  @throws UserError for a subject that has two */
export function parseNotes(text: string, file: string): ReadonlyMap<string, string> {
  const notes = new Map<string, string[]>();
  let current: string[] | undefined;
  for (const [index, line] of text.replaceAll('\r\n', '\n').split('\n').entries()) {
    const subject = /^\[(.+)\]$/.exec(line)?.[1];
    if (subject !== undefined) {
      if (notes.has(subject)) {
        throw new UserError(`${file}:${index + 1}: '${subject}' has two notes`, { hint: 'make one of them' });
      }
      current = [];
      notes.set(subject, current);
    } else if (!line.startsWith('#')) {
      current?.push(line);
    }
  }
  return new Map([...notes].map(([subject, lines]) => [subject, lines.join('\n').trim()]));
}

/** A line `---` or the start of a diff in a note would end the note for git am, and what follows be taken for a diff.
 *  @throws UserError */
export function checkNote(note: string, file: string): void {
  const line = note.split('\n').find(each => /^(?:---|diff |Index: )/.test(each));
  if (line === undefined) return;
  throw new UserError(`${file}: a note has the line '${line}', where a mail's diff would begin`, {
    hint: 'indent the line',
  });
}
