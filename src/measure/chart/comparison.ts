// SPDX-License-Identifier: GPL-2.0-only
/** The chart of a comparison: what each row's boot is made of. */
import type { Comparison } from '../comparison.ts';
import { platformText } from '../platform.ts';
import { rangeOf } from '../spread.ts';
import type { BarChart } from './chart.ts';
import { unitOf } from '../unit.ts';
import { endOf, mebibytes, readingOf } from './sweep.ts';

export function comparisonChart(comparison: Comparison): BarChart {
  const { clock, rows, payload, conditions: c } = comparison;
  const { long: name, per } = unitOf(clock);
  const most = Math.max(0, ...rows.map(row => row.init?.samples.length ?? 0));
  return {
    title: `What a boot is made of, payload ${payload.name} of ${mebibytes(payload.bytes)} MiB`,
    x: `${name} since start_kernel`,
    bars: rows.map(row => {
      const total = row.used ?? row.init;
      if (!row.init || !total) return { name: row.id, parts: [], missing: endOf(row.outcome) };
      return {
        name: row.id,
        parts: [
          { name: 'to /init', value: row.init.median / per },
          ...row.steps.map(({ percent, total: until }, at) => {
            const before = row.steps[at - 1];
            return {
              name: readingOf(percent, before?.percent),
              value: Math.max(0, until.median - (before?.total ?? row.init!).median) / per,
            };
          }),
        ],
        ...(rangeOf(total) > 0 && { low: total.min / per, high: total.max / per }),
      };
    }),
    caption: [
      clock === 'icount'
        ? 'Guest instructions under QEMU icount: they repeat to the last digit and are no time (no caches, no disk, no loader).'
        : "Milliseconds of the guest's CLOCK_BOOTTIME.",
      most > 1
        ? `Median of n = ${most} boots; the caps are the lowest and the highest.`
        : 'n = 1 boot of each row.',
      `Linux ${c.tree} ${c.arch}, ${c.memoryMiB} MiB, ${c.cpus} CPU, ${platformText(c)}.`,
    ],
  };
}
