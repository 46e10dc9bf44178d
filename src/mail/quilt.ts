// SPDX-License-Identifier: GPL-2.0-only
/** Patches that are no mails: the `series` file of quilt, and the headers of a patch in a distribution's package (DEP-3).
 *  Pure. */

import { isUtf8 } from 'node:buffer';

export interface QuiltEntry {
  readonly file: string;
  /** Leading folders of the names in it that do not count: patch -p. */
  readonly strip: number;
  readonly reverse: boolean;
}

/** How git apply is to read it. */
export const quiltOptions = (entry: QuiltEntry | undefined): readonly string[] =>
  entry === undefined ? [] : [`-p${entry.strip}`, ...(entry.reverse ? ['--reverse'] : [])];

/** Lines of a `series` file that can be read, and those that cannot. */
export function parseQuiltSeries(text: string): {
  readonly entries: readonly QuiltEntry[];
  readonly unread: readonly string[];
} {
  const entries: QuiltEntry[] = [];
  const unread: string[] = [];
  for (const raw of text.split(/\r?\n/)) {
    const line = raw.replace(/(?:^|\s)#.*$/, '').trim();
    if (line === '') continue;
    const [file, ...options] = line.split(/\s+/);
    const strip = options.map(word => /^-p(\d+|ab)$/.exec(word)?.[1]).find(word => word !== undefined);
    if (options.every(word => /^-(?:p(?:\d+|ab)|R)$/.test(word))) {
      const level = strip === undefined || strip === 'ab' ? 1 : Number(strip);
      entries.push({ file: file!, strip: level, reverse: options.includes('-R') });
    } else {
      unread.push(line);
    }
  }
  return { entries, unread };
}

/** Where a diff begins, however it was made. */
const diffStart = /^(?:diff -|Index: |--- \S.*\n\+\+\+ \S|GIT binary patch|---\r?\n)/m;

/** A patch with a header of its own kind as a mail that git mailinfo reads: Description or Subject, Author or From, then
 *  the text, and the other fields below it as they are. What is a mail already stays as it is. */
export function patchAsMail(bytes: Buffer, name: string): Buffer {
  const text = bytes.toString('latin1');
  const start = diffStart.exec(text)?.index;
  if (start === undefined) return bytes;
  const head = text.slice(0, start);
  const body = text.slice(start).replace(/^---\r?\n/, '');
  if (/^(?:Subject|Message-ID|Received):/im.test(head.slice(0, head.search(/\n\r?\n|$/)))) return bytes;
  const { fields, free } = parseFields(head.replaceAll('\r\n', '\n').replace(/^From [^\n]*\n/, ''));
  const take = (...names: readonly string[]) =>
    fields.find(field => names.includes(field.name.toLowerCase()))?.value;
  const [first = '', ...rest] = (take('description', 'subject') ?? '').split('\n');
  const author = take('author', 'from');
  const day = take('date', 'last-update');
  const other = fields.filter(
    ({ name: each }) => !/^(?:description|subject|author|from|date|last-update)$/i.test(each),
  );
  const subject = first.trim() === '' ? name.replace(/^.*\//, '').replace(/\.(?:patch|diff)$/, '') : first;
  const parts = [
    rest.join('\n').trim(),
    free.trim(),
    other.map(field => `${field.name}: ${field.value.replaceAll('\n', '\n ')}`).join('\n'),
  ];
  const header = [
    ...(author === undefined ? [] : [`From: ${author.replace(/\s*\n\s*/g, ' ')}`]),
    `Subject: [PATCH] ${subject.trim()}`,
    ...(day === undefined ? [] : [`Date: ${/^\d{4}-\d\d-\d\d$/.test(day) ? `${day}T00:00:00Z` : day}`]),
    `Content-Type: text/plain; charset=${isUtf8(Buffer.from(head, 'latin1')) ? 'UTF-8' : 'ISO-8859-1'}`,
    'Content-Transfer-Encoding: 8bit',
  ];
  const message = parts.filter(part => part !== '').join('\n\n');
  return Buffer.from(`${header.join('\n')}\n\n${message}\n---\n${body}`, 'latin1');
}

interface Field {
  readonly name: string;
  /** Continuation lines without their blank; ' .' is an empty line. */
  value: string;
}

/** Fields at the top, as in Debian's control files, and the free text among and below them. */
function parseFields(head: string): { readonly fields: readonly Field[]; readonly free: string } {
  const fields: Field[] = [];
  const free: string[] = [];
  let open = false;
  for (const line of head.split('\n')) {
    const start = /^([A-Z][A-Za-z-]*):(?:[ \t]+(.*)|[ \t]*)$/.exec(line);
    if (start) fields.push({ name: start[1]!, value: (start[2] ?? '').trim() });
    else if (open && /^[ \t]/.test(line))
      fields.at(-1)!.value += `\n${line.trim() === '.' ? '' : line.slice(1)}`;
    else free.push(line);
    open = start !== null || (open && /^[ \t]/.test(line));
  }
  return { fields, free: free.join('\n') };
}
