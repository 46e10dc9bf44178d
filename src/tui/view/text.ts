// SPDX-License-Identifier: GPL-2.0-only
/** Text one reads: logs, patches, mails, tables; a window of it, coloured by what it is, with what a search found. */
import { sanitise } from '../../events.ts';
import { columnsOf } from '../cells.ts';
import { matcher } from '../pager.ts';
import { blank, consoleLine, faint, type Line, plain, restyled, slice, styled, widthOf } from '../span.ts';
import type { State, Syntax, View } from '../state.ts';
import { linesOf } from '../text.ts';
import { diffLines } from './diff.ts';
import { bad, doubt, good } from './glyphs.ts';

type TextView = Extract<View, { kind: 'text' }>;

export function textView(state: State, view: TextView, width: number, height: number): readonly Line[] {
  const lines = linesOf(state, view);
  if (lines.length === 0) {
    const read = view.lines !== undefined || view.source.kind !== 'file';
    return [faint(read ? ' there is nothing in it' : ' reading ...')];
  }
  const { top, left, query, found } = view.pager;
  const styledLines = syntaxLines(lines, top, top + height, view.syntax);
  return styledLines.map((line, i) => {
    const marked = highlighted(line, query);
    const cut = slice(marked, left, left + width);
    return top + i === found ? restyled(cut.length > 0 ? cut : plain(' '), { inverse: true }) : cut;
  });
}

/** Where it is in the text, for the title. */
export function placeText(state: State, view: TextView, height: number): string {
  const count = linesOf(state, view).length;
  const { top, query, missed, searching } = view.pager;
  const where = count <= height ? `${count} lines` : `${Math.min(top + height, count)}/${count}`;
  if (searching) return `searching the file for '${query}'`;
  if (missed !== undefined) return `'${missed}' is not in it  ${where}`;
  return query === '' ? where : `/${query}  ${where}`;
}

export function syntaxLines(
  lines: readonly string[],
  from: number,
  to: number,
  syntax: Syntax,
): readonly Line[] {
  if (syntax === 'diff') return diffLines(lines, from, to);
  const style = { plain, log: logLine, mail: mailLine, result: resultLine }[syntax];
  return lines.slice(from, to).map(style);
}

function logLine(text: string): Line {
  if (/Kernel panic|\bBUG: |Oops: |\bKASAN: /.test(text)) return styled(text, bad);
  if (/\bWARNING: |UBSAN: |error=/.test(text)) return styled(text, doubt);
  if (text.startsWith('initbench: ')) return styled(text, { fg: 'cyan' });
  return consoleLine(sanitise(text));
}

function mailLine(text: string): Line {
  const header = /^((?:From|To|Cc|Subject|Date|Message-Id|In-Reply-To|References)):( .*)?$/i.exec(text);
  if (header)
    return [...styled(`${header[1]}:`, { fg: 'yellow' }), ...styled(header[2] ?? '', { bold: true })];
  if (text.startsWith('>')) return styled(text, { fg: 'blue' });
  return diffLines([text], 0, 1)[0] ?? blank;
}

/** Tables and notes as commands word them. */
function resultLine(text: string): Line {
  if (/^(warning|doubt)\b/.test(text)) return styled(text, doubt);
  if (/^(note|kernel|format|payload|clock|linux|saved in)\b/.test(text)) return styled(text, { fg: 'grey' });
  const bar = /^(.*?\|)(#*)(=*)(.*)$/.exec(text);
  if (bar && (bar[2] || bar[3])) {
    return [
      ...plain(bar[1]!),
      ...styled(bar[2]!, { fg: 'cyan' }),
      ...styled(bar[3]!, { fg: 'blue' }),
      ...plain(bar[4]!),
    ];
  }
  const end =
    /^(.*\s)(ready|panic|hang|no-output|incomplete|qemu-failed|machine-failed|interrupted|FAIL|fail|ok|met|not met)\s*$/.exec(
      text,
    );
  if (end) return [...plain(end[1]!), ...styled(end[2]!, /^(ready|ok|met)$/.test(end[2]!) ? good : bad)];
  return plain(text);
}

/** What the search looks for, wherever it is on the line. */
function highlighted(line: Line, query: string): Line {
  if (query === '') return line;
  const text = line.map(span => span.text).join('');
  const find = matcher(query);
  let out: Line = [];
  let at = 0;
  for (let from = 0; ;) {
    const next = find(text.slice(from));
    if (next < 0) break;
    const end = from + next + query.length;
    const [left, right] = [columnsOf(text.slice(0, from + next)), columnsOf(text.slice(0, end))];
    const hit = slice(line, left, right);
    out = [...out, ...slice(line, at, left), ...restyled(hit, { fg: 'yellow', bold: true, underline: true })];
    at = right;
    from = end;
  }
  return at === 0 ? line : [...out, ...slice(line, at, widthOf(line))];
}
