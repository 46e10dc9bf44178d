// SPDX-License-Identifier: GPL-2.0-only
/** Rules, bars and words for outcomes, in box drawing or in ASCII; what a code page of 1981 has, since TERM=linux does. */
import type { Outcome } from '../../events.ts';
import { cells, columnSlice } from '../cells.ts';
import { type Line, restyled, spread, type Style, styled, widthOf } from '../span.ts';
import type { Look } from '../state.ts';

export const glyphs = (look: Look) =>
  look.ascii
    ? { rule: '-', strong: '=', side: '|', full: '#', part: '=', light: '.' }
    : { rule: '─', strong: '═', side: '│', full: '█', part: '▒', light: '░' };

export const accent: Style = { fg: 'cyan', bold: true };
export const quiet: Style = { fg: 'grey' };
export const good: Style = { fg: 'green' };
export const bad: Style = { fg: 'red', bold: true };
export const doubt: Style = { fg: 'yellow' };

/** A title in a rule; a double rule says that the keys go here. */
export function titleRule(look: Look, title: string, right: string, width: number, focused: boolean): Line {
  const { rule, strong } = glyphs(look);
  const line = focused ? strong : rule;
  const style = focused ? accent : quiet;
  const tail: Line =
    right === '' ? [] : [...styled(` ${right} `, focused ? accent : quiet), ...styled(line, style)];
  const room = width - widthOf(tail) - 4;
  const name = columnSlice(cells(title), 0, Math.max(8, room));
  const head: Line = [
    ...styled(`${line} `, style),
    ...styled(name, focused ? accent : { bold: true }),
    ...styled(' ', style),
  ];
  const rest = width - widthOf(head) - widthOf(tail);
  if (rest < 0) return spread(head, [], width);
  return [...head, ...styled(line.repeat(rest), style), ...tail];
}

/** The selected item of a list; strong when the list has the keys. */
export const chosen = (line: Line, width: number, focused: boolean): Line =>
  restyled(spread(line, [], width), focused ? { inverse: true } : { bold: true });

/** An outcome as one word, never by colour alone. */
export function outcomeWord(outcome: Outcome | undefined): Line {
  if (!outcome) return styled('runs', doubt);
  if (outcome.kind === 'ready') return styled('ready', good);
  const words: Readonly<Record<string, string>> = {
    ...{ panic: 'PANIC', hang: 'HANG', 'no-output': 'SILENT', incomplete: 'SHORT' },
    ...{ 'qemu-failed': 'QEMU', 'machine-failed': 'MACHINE', interrupted: 'stopped' },
  };
  return styled(words[outcome.kind] ?? outcome.kind, outcome.kind === 'interrupted' ? doubt : bad);
}
