// SPDX-License-Identifier: GPL-2.0-only
/** The lines of a text view, wherever they come from. Pure. */
import { isSweep, sweepCharts } from '../commands/charts.ts';
import { layoutOf } from './layout.ts';
import type { State, View } from './state.ts';

const none: readonly string[] = [];

/** Products are worded by their command for the width there is; kept until either changes. */
const worded = new WeakMap<object, { readonly width: number; readonly lines: readonly string[] }>();

export function linesOf(state: State, view: View & { kind: 'text' }): readonly string[] {
  if (view.source.kind === 'lines') return view.source.lines;
  if (view.source.kind === 'file') return view.lines ?? none;
  const id = view.source.job;
  const job = state.jobs.find(candidate => candidate.id === id);
  if (!job?.command || job.product === undefined) return none;
  const width = layoutOf(state).main.width;
  const known = worded.get(job);
  if (known?.width === width) return known.lines;
  const table = job.command.text(job.product, Math.max(width, 80));
  const lines = isSweep(job.product) ? [...sweepCharts(job.product.sweep, width), '', ...table] : table;
  worded.set(job, { width, lines });
  return lines;
}
