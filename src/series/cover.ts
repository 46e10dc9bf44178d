// SPDX-License-Identifier: GPL-2.0-only
/** The cover letter in patches/ when the patches below it change: a person's text stays as it is, the number in the
 *  subject and the shortlog and diffstat that git wrote follow. Pure. */
import type { PatchStyle } from './format.ts';

/** '0000-cover-letter.patch', 'v2-0000-cover-letter.patch'. */
export const coverName = /^(v\d+-)?0000-.*\.patch$/;

/** Prefix and version that a series' files use, so that they keep them: from '[PATCH RFC v2 03/10] ...' and the
 *  name 'v2-0003-...'. */
export function styleOf(name: string, subject: string): PatchStyle {
  const words = /^\[([^\]]*?)(?:\s+\d+\/\d+)?\]/.exec(subject)?.[1] ?? 'PATCH';
  const version = /^v(\d+)-/.exec(name)?.[1];
  if (version === undefined) return { prefix: words };
  const prefix = words
    .split(/\s+/)
    .filter(word => word !== `v${version}`)
    .join(' ');
  return { prefix, version: Number(version) };
}

export interface CoverChange {
  readonly text: string;
  /** False: there is a diffstat in it that is not the old patches' as git writes it: a person has to see to it. */
  readonly summarised: boolean;
}

/** `before` and `after`: shortlog and diffstat of the old and the new patches. */
export function renewCover(text: string, before: string, after: string, count: number): CoverChange {
  const width = String(count).length;
  const numbered = text.replace(
    /^(Subject: \[[^\]\n]*?)0+\/\d+(\])/m,
    (_all, head: string, end: string) => `${head}${'0'.repeat(width)}/${count}${end}`,
  );
  if (before === after) return { text: numbered, summarised: true };
  const at = numbered.indexOf(before);
  if (before === '' || at < 0) {
    return { text: numbered, summarised: !/^ \d+ files? changed/m.test(numbered) };
  }
  return {
    text: numbered.slice(0, at) + after + numbered.slice(at + before.length),
    summarised: true,
  };
}

/** What stands between the `---` of a patch and its diffstat: a person's notes, which no commit has. */
export function notesOf(patch: string): string {
  const end = /^---\n/m.exec(patch);
  if (!end) return '';
  const rest = patch.slice(end.index + 4);
  const stat = /^(?: \S.* \|\s+(?:\d+|Bin)| \d+ files? changed|diff --git )/m.exec(rest);
  return stat ? rest.slice(0, stat.index) : '';
}

/** The same notes in a patch that has none. */
export function withNotes(patch: string, notes: string): string {
  return notes.trim() === '' ? patch : patch.replace(/^---\n/m, () => `---\n${notes}`);
}
