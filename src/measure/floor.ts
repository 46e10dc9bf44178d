// SPDX-License-Identifier: GPL-2.0-only
/** Which row is the floor of another: what any flow costs at least, on the same kernel. Two kernels differ by layout
 *  alone, and a word on the command line may cost as much as a flow does. */
import type { Outcome } from '../events.ts';
import { describeOutcome } from './outcome.ts';

/** What tells whether one row is the floor of another. */
export interface Kin {
  readonly flow: string;
  /** Whatever is one kernel, and one machine, to whoever compares them. */
  readonly kernel: string;
  /** Words of the row's own for the kernel command line. */
  readonly words: readonly string[];
}

/** The floor of the row's own kernel: the one with the row's own words, else the one without any. */
export function floorOf<Row>(row: Row, rows: readonly Row[], kinOf: (row: Row) => Kin): Row | undefined {
  const own = kinOf(row);
  const booted = (words: readonly string[]) =>
    rows.find(other => {
      const kin = kinOf(other);
      return kin.flow === 'floor' && kin.kernel === own.kernel && kin.words.join(' ') === words.join(' ');
    });
  return booted(own.words) ?? booted([]);
}

/** Why rows have no figure over their floor, and no memory beside it: a sentence for each floor that failed. */
export function failedFloors(
  rows: readonly {
    readonly id: string;
    readonly outcome: Outcome;
    /** Id of the row that is its floor. */
    readonly floor?: string | undefined;
    readonly init?: unknown;
    readonly overFloor?: number;
  }[],
): string[] {
  const lacking = rows.filter(
    row => row.init !== undefined && row.overFloor === undefined && row.floor !== row.id,
  );
  return rows.flatMap(floor => {
    const members = new Set(lacking.filter(row => row.floor === floor.id).map(({ id }) => id));
    if (members.size === 0 || floor.init !== undefined) return [];
    const rest = [...members].join(', ');
    return [`${rest}: no figure over the floor, since ${floor.id} failed: ${describeOutcome(floor.outcome)}`];
  });
}
