// SPDX-License-Identifier: GPL-2.0-only
/** The phases of a boot as far as it has come, from its events: the same timeline as that of its record. */
import { foldSigns } from '../boot/fold.ts';
import type { WorkEvent } from '../events.ts';
import { type Phase, timelineOf } from '../measure/timeline.ts';

export { type Phase, phases } from '../measure/timeline.ts';

export interface Phases {
  /** Since start_kernel, in millions of instructions or in milliseconds; before it below zero. */
  readonly parts: readonly { readonly phase: Phase; readonly start: number; readonly end: number }[];
}

/** Nothing before its first mark with a clock of the guest. */
export function phasesOf(
  about: { readonly run: string; readonly row: string; readonly flow: string },
  signs: readonly WorkEvent[],
): Phases {
  const folded = foldSigns(signs);
  const entry = folded.marks.kernel;
  const clock = entry?.tsc !== undefined ? 'icount' : entry?.boottime !== undefined ? 'wall' : undefined;
  if (clock === undefined) return { parts: [] };
  const { run, ...row } = about;
  const per = clock === 'icount' ? 1e6 : 1;
  const timeline = timelineOf({ id: run, ...row, clock, ...folded });
  return {
    parts: timeline.phases.map(({ phase, start, end }) => ({ phase, start: start / per, end: end / per })),
  };
}
