// SPDX-License-Identifier: GPL-2.0-only
/** The cover letter: what a person wrote, kept apart from what is made again for every posting. Placeholders on lines of
 *  their own say where that goes; what is not placed comes at the end, in git's order. Pure. */
import { UserError } from '../host/errors.ts';

/** `report`, `requirements` and `changes` appear only where they are placed. */
export const placeholders = [
  'shortlog',
  'diffstat',
  'range_diff',
  'report',
  'requirements',
  'base_commit',
] as const;
export type Placeholder = (typeof placeholders)[number];
export type Generated = Readonly<Record<Placeholder, string>>;

/** Added below the text when they are not placed. */
const appended: readonly Placeholder[] = ['shortlog', 'diffstat', 'range_diff', 'base_commit'];

export interface CoverText {
  /** A person's; ends without a blank line. */
  readonly own: string;
  /** '20261125-initoverlayfs-0f3c5a7b9d1e'; b4's form. */
  readonly changeId?: string;
}

/** Takes what git format-patch and b4 put at the end of a cover letter away: shortlog, diffstat, trailers. */
export function parseCover(body: string): CoverText {
  let text = body.replaceAll('\r\n', '\n').trimEnd();
  let changeId: string | undefined;
  for (let before = ''; before !== text;) {
    before = text;
    const trailer = /(?:^|\n)(base-commit|change-id|prerequisite-[a-z-]+): ?([^\n]*)$/.exec(text);
    if (trailer?.[1] === 'change-id') changeId = trailer[2]!.trim();
    if (trailer) text = text.slice(0, trailer.index).trimEnd();
  }
  if (text.endsWith('\n---')) text = text.slice(0, -4).trimEnd();
  const stat =
    /(?:^|\n)(?: \S[^\n]*\|[^\n]*\n)+ \d+ files? changed[^\n]*(?:\n (?:create|delete|rename|copy|mode|rewrite) [^\n]*)*$/.exec(
      text,
    );
  if (stat) text = text.slice(0, stat.index).trimEnd();
  const log = /(?:^|\n)(?:[^\s\n][^\n]* \(\d+\):\n(?: {2}[^\n]*(?:\n|$))+\n*)+$/.exec(text);
  if (log) text = text.slice(0, log.index).trimEnd();
  return { own: text, ...(changeId ? { changeId } : {}) };
}

/** The body of a cover letter as it is posted. @throws UserError for a placeholder there is not */
export function renderCover(own: string, generated: Generated): string {
  const placed = new Set<string>();
  const lines = own.split('\n').map(line => {
    const name = /^\s*\$\{([^}]*)\}\s*$/.exec(line)?.[1];
    if (name === undefined) return line;
    if (!(placeholders as readonly string[]).includes(name)) throw unknownPlaceholder(name);
    placed.add(name);
    return generated[name as Placeholder];
  });
  const rest = appended.filter(name => !placed.has(name)).map(name => generated[name]);
  const text = [lines.join('\n'), ...rest].filter(part => part !== '').join('\n\n');
  return `${text.replace(/\n{3,}/g, '\n\n').trimEnd()}\n`;
}

function unknownPlaceholder(name: string): UserError {
  return new UserError(`the cover letter has \${${name}}, which is not a placeholder`, {
    hint: `there is: ${placeholders.map(each => `\${${each}}`).join(' ')}`,
  });
}

/** What shows that nobody has written it yet; undefined when somebody has. */
export function uneditedCover(subject: string, own: string): string | undefined {
  const mark = /\*\*\* (?:SUBJECT|BLURB) HERE \*\*\*|\bEDITME\b/.exec(`${subject}\n${own}`)?.[0];
  if (mark !== undefined) return mark;
  return own.trim() === '' ? 'it is empty' : undefined;
}

/** The versions whose changes it tells: 'Changes in v2:'. */
export function toldVersions(own: string): readonly number[] {
  const found = own.matchAll(/^changes (?:in|since) v(\d+)\b/gim);
  return [...found].map(match => Number(match[1]) + (/since/i.test(match[0]) ? 1 : 0));
}

/** '2 patches by whom': git's shortlog of a cover letter. */
export function formatShortlog(
  patches: readonly { readonly author: string; readonly subject: string }[],
): string {
  const authors = [...new Set(patches.map(patch => patch.author))].sort();
  return authors
    .map(author => {
      const own = patches.filter(patch => patch.author === author);
      return [`${author} (${own.length}):`, ...own.map(patch => `  ${patch.subject}`)].join('\n');
    })
    .join('\n\n');
}

/** b4's form: day, name, twelve hex digits. */
export function newChangeId(series: string, day: Date, random: Buffer): string {
  const slug = series
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  return `${day.toISOString().slice(0, 10).replaceAll('-', '')}-${slug}-${random.toString('hex').slice(0, 12)}`;
}
