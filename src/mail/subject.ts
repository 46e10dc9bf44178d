// SPDX-License-Identifier: GPL-2.0-only
/** What the subject of a mail says of its place in a series: 'Re:', [PATCH v2 3/9] and the other ways to write that. N of
 *  M counts whatever surrounds it; what looks like a number and is none is a problem, never left out. Pure. */

export interface SubjectInfo {
  /** An answer or a forwarded mail. */
  readonly reply: boolean;
  /** What a gateway or a robot wrote before it: 'EXTERNAL:', 'Automatic reply:'. */
  readonly before: string;
  /** The words of the prefix, without N/M: 'PATCH', 'RFC', 'v2', 'net-next'; none without a prefix. */
  readonly words: readonly string[];
  /** N of M: 0 is the cover letter. Absent: nothing is numbered. */
  readonly number?: number;
  readonly total?: number;
  /** [2, 1] of v2.1; [1, 0] when there is none. */
  readonly version: Version;
  readonly resend: boolean;
  /** Without the prefix. */
  readonly text: string;
  /** N/M somewhere in the text: a number where other mails have one too, else words. */
  readonly inText?: readonly [number: number, total: number];
  /** What cannot be read as N of M. */
  readonly problem?: string;
}

export type Version = readonly [major: number, minor: number];

/** As a person reads it: 'v2', 'v2.1'. */
export const formatVersion = ([major, minor]: Version): string => `v${major}${minor > 0 ? `.${minor}` : ''}`;

/** Whether it says that it is a patch or a cover letter. */
export const claimsPatch = ({ words, number, problem }: SubjectInfo): boolean =>
  number !== undefined || problem !== undefined || words.some(word => /patch/i.test(word));

