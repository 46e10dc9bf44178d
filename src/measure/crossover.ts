// SPDX-License-Identifier: GPL-2.0-only
/** Where one row overtakes another along an axis: a crossover lies between two places that were measured, and is
 *  claimed only where the spreads on both sides of it do not overlap. */
import { z } from 'zod';
import { number, object, text } from '../document.ts';
import type { Spread } from './spread.ts';

/** One row along an axis; anything with figures in one unit. */
export interface Curve {
  readonly row: string;
  /** By x, ascending. */
  readonly points: readonly { readonly x: number; readonly y: Pick<Spread, 'median' | 'min' | 'max'> }[];
}

export const crossoverSchema = object({
  /** 'size', 'used', 'mem', 'cpus', 'bandwidth'. */
  axis: text,
  /** What was held, as said beside it: '64M', '10% used'. */
  held: text,
  /** The two rows, in the order given. */
  rows: z.tuple([text, text]).readonly(),
  /** Which of them is lower at the first place, and at the last; undefined where their spreads overlap. */
  lowerFirst: text.exactOptional(),
  lowerLast: text.exactOptional(),
  /** Where the medians meet, by straight lines between the places measured. Absent: they do not. */
  at: number.exactOptional(),
  /** The measured places on both sides of it. */
  between: z.tuple([number, number]).readonly().exactOptional(),
});
export type Crossover = z.infer<typeof crossoverSchema>;

/** What becomes of each pair of rows along the axis. Of several meetings the last is told. Pairs that share fewer
 *  than two places have none. */
export function crossoversOf(axis: string, held: string, curves: readonly Curve[]): Crossover[] {
  return curves.flatMap((a, i) => curves.slice(i + 1).flatMap(b => crossoverOf(axis, held, a, b) ?? []));
}

function crossoverOf(axis: string, held: string, a: Curve, b: Curve): Crossover | undefined {
  const shared = a.points.flatMap(({ x, y }) => {
    const other = b.points.find(point => point.x === x);
    return other ? [{ x, a: y, b: other.y, difference: y.median - other.y.median }] : [];
  });
  if (shared.length < 2) return undefined;
  const lower = (point: (typeof shared)[number]) =>
    point.a.max < point.b.min ? a.row : point.b.max < point.a.min ? b.row : undefined;
  const [first, last] = [shared[0]!, shared.at(-1)!];
  const [lowerFirst, lowerLast] = [lower(first), lower(last)];
  const sides = shared
    .slice(1)
    .map((right, i) => ({ left: shared[i]!, right }))
    .findLast(({ left, right }) => left.difference * right.difference < 0);
  return {
    axis,
    held,
    rows: [a.row, b.row],
    ...(lowerFirst !== undefined && { lowerFirst }),
    ...(lowerLast !== undefined && { lowerLast }),
    ...(sides && {
      at: meeting(sides.left, sides.right),
      between: [sides.left.x, sides.right.x] as const,
    }),
  };
}

function meeting(
  left: { readonly x: number; readonly difference: number },
  right: { readonly x: number; readonly difference: number },
): number {
  const share = left.difference / (left.difference - right.difference);
  return left.x + share * (right.x - left.x);
}
