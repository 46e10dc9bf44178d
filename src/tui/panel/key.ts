// SPDX-License-Identifier: GPL-2.0-only
/** A key as one value: where it counts, what it does, in which words, and why not. */
import type { State, Updated } from '../state.ts';

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
  /** What it is called where keys are changed: 'boot', or 'flows.boot'. */
  readonly action: string;
  readonly place: Place;
  readonly keys: readonly string[];
  readonly words: string;
  /** Short, for the footer; absent: not shown there. */
  readonly hint?: string;
  /** Why it cannot be done now. */
  readonly blocked?: (state: State) => string | undefined;
  readonly act: (state: State) => Updated;
}

/** The command line with something written already, to be completed or changed. */
export const commandLine = (state: State, text: string): Updated => [
  { ...state, overlay: { kind: 'prompt', what: 'command', label: ':', text, cursor: text.length } },
  [],
];

/** A question; only its key says yes, and then that is run. */
export const asked = (
  state: State,
  lines: readonly string[],
  argv: readonly string[],
  key = 'y',
): Updated => [{ ...state, overlay: { kind: 'question', lines, key, effects: [], argv } }, []];

export const said = (state: State, words: string): Updated => [{ ...state, said: words }, []];

export const toggled = (list: readonly string[], word: string): readonly string[] =>
  list.includes(word) ? list.filter(other => other !== word) : [...list, word];
