// SPDX-License-Identifier: GPL-2.0-only
/** The text of a reply taken apart: what is quoted, what is said below it, which tags are given. Pure. */
import { parseAddress } from '../../mail/address.ts';

export interface Remark {
  /** Quoted lines above it, without their marks, since the remark before. */
  readonly quoted: readonly string[];
  readonly text: readonly string[];
}

export interface Reply {
  readonly remarks: readonly Remark[];
  /** 'Reviewed-by: Name <user@example.org>' */
  readonly tags: readonly string[];
  /** Lines that look like a tag and name nobody. */
  readonly partial: readonly string[];
}

const tagPattern = /^((?:Reviewed|Acked|Tested|Reviewed-and-tested|Tested-and-reviewed)-by):[ \t]*(.*)$/i;

export function parseReply(body: string): Reply {
  const lines = withoutTail(body.split('\n').map(line => line.trimEnd()));
  const { rest, tags, partial } = takeTags(lines);
  const remarks: Remark[] = [];
  let quoted: string[] = [];
  let text: string[] = [];
  const close = () => {
    const said = trimRemark(text, tags.length > 0);
    if (said.length > 0) {
      remarks.push({ quoted, text: said });
      quoted = [];
    }
    text = [];
  };
  for (const line of rest) {
    if (/^\s?>/.test(line)) {
      dropAttribution(text);
      close();
      quoted.push(unquote(line));
    } else {
      text.push(line);
    }
  }
  close();
  return { remarks, tags, partial };
}

/** All marks: '> > +	int x;' to '+	int x;'. */
export const unquote = (line: string): string => line.replace(/^(?:\s?>)+ ?/, '');

/** What the text of a reply ends at: a signature, the footer of a list (mailman, Yahoo, groups.io), the mail it answers as a
 *  mail program appends it. */
const tail: readonly RegExp[] = [
  /^--\s*$/,
  /^_{20,}$/,
  /^__\._,_\.___$/,
  /^(?:-=){5,}-?$/,
  /^-{2,} ?(?:Original Message|Forwarded message|Ursprüngliche Nachricht|Message d'origine|Mensaje original)/i,
];
const appended = /^(?:From|Von|De): .*\n(?:.*\n)?(?:Sent|Gesendet|Envoyé|Enviado)(?: el)?: /;

function withoutTail(lines: readonly string[]): readonly string[] {
  const end = lines.findIndex(
    (line, index) =>
      tail.some(pattern => pattern.test(line)) || appended.test(lines.slice(index, index + 3).join('\n')),
  );
  return end < 0 ? lines : lines.slice(0, end);
}

/** Tags stand on lines of their own and are not quoted; an address on the next line belongs to its name. */
function takeTags(lines: readonly string[]): { rest: string[]; tags: string[]; partial: string[] } {
  const rest: string[] = [];
  const tags: string[] = [];
  const partial: string[] = [];
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index]!;
    const match = tagPattern.exec(line.trim());
    if (!match) {
      rest.push(line);
      continue;
    }
    const following = lines[index + 1]?.trim() ?? '';
    const joined = !match[2]!.includes('@') && /^<[^<>\s]+@[^<>\s]+>/.test(following);
    if (joined) index++;
    const value = joined ? `${match[2]} ${following}` : match[2]!;
    const address = parseAddress(value.replace(/\s*(?:#.*|\([^)]*\)|\[[^\]]*\])$/, ''));
    if (address) tags.push(`${canonical(match[1]!)}: ${value.replace(/\s+/g, ' ').trim()}`);
    else partial.push(line.trim());
  }
  return { rest, tags, partial };
}

const canonical = (name: string): string => name[0]!.toUpperCase() + name.slice(1).toLowerCase();

const verb =
  /(?:^|\s)(?:wrote|writes|said|schrieb|a écrit|escribió|ha scritto|schreef|skrev|napisał\(?a?\)?)(?=[\s:]|$)/i;

/** 'On Tue, 24 Nov 2026, A Reviewer wrote:', in a few languages, on up to three lines: the fewest that have a verb, and a
 *  date or an address. */
function dropAttribution(text: string[]): void {
  while (text.at(-1)?.trim() === '') text.pop();
  for (let count = 1; count <= 3 && count <= text.length; count++) {
    const line = text.slice(-count).join(' ').trim();
    if (verb.test(line) && /[\d@]/.test(line) && (line.endsWith(':') || /wrote$/.test(line))) {
      text.splice(-count);
      return;
    }
  }
}

const greeting =
  /^(?:hi|hello|hallo|hey|dear|moin|bonjour|hola|ciao|good (?:morning|afternoon|evening))\b[^.?:]{0,40}[,!.]?$/i;
const farewell =
  /^(?:many )?(?:thanks|thank you|thx|cheers|regards|best|best regards|kind regards|with best regards|br|viele grüße|mit freundlichen grüßen|grüße|gruß)(?![\p{L}])[^.?]{0,20}[,.!]*$/iu;
const praise =
  /^(?:lgtm|looks (?:good|fine|ok|okay)(?: to me)?|nice(?: work| one)?|great(?: work)?)[.!, ]*(?:thanks?(?: you)?[.!]*)?$/i;

/** Without greetings, farewells and marks of what was left out; praise that comes with a tag is said by the tag. */
function trimRemark(lines: readonly string[], tagged: boolean): readonly string[] {
  const text = lines.filter(line => !/^\s*(?:\[?\s*(?:\.\.\.|…|snip)\s*\]?|<snip>|\[snip\])\s*$/i.test(line));
  const blank = (line: string | undefined) => line !== undefined && line.trim() === '';
  const skip = () => {
    while (blank(text[0])) text.shift();
    while (blank(text.at(-1))) text.pop();
  };
  skip();
  if (text[0] !== undefined && greeting.test(text[0].trim())) text.shift();
  skip();
  // A farewell, and the name below it.
  const last = text.findLastIndex(line => farewell.test(line.trim()));
  const name = text.slice(last + 1).filter(line => !blank(line));
  if (last >= 0 && name.length <= 1 && name.every(line => line.trim().split(/\s+/).length <= 3))
    text.splice(last);
  skip();
  return tagged && text.every(line => praise.test(line.trim()) || blank(line)) ? [] : text;
}
