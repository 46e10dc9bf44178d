// SPDX-License-Identifier: GPL-2.0-only
/** What the signs of a boot add up to: marks, steps of the reading, facts. Pure. */
import type { Fact, Mark, Milliseconds, WorkEvent } from '../events.ts';
import type { BootRun, UsedStep } from './boot.ts';
import { guestTimes } from './console.ts';

export type Folded = Pick<BootRun, 'marks' | 'used' | 'facts'>;
type Passed = NonNullable<BootRun['marks'][Mark]>;

/** Other events are passed over. */
export function foldSigns(events: Iterable<WorkEvent>): Folded {
  const seen = new Map<Mark, Passed>();
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
      if (mark?.host !== undefined && event.fact.name === 'used')
        used.splice(-1, 1, stepOf(event.fact, mark.host));
    }
  }
  const logged = seen.has('stage1') ? undefined : initInLog(facts);
  if (logged && seen.get('init')?.boottime === undefined)
    seen.set('init', { ...seen.get('init'), ...logged });
  return { marks: Object.fromEntries(seen), used, facts };
}

function stepOf({ values }: Fact, host: Milliseconds): UsedStep {
  return { percent: Number(values.percent ?? 100), host, ...guestTimes(values) };
}

const initText = /^Run \S+ as init process$/;
const syncText = /^initbench: sync tsc=(\d+) boottime=(\d+)$/;

/** When the kernel ran an init that has nothing of ours in it: its log says so, if a program of ours got to read it in
 *  the end, and to write down how its stamps go with the other clocks (vm/log.h). Right to a microsecond. */
function initInLog(facts: readonly Fact[]): Passed | undefined {
  const lines = facts.filter(({ name }) => name === 'log').map(({ values }) => values);
  const init = lines.find(({ text = '' }) => initText.test(text));
  const sync = lines.findLast(({ text = '' }) => syncText.test(text));
  if (!init || !sync) return undefined;
  const [, tsc, boottime] = syncText.exec(sync.text!)!;
  const before = Math.round((Number(sync.at) - Number(init.at)) * 1e9);
  return { tsc: Number(tsc) - before, boottime: Number(boottime) - before };
}
