// SPDX-License-Identifier: GPL-2.0-only
/** What the signs of a boot add up to: marks, steps of the reading, facts. Pure. */
import type { Fact, Mark, Milliseconds, WorkEvent } from '../events.ts';
import type { BootRun, UsedStep } from './boot.ts';
import { guestTimes } from './console.ts';

export type Folded = Pick<BootRun, 'marks' | 'used' | 'facts'>;

/** Other events are passed over. */
export function foldSigns(events: Iterable<WorkEvent>): Folded {
  const seen = new Map<Mark, NonNullable<BootRun['marks'][Mark]>>();
  const facts: BootRun['facts'][number][] = [];
  const used: UsedStep[] = [];
  for (const event of events) {
    if (event.type === 'mark') {
      // read in steps, every step reports `used`: the last one is the whole
      if (event.mark !== 'used' && seen.has(event.mark)) continue;
      const { host, guest } = event;
      const reached = { host, ...(guest ? { [guest.clock]: guest.value } : {}) };
      seen.set(event.mark, reached);
      if (event.mark === 'used') used.push({ percent: event.percent ?? 100, ...reached });
    } else if (event.type === 'fact') {
      facts.push(event.fact);
      const mark = seen.get(event.fact.name as Mark);
      if (mark) seen.set(event.fact.name as Mark, { ...guestTimes(event.fact.values), ...mark });
      // the fact behind a mark has both clocks, and in streams of old the percentage
      if (mark && event.fact.name === 'used') used.splice(-1, 1, stepOf(event.fact, mark.host));
    }
  }
  return { marks: Object.fromEntries(seen), used, facts };
}

function stepOf({ values }: Fact, host: Milliseconds): UsedStep {
  return { percent: Number(values.percent ?? 100), host, ...guestTimes(values) };
}
