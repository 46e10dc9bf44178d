// SPDX-License-Identifier: GPL-2.0-only
/** 'Changes in v2:' for the cover letter, drafted from what became of each comment, for a person to shorten. Pure. */
import { loreLink } from '../../series/origin.ts';
import { wrapText } from '../wrap.ts';
import type { Comment, Review, Tag } from './review.ts';

/** `first`: the message id of the mail that the last version's thread begins with. */
export function draftChanges(review: Review, version: number, first: string | undefined): string {
  const of = (kind: Comment['state']['kind']) =>
    review.comments.filter(({ state, version: on }) => state.kind === kind && on === version - 1);
  const tags = review.tags.filter(tag => tag.version === version - 1 && !tag.other);
  return [
    `Changes in v${version}:`,
    ...of('fixed').flatMap(comment =>
      entry(comment, comment.state.kind === 'fixed' ? `changed in ${comment.state.commit.slice(0, 12)}` : ''),
    ),
    ...(tags.length > 0 ? item(`collected ${listOf(tags)}`) : []),
    ...(first === undefined ? [] : item(`Link to v${version - 1}: ${loreLink(first)}`)),
    ...section('Not changed, see the discussion:', of('disputed'), 'no change'),
    ...section('Answered:', of('answered'), 'answered'),
    ...section('Still open:', of('open'), 'EDITME'),
  ].join('\n');
}

const section = (head: string, comments: readonly Comment[], end: string): readonly string[] =>
  comments.length === 0 ? [] : ['', head, ...comments.flatMap(comment => entry(comment, end))];

const item = (text: string): string[] => wrapText(text, '- ');

function entry({ patch, place, text, from, messageId }: Comment, end: string): string[] {
  const name = /^"?(.*?)"? <[^<>]*>$/.exec(from)?.[1] ?? from;
  const where = patch.number === 0 ? 'cover letter' : `patch ${patch.number}, ${place}`;
  const said = text.join(' ').replace(/\s+/g, ' ');
  const short = said.length > 120 ? `${said.slice(0, 117).replace(/ \S*$/, '')} ...` : said;
  return [...item(`${where}: "${short}" (${name}): ${end}`), `  ${loreLink(messageId)}`];
}

function listOf(tags: readonly Tag[]): string {
  const names = [...new Set(tags.map(tag => tag.trailer.replace(/ <.*$/, '').replace(/:\s*/, ' of ')))];
  return names.join(', ');
}
