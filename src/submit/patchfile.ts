// SPDX-License-Identifier: GPL-2.0-only
/** A `git format-patch` file taken apart at its seams: author, message, notes below the `---`, diffstat, diff. Bytes
 *  that are not ours to read stay bytes. Pure. */
import { decodeWords, parseMail, stripPrefixes } from '../series/mail.ts';
import { type Address, parseAddress } from '../mail/address.ts';

export interface PatchFile {
  readonly subject: string;
  readonly author: Address;
  /** As the file has it: 'Mon, 23 Nov 2026 00:00:00 +0000'. */
  readonly date: string;
  /** The commit message without its subject, as Latin-1 of its bytes; no blank line at either end. */
  readonly message: string;
  /** What a person wrote between `---` and the diffstat; the same. */
  readonly notes: string;
  /** From the diffstat to the end of the diff; the same, without the mail signature. */
  readonly diff: string;
}

/** Undefined when it is not a patch: no author, no diff. */
export function parsePatchFile(bytes: Buffer): PatchFile | undefined {
  const { subject } = parseMail(bytes.toString('utf8'));
  const text = bytes.toString('latin1').replaceAll('\r\n', '\n');
  const end = text.indexOf('\n\n');
  const head = bytes.toString('utf8').replaceAll('\r\n', '\n').split('\n\n')[0]!;
  const author = parseAddress(decodeWords(headerOf(head, 'From') ?? ''));
  const body = text.slice(end + 2);
  const diffAt = /^diff --git /m.exec(body)?.index;
  if (!author || end < 0 || diffAt === undefined) return undefined;
  const { inBody, rest } = inBodyAuthor(body.slice(0, diffAt));
  const [message, below] = splitAtRule(rest);
  const statAt = statOf(below);
  return {
    subject: stripPrefixes(subject),
    author: inBody ?? author,
    date: headerOf(head, 'Date') ?? '',
    message: trimLines(message),
    notes: trimLines(below.slice(0, statAt)),
    diff: stripSignatureOf(below.slice(statAt) + body.slice(diffAt)),
  };
}

const headerOf = (head: string, name: string): string | undefined =>
  new RegExp(`^${name}:[ \\t]*(.*(?:\\n[ \\t].*)*)`, 'im')
    .exec(head)?.[1]
    ?.replace(/\n[ \t]+/g, ' ')
    .trim();

/** 'From: A <a@example.org>' at the top of a body is the author; git am reads it so. */
function inBodyAuthor(body: string): { inBody?: Address; rest: string } {
  const match = /^From: (.*)\n\n/.exec(body);
  const inBody = match
    ? parseAddress(decodeWords(Buffer.from(match[1]!, 'latin1').toString('utf8')))
    : undefined;
  return inBody ? { inBody, rest: body.slice(match![0].length) } : { rest: body };
}

function splitAtRule(text: string): [message: string, below: string] {
  const rule = /^---\n/m.exec(text);
  return rule ? [text.slice(0, rule.index), text.slice(rule.index + 4)] : [text, ''];
}

/** Where the diffstat begins: its lines, then ' N files changed', ' create mode' and their like, end the text. */
function statOf(below: string): number {
  const match =
    /(?:^ \S[^\n]*\|[^\n]*\n)+ \d+ files? changed[^\n]*\n(?: (?:create|delete|rename|copy|mode|rewrite)[^\n]*\n)*\s*$/m.exec(
      below,
    );
  return match?.index ?? below.trimEnd().length;
}

const stripSignatureOf = (text: string): string => text.replace(/\n-- \n[^\n]*\n*$/, '\n');

export const trimLines = (text: string): string => text.replace(/^(?:[ \t]*\n)+/, '').trimEnd();

/** A trailer below the others; there already, it is not added again. Both as Latin-1 of their bytes. */
export function addTrailer(message: string, trailer: string): string {
  const line = Buffer.from(trailer).toString('latin1');
  if (message.split('\n').some(each => each.toLowerCase() === line.toLowerCase())) return message;
  if (message === '') return line;
  const last = message
    .slice(message.lastIndexOf('\n\n') + 1)
    .trim()
    .split('\n');
  return `${message}${last.every(isTrailer) ? '\n' : '\n\n'}${line}`;
}

/** 'Signed-off-by: A <a@example.org>', or its continuation. */
export const isTrailer = (line: string): boolean =>
  /^(?:[A-Za-z][A-Za-z0-9-]*: \S|[ \t]+\S|\[[^\]]*\]$)/.test(line);
