// SPDX-License-Identifier: GPL-2.0-only
/** A key's meaning as data: where it counts, what it does, in which words, and why not. */
import type { State } from '../state.ts';

/** Where a key means something; the more special place wins. */
export const places = [
  'series',
  'kernels',
  'flows',
  'runs',
  'submission',
  'boot',
  'text',
  'work',
  'panel',
  'view',
  'any',
] as const;
export type Place = (typeof places)[number];

export const placeWords: Readonly<Record<Place, string>> = {
  series: 'Series (panel 1)',
  kernels: 'Kernels (panel 2)',
  flows: 'Flows (panel 3)',
  runs: 'Runs (panel 4)',
  submission: 'Submission (panel 5)',
  boot: 'boot view',
  text: 'text, log, diff, table',
  work: 'build view',
  panel: 'any panel',
  view: 'any view',
  any: 'everywhere',
};

export interface Binding {
  readonly action: string;
  readonly place: Place;
  readonly keys: readonly string[];
  readonly words: string;
  /** Short, for the footer; absent: not shown there. */
  readonly hint?: string;
  /** Why it cannot be done now. */
  readonly blocked?: (state: State) => string | undefined;
}
