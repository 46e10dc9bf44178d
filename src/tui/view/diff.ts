// SPDX-License-Identifier: GPL-2.0-only
/** Patches coloured as they are read: signs and heads by line, what was changed inside a line by word. */
import { diffWordsWithSpace } from 'diff';
import { cells } from '../cells.ts';
import { type Line, plain, type Span, styled } from '../span.ts';

/** Longer runs of changes are coloured by line alone. */
const longestRun = 60;
const longestLine = 400;

/** Lines `from` up to `to` of a unified diff or a range-diff. */
export function diffLines(lines: readonly string[], from: number, to: number): readonly Line[] {
  const out: Line[] = [];
  for (let i = from; i < Math.min(to, lines.length); i++) {
    const text = lines[i]!;
    const other = pairOf(lines, i);
    out.push(other === undefined ? diffLine(text) : byWord(text, other));
  }
  return out;
}

function diffLine(text: string): Line {
  if (/^(diff --git|index |--- |\+\+\+ |new file|deleted file|similarity|rename )/.test(text)) {
    return styled(text, { bold: true });
  }
  if (text.startsWith('@@')) {
    const [, range = text, rest = ''] = /^(@@ .*? @@)(.*)$/.exec(text) ?? [];
    return [...styled(range, { fg: 'cyan' }), ...plain(rest)];
  }
  if (/^(From |From:|Date:|Subject:|---$)/.test(text)) return styled(text, { fg: 'yellow' });
  if (/^[-0-9]+: {2}[-0-9a-f]+ [=<>!] /.test(text)) return styled(text, { bold: true });
  if (text.startsWith('+')) return styled(text, { fg: 'green' });
  if (text.startsWith('-')) return styled(text, { fg: 'red' });
  return plain(text);
}

const isRemoved = (text: string | undefined) => text?.startsWith('-') === true && !text.startsWith('---');
const isAdded = (text: string | undefined) => text?.startsWith('+') === true && !text.startsWith('+++');

/** The line that this one replaces, or is replaced by: the n-th of as many removed as added ones beside each other. */
function pairOf(lines: readonly string[], at: number): string | undefined {
  const [removed, added] = [isRemoved(lines[at]), isAdded(lines[at])];
  if (!removed && !added) return undefined;
  let start = at;
  while (added && isAdded(lines[start - 1]) && at - start < longestRun) start--;
  while (isRemoved(lines[start - 1]) && at - start < 2 * longestRun) start--;
  let middle = start;
  while (isRemoved(lines[middle]) && middle - start < longestRun) middle++;
  let end = middle;
  while (isAdded(lines[end]) && end - middle < longestRun) end++;
  if (middle - start !== end - middle) return undefined;
  return removed ? lines[at + middle - start] : lines[at - (middle - start)];
}

/** The words that only this line has stand out; lines that share next to nothing are left as they are. */
function byWord(text: string, other: string): Line {
  if (text.length > longestLine || other.length > longestLine) return diffLine(text);
  const added = text.startsWith('+');
  const fg = added ? 'green' : 'red';
  const [before, after] = added ? [other.slice(1), text.slice(1)] : [text.slice(1), other.slice(1)];
  const parts = diffWordsWithSpace(before, after);
  const same = parts
    .filter(part => !part.added && !part.removed)
    .reduce((sum, part) => sum + part.value.trim().length, 0);
  if (same * 3 < Math.max(before.trim().length, after.trim().length)) return diffLine(text);
  const own = parts.filter(part => (added ? !part.removed : !part.added));
  return [
    { text: text[0]!, style: { fg } },
    ...own.map((part): Span => ({
      text: cells(part.value),
      style: part.added || part.removed ? { fg, bold: true, underline: part.value.trim() !== '' } : { fg },
    })),
  ];
}
