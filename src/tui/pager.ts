// SPDX-License-Identifier: GPL-2.0-only
/** A window over lines of text: where it is, how keys move it, what a search finds. Pure. */

export interface Pager {
  /** The line at the top, or, in a list, the selected one. */
  readonly top: number;
  readonly left: number;
  readonly query: string;
  /** The line a search has found, shown as such. */
  readonly found?: number;
  /** What a search has not found. */
  readonly missed?: string;
  /** A search in a file goes on. */
  readonly searching?: true;
}

export const atTop: Pager = { top: 0, left: 0, query: '' };

const moves = ['up', 'down', 'page-up', 'page-down', 'half-up', 'half-down', 'first', 'last'] as const;
export type Move = (typeof moves)[number];

export const isMove = (name: string): boolean => moves.some(move => move === name);

const columns = 8;

/** The number that a move leads to, within 0 and `last`. */
export function moved(at: number, move: Move, height: number, last: number): number {
  const steps: Readonly<Record<Move, number>> = {
    ...{ up: -1, down: 1, 'page-up': -height, 'page-down': height },
    ...{ 'half-up': -(height >> 1), 'half-down': height >> 1 },
    ...{ first: Number.NEGATIVE_INFINITY, last: Number.POSITIVE_INFINITY },
  };
  return Math.min(Math.max(at + steps[move], 0), Math.max(last, 0));
}

export const scrolled = (pager: Pager, move: Move, height: number, lines: number): Pager => ({
  ...pager,
  top: moved(pager.top, move, height, lines - height),
});

export const panned = (pager: Pager, to: -1 | 1): Pager => ({
  ...pager,
  left: Math.max(0, pager.left + to * columns),
});

/** A lower-case query finds both cases, as less(1) -i does. */
export function matcher(query: string): (line: string) => number {
  if (query === '') return () => -1;
  if (query !== query.toLowerCase()) return line => line.indexOf(query);
  return line => line.toLowerCase().indexOf(query);
}

/** Goes to the next line that matches, around the end if it must. `from` is the first to be looked at. */
export function searched(
  pager: Pager,
  query: string,
  lines: readonly string[],
  from: number,
  direction: 1 | -1,
  height: number,
): Pager {
  const find = matcher(query);
  const { found: _, missed: __, searching: ___, ...rest } = pager;
  for (let i = 0; i < lines.length; i++) {
    const at = (((from + i * direction) % lines.length) + lines.length) % lines.length;
    const column = find(lines[at]!);
    if (column < 0) continue;
    return { ...rest, query, found: at, top: topFor(pager, at, lines.length, height) };
  }
  return { ...rest, query, missed: query };
}

/** Where the window has to be to show a line: where it is, if it does. */
export function topFor({ top }: Pager, line: number, lines: number, height: number): number {
  if (line >= top && line < top + height) return top;
  return Math.max(0, Math.min(line - (height >> 2), lines - height));
}