const count = '(?:\\s*\\^?[[(]?\\d+[\\])]?)?\\s*[:：]';
/** 'Re:' in the languages of mail programs; 'Re[2]:' and 'Re^2:' are that too. */
const replyMark = new RegExp(
  `^\\s*(?:re|aw|antw|antwort|sv|odp|odpowiedź|ynt|vá|fwd|转发|回复|回覆|轉寄|答复|답장|전달)${count}`,
  'iu',
);
/** These could be the beginning of a patch's subject: they count before a prefix only. */
const shortMark = new RegExp(
  `^\\s*(?:r|rv|res|rif|ri|ref|tr|fw|wg|vs|vb|wtr|enc|i|doorst)${count}(?=\\s*\\[)`,
  'iu',
);
const group = /^\s*\[([^\]]*)\]/;
/** A prefix behind something else. */
const inner = /^(.{1,80}?)\[([^\]]*\bpatch[^\]]*)\]/i;
/** 'PATCH 1/8: ...' without brackets, '1/8: ...' behind a prefix, and '... (1/8)', '... part 1 of 8' at the end. */
const loose: readonly RegExp[] = [
  /^[\s[({<]*((?:rfc[\s,]*)?patch(?:[\s,]*v\d+)?[\s,:#-]*\S*\d\S*(?:\s*of\s*\d+|\s*\/\s*[^\s\])}>]+)(?:[\s,]*v\d+\b)?)[\s:,.\])}>-]*/i,
  /^\s*(\d+\s*(?:\/\s*\d+|of\s+\d+))(?![\w/])[\s:,.-]*/i,
  /\s*[[(]((?:(?:patch|rfc|part|v\d+)[\s,]*)*\d+\s*(?:\/\s*\d+|of\s+\d+)[^[\]()]{0,20})[\])]\s*$/i,
  /[\s,;:-]+((?:part|patch)\s+\d+\s*(?:\/\s*\d+|of\s+\d+))\s*$/i,
];

export function parseSubject(subject: string): SubjectInfo {
  let rest = subject.replace(/\s+/g, ' ').trim();
  let reply = false;
  let before = '';
  const tags: Tag[] = [];
  for (;;) {
    const tag = group.exec(rest);
    const isOver = tags.some(({ isPatch }) => isPatch);
    const mark = isOver || tag ? undefined : replyAt(rest, tags.length > 0);
    if (mark !== undefined) reply = true;
    else if (tag) tags.push(readTag(tag[1]!));
    else break;
    rest = rest.slice(mark ?? tag![0].length);
  }
  const behind = tags.some(({ isPatch }) => isPatch) ? null : inner.exec(rest);
  if (behind) {
    before = behind[1]!.trim();
    tags.push(readTag(behind[2]!));
    rest = rest.slice(behind[0].length);
  }
  if (!tags.some(isNumbered)) {
    for (const pattern of loose) {
      const found = pattern.exec(rest);
      const tag = found ? readTag(found[1]!) : undefined;
      if (!tag || !isNumbered(tag)) continue;
      tags.push(tag);
      rest = rest.slice(0, found!.index) + rest.slice(found!.index + found![0].length);
      break;
    }
  }
  const inText = /(?:^|[^\w./])(\d{1,4})\s?(?:\/|of)\s?(\d{1,4})(?![\w/]|\.\d)/i.exec(plain(rest));
  const [n, m] = [Number(inText?.[1]), Number(inText?.[2])];
  return {
    ...{ reply, before, ...readTags(tags), text: rest.trim() },
    ...(inText && m >= 1 && n <= m && !tags.some(isNumbered) && { inText: [n, m] as const }),
  };
}

/** Where a mark of a reply ends. */
function replyAt(text: string, behindTag: boolean): number | undefined {
  const end = (replyMark.exec(text) ?? shortMark.exec(text))?.[0].length;
  // '[list] Re: [PATCH] x' is one, '[fs] re: x' none.
  return end !== undefined && behindTag && !/^\s*(?:\[|re\b)/i.test(text.slice(end)) ? undefined : end;
}

interface Tag {
  readonly isPatch: boolean;
  readonly words: readonly string[];
  readonly numbers: readonly string[];
  readonly problems: readonly string[];
  readonly version?: Version;
}

const isNumbered = ({ numbers, problems }: Tag): boolean => numbers.length + problems.length > 0;

/** '[list] [PATCH 2/3]', '[PATCH 1/2] [v2]': the number stands beside the word PATCH where that has one; a version may
 *  stand alone. */
function readTags(tags: readonly Tag[]): Omit<SubjectInfo, 'reply' | 'before' | 'text' | 'inText'> {
  const own = tags.filter(tag => tag.isPatch || isNumbered(tag) || tag.words.every(isMark));
  const named = own.filter(tag => tag.isPatch && isNumbered(tag));
  const counting = named.length > 0 ? named : own.filter(isNumbered);
  const numbers = [...new Set(counting.flatMap(tag => tag.numbers))];
  const problem =
    numbers.length > 1 ? numbers.join(' and ') : counting.flatMap(({ problems }) => problems).at(0);
  const [number, total] = numbers.length === 1 ? numbers[0]!.split('/').map(Number) : [];
  const words = own.flatMap(tag => tag.words);
  return {
    words: words.filter((word, index) => words.indexOf(word) === index),
    ...(number === undefined ? {} : { number, total: total! }),
    version: own.find(tag => tag.version)?.version ?? [1, 0],
    resend: words.some(word => /^(?:resend|repost)/i.test(word)),
    ...(problem === undefined ? {} : { problem }),
  };
}

const versionWord =
  /(?:^|(?<=patch|rfc|resend)[-_]?|[-_])(?:v|ver|version|rev|take)[-#]?(\d{1,4})(?:\.(\d{1,4}))?$/i;
const isMark = (word: string): boolean => versionWord.test(word) || /^(?:resend|repost|rfc)$/i.test(word);

/** Full-width digits, '½', '1 / 3', '1 of 3' and 'take 2' in the form that there is one of. */
const plain = (tag: string): string =>
  tag
    .normalize('NFKC')
    .replace(/[\u2044\u2215\u29f8]|(?<=\d)[\\|](?=\d)/g, '/')
    .replace(/(\d)\s*\/\s*(?=\d)/g, '$1/')
    .replace(/(\d)[\s-]*of[\s-]*(\d)/gi, '$1/$2')
    .replace(/\b(v|ver|version|rev|take)\s+#?(?=\d)/gi, '$1');

function readTag(tag: string): Tag {
  const isPatch = /patch|\brfc/i.test(tag);
  const tokens = plain(tag)
    .split(/[\s,;:]+/)
    .filter(Boolean);
  const read = tokens.map(readToken);
  // 'usb3/4' is a name where '1/2' stands beside it.
  const exact = read.some(each => each.number !== undefined && each.exact);
  const counts = (each: Token) => each.number !== undefined && (each.exact || !exact);
  const words = read.flatMap((each, index) =>
    counts(each) ? each.around : each.problem ? [] : [tokens[index]!],
  );
  // '[PATCH 2]': two of how many?
  const alone = isPatch ? words.filter(word => /^#?\d{1,3}$/.test(word)) : [];
  const version = words.map(word => versionWord.exec(word)).find(found => found !== null);
  return {
    isPatch,
    words: words.filter(word => !alone.includes(word)),
    numbers: read.filter(counts).map(({ number }) => number!),
    problems: [...read.flatMap((each, index) => (each.problem ? [tokens[index]!] : [])), ...alone],
    ...(version && { version: [Number(version[1]), Number(version[2] ?? 0)] as const }),
  };
}

interface Token {
  /** '1/3' */
  readonly number?: string;
  /** Nothing but what belongs to a prefix stands beside it. */
  readonly exact: boolean;
  readonly around: readonly string[];
  readonly problem: boolean;
}

const word: Token = { exact: false, around: [], problem: false };
const problem: Token = { exact: false, around: [], problem: true };

/** 'PATCH1/8', '19/24', '1/3v2'; 'drm/i915', 'x86/mm' and '6.1/6.6' are words; '3/', '1/x', '5/3' and '1/2/3' are
 *  problems. */
function readToken(token: string): Token {
  if (/^\d{1,3}[-_]\d{1,3}$/.test(token)) return problem;
  if (!/\d\/|\/\d/.test(token)) return word;
  const sides = token.split('/');
  if (sides.every(side => /^v?\d+(?:\.\d+)+\S*$/.test(side))) return word;
  const match = /^(.*?)(\d+)\/(\d+)(.*)$/.exec(token);
  if (!match) return sides.some(side => /^\W*\d+\W*$/.test(side) || side === '') ? problem : word;
  const [, before, number, total, after] = match as unknown as [string, string, string, string, string];
  const [n, m] = [Number(number), Number(total)];
  const fits = m >= 1 && n <= m && number.length <= 9 && total.length <= 9;
  if (sides.length !== 2 || !fits || /\.$/.test(before) || /^\.\d/.test(after)) return problem;
  const around = [before, after]
    .map(text => text.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, ''))
    .filter(Boolean);
  const exact = around.every(text => isMark(text) || /^(?:rfc)?patch(?:v\d+)?$/i.test(text));
  return { number: `${n}/${m}`, exact, around, problem: false };
}
