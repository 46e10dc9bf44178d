// SPDX-License-Identifier: GPL-2.0-only
/** How long boots take on this host, from those that were made: for plans and for the time that is left. */
import type { Milliseconds, Work } from '../../events.ts';
import type { SweepBoot } from '../../measure/points.ts';
import { spreadOf } from '../../measure/spread.ts';
import type { SweepCase } from './cases.ts';
import { labelOf } from './cases.ts';

export interface Costs {
  /** Of these cases, so many side by side. */
  of(cases: readonly SweepCase[], atOnce: number): Milliseconds;
}

/** What a boot takes where none was made: that of a machine of two cores under icount, calibration included. */
const guess = { boot: 6000, perMebibyte: 60 };

/** Costs by what was booted: of a case's own point, else of its row, else of all boots, else guessed. */
export function costsOf(results: ReadonlyMap<string, SweepBoot>): Costs {
  const known = new Map<string, number[]>();
  const note = (name: string, host: number) => known.set(name, [...(known.get(name) ?? []), host]);
  for (const [key, { host, run }] of results) {
    if (run === undefined) continue;
    const label = key.slice(0, key.lastIndexOf(' '));
    note(pointName(label), host);
  }
  const medians = new Map([...known].map(([name, times]) => [name, spreadOf(times)!.median]));
  const costOf = (one: SweepCase): number =>
    medians.get(pointName(labelOf(one))) ??
    guess.boot + (one.row.flow.usesPayload ? (one.place.sizeBytes / 2 ** 20) * guess.perMebibyte : 0);
  return {
    of: (cases, atOnce) => cases.reduce((sum, one) => sum + costOf(one), 0) / Math.max(1, atOnce),
  };
}

/** A label without what tells boots of one point apart, memory included. */
const pointName = (label: string) =>
  label.replace(/ (#\d+|smallest)$/, '').replace(/ \d+ MiB( \d+ CPU)$/, '$1');

/** Hands the work on; its progress says how much time is left. */
export async function* withTimeLeft<Product>(work: Work<Product>, left: () => Milliseconds): Work<Product> {
  try {
    for (;;) {
      const next = await work.next();
      if (next.done) return next.value;
      const event = next.value;
      yield event.type === 'progress' && event.job === 'sweep' ? { ...event, leftMs: left() } : event;
    }
  } finally {
    await work.return(undefined as never);
  }
}
