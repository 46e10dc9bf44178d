// SPDX-License-Identifier: GPL-2.0-only
/** Records that take several lines, as the journal's export and verbose forms and fragments of /dev/kmsg and netconsole
 *  do: each message in the line where it begins, so that line numbers stay. Pure. */

/** The same number of lines; those that were taken into another one, or are no message of the kernel, are empty. */
export function gathered(all: readonly string[]): readonly string[] {
  const lines = all.includes('{') ? inOneLine(all) : all;
  return lines.some(line => journalField.test(line)) ? journalMessages(lines) : joinedRecords(lines);
}

/** Objects that journalctl -o json-pretty spreads, each in its last line. */
function inOneLine(lines: readonly string[]): readonly string[] {
  const joined = [...lines];
  let start: number | undefined;
  for (const [index, line] of lines.entries()) {
    if (line === '{') start = index;
    if (line !== '}' || start === undefined) continue;
    const object = lines.slice(start, index + 1);
    if (object.some(each => /^\s*"MESSAGE" :/.test(each))) {
      joined.fill('', start, index);
      joined[index] = object.join('').replaceAll('\t', ' ');
    }
    start = undefined;
  }
  return joined;
}

const record = /^((?:\d+\.\d+[^,;\s]*,)?\d{1,3},(\d+),\d+,)([-c+])((?:,[^;,]+)*);/;
const fragmentAt = /,ncfrag=(\d+)\//;

/** `+` goes on where the record before ended; netconsole cuts one record into fragments of the same number. */
function joinedRecords(lines: readonly string[]): readonly string[] {
  const joined = [...lines];
  let open: { index: number; number: string } | undefined;
  for (const [index, line] of lines.entries()) {
    const match = record.exec(line);
    if (!match) continue;
    const [head, , number, flag, more] = match as unknown as [string, string, string, string, string];
    const follows = flag === '+' || Number(fragmentAt.exec(more)?.[1] ?? 0) > 0;
    if (open && follows && (flag === '+' || open.number === number)) {
      joined[open.index] += line.slice(head.length);
      joined[index] = '';
    } else open = { index, number };
  }
  return joined;
}

/** Of the journal's own fields, one that each entry has; verbose indents them. */
const journalField = /^ *_BOOT_ID=[0-9a-f]{32}$/;
const field = /^ *([A-Z_][A-Z0-9_]*)=(.*)$/s;

/** An entry's MESSAGE when it is the kernel's. Entries end at an empty line (export) or at a line with a time (verbose). */
function journalMessages(lines: readonly string[]): readonly string[] {
  const messages = lines.map(() => '');
  let entry: { index: number; texts: string[]; fields: Map<string, string> } | undefined;
  const close = () => {
    const kernel = entry?.fields.get('_TRANSPORT') ?? entry?.fields.get('SYSLOG_IDENTIFIER');
    if (entry && kernel === 'kernel') messages[entry.index] = entry.texts.join('\r');
    entry = undefined;
  };
  const fields = new Map<string, string>();
  let binary = false;
  for (const [index, line] of lines.entries()) {
    const match = field.exec(line);
    if (line === '' || /^[A-Z][a-z]{2} \d{4}-\d\d-\d\d /.test(line)) {
      close();
      fields.clear();
    } else if (line === 'MESSAGE') {
      // a field with line ends in it: 8 bytes of its length, then the text
      binary = true;
      entry = { index: index + 1, texts: [], fields };
    } else if (match?.[1] === 'MESSAGE') entry = { index, texts: [match[2]!], fields };
    else if (match) {
      binary = false;
      fields.set(match[1]!, match[2]!);
    } else if (entry && binary) entry.texts.push(entry.texts.length === 0 ? line.slice(8) : line);
    else if (entry) entry.texts.push(line);
  }
  close();
  return messages;
}
