// SPDX-License-Identifier: GPL-2.0-only
/** Charts and pictures for a front end: of a sweep as text, to be shown above the table; of its own screen. */
import { barChartText, lineChartText } from '../measure/chart/plain.ts';
export { screenPicture } from '../measure/chart/screen.ts';
import { machinesOf, phaseChart, sizeChart } from '../measure/chart/sweep.ts';
import type { Sweep } from '../measure/sweep.ts';

export const isSweep = (product: unknown): product is { readonly kind: 'sweep'; readonly sweep: Sweep } =>
  typeof product === 'object' && product !== null && (product as { kind?: unknown }).kind === 'sweep';

/** On its first machine: boots against size where there are several, and what a boot of the largest is made of. */
export function sweepCharts(sweep: Sweep, width: number): readonly string[] {
  const machine = machinesOf(sweep)[0];
  if (machine === undefined || sweep.points.length === 0) return [];
  const last = sweep.axes.usedPercent.at(-1);
  const lines = sizeChart(sweep, machine, last ?? 'init');
  const bars = phaseChart(sweep, machine, sweep.axes.sizeBytes.at(-1) ?? 0);
  return [...(lines ? [...lineChartText(lines, width), ''] : []), ...barChartText(bars, width)];
}
