// SPDX-License-Identifier: GPL-2.0-only
/** A boot as far as it has come, from its events: the same figures and the same timeline as those of its record. */
import { foldSigns } from '../boot/fold.ts';
import type { Instructions, Outcome, WorkEvent } from '../events.ts';
import { type RunFigures, runFigures } from '../measure/figures.ts';
import { type Timeline, timelineOf } from '../measure/timeline.ts';

export type { RunFigures } from '../measure/figures.ts';
export { type Phase, phases } from '../measure/timeline.ts';

export interface Live {
  readonly figures: RunFigures;
  readonly phases: Timeline['phases'];
}

/** `outcome` is absent while it runs. Before the kernel is entered there are no figures, and no clock either. */
export function liveOf(
  boot: { readonly run: string; readonly row: string; readonly flow: string },
  signs: readonly WorkEvent[],
  ended: { readonly outcome?: Outcome | undefined; readonly icount?: Instructions | undefined } = {},
): Live {
  const folded = foldSigns(signs);
  const { kernel } = folded.marks;
  const clock = kernel?.boottime === undefined ? 'icount' : 'wall';
  const { run: id, row, flow } = boot;
  const measurable = { ...folded, clock, ...ended } as const;
  const { phases } = timelineOf({ id, row, flow, ...measurable });
  return { figures: runFigures(measurable), phases };
}
