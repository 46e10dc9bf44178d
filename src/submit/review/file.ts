// SPDX-License-Identifier: GPL-2.0-only
/** patches/<series>/review: the comments and tags as text that a person reads, and edits where a word says what became of
 *  a comment. */
import path from 'node:path';
import { UserError } from '../../host/errors.ts';
import { readIfThere, writeWhole } from '../../host/files.ts';
import { type Comment, formatState, noReview, parseState, type Review, type Tag } from './review.ts';

const head = `# What reviewers said, kept by 'initbench review'. The word behind a comment's number is yours to change:
#   open | fixed COMMIT | answered | disputed
`;

export const reviewFile = (folder: string): string => path.join(folder, 'review');

/** @throws UserError with the line that cannot be read */
export async function readReview(folder: string): Promise<Review> {
  const text = await readIfThere(reviewFile(folder));
  return text === undefined ? noReview : parseReview(text, reviewFile(folder));
}

export const writeReview = (folder: string, review: Review): Promise<void> =>
  writeWhole(reviewFile(folder), formatReview(review));

export function formatReview({ comments, tags }: Review): string {
  const entries = [...comments.map(commentLines), ...tags.map(tagLines)];
  return [head, ...entries.map(lines => `${lines.join('\n')}\n`)].join('\n');
}

const field = (name: string, value: string): string => `  ${name.padEnd(8)} ${value}`.trimEnd();
const placeFields = ({ patch, messageId, part, version }: Comment | Tag) => [
  field('patch', `${patch.number} ${patch.subject}`),
  field('message', `<${messageId}> ${part} v${version}`),
];

const commentLines = (comment: Comment): string[] => [
  `[${comment.number}] ${formatState(comment.state)}`,
  ...placeFields(comment),
  field('place', comment.place),
  field('from', comment.from),
  field('date', comment.date),
  ...comment.quoted.map(line => `> ${line}`.trimEnd()),
  ...comment.text.map(line => `| ${line}`.trimEnd()),
];

const tagLines = (tag: Tag): string[] => [
  `[${tag.number}] ${tag.trailer}`,
  ...placeFields(tag),
  field('given-to', tag.givenTo),
  ...(tag.other ? [field('sent-by', 'somebody else; left out until confirmed')] : []),
];

interface Entry {
  readonly number: number;
  readonly line: number;
  readonly title: string;
  readonly fields: Map<string, string>;
  readonly quoted: string[];
  readonly text: string[];
}

export function parseReview(text: string, file: string): Review {
  const entries: Entry[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const start = /^\[(\d{1,6})\] (.+)$/.exec(line);
    const named = /^ {2}([a-z-]+)(?: +(.*))?$/.exec(line);
    const entry = entries.at(-1);
    if (start) {
      const number = Number(start[1]);
      if (entries.some(each => each.number === number))
        throw wrong(file, index, `[${number}] is there twice`);
      entries.push({ number, line: index, title: start[2]!.trim(), fields: new Map(), quoted: [], text: [] });
    } else if (entry && named) entry.fields.set(named[1]!, named[2] ?? '');
    else if (entry && line.startsWith('>')) entry.quoted.push(line.slice(2));
    else if (entry && line.startsWith('|')) entry.text.push(line.slice(2));
    else throw wrong(file, index, `'${line}' belongs to no entry`);
  }
  const comments: Comment[] = [];
  const tags: Tag[] = [];
  for (const entry of entries) {
    const said = saidOf(entry, file);
    const { fields, title } = entry;
    if (/^[A-Z][A-Za-z-]+: \S/.test(title)) {
      tags.push({
        ...said,
        trailer: title,
        givenTo: fields.get('given-to') ?? '',
        other: fields.has('sent-by'),
      });
      continue;
    }
    const state = parseState(title);
    if (!state)
      throw wrong(file, entry.line, `'${title}' is no state: open, fixed COMMIT, answered or disputed`);
    comments.push({
      ...{ ...said, state, quoted: entry.quoted, text: entry.text },
      ...{ place: fields.get('place') ?? '', from: fields.get('from') ?? '', date: fields.get('date') ?? '' },
    });
  }
  return { comments, tags };
}

function saidOf({ number, line, fields }: Entry, file: string) {
  const patch = /^(\d+) (.*)$/.exec(fields.get('patch') ?? '');
  const message = /^<([^<>\s]+)> (\d+) v(\d+)$/.exec(fields.get('message') ?? '');
  if (!patch || !message)
    throw wrong(file, line, `[${number}] has no 'patch' or no 'message' as initbench writes it`);
  return {
    number,
    patch: { number: Number(patch[1]), subject: patch[2]! },
    ...{ messageId: message[1]!, part: Number(message[2]), version: Number(message[3]) },
  };
}

const wrong = (file: string, index: number, what: string): UserError =>
  new UserError(`${file}:${index + 1}: ${what}`, {
    hint: 'correct the line; what initbench wrote is in the mails again',
  });
