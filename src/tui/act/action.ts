// SPDX-License-Identifier: GPL-2.0-only
/** Actions by the names the key table calls them; what several of them are made of. Pure. */
import type { State, Updated } from '../state.ts';

export type Actions = Readonly<Record<string, (state: State) => Updated>>;

/** The command line with something written already, to be completed or changed. */
export const commandLine = (state: State, text: string): Updated => [
  { ...state, overlay: { kind: 'prompt', what: 'command', label: ':', text, cursor: text.length } },
  [],
];

export const toggled = (list: readonly string[], word: string): readonly string[] =>
  list.includes(word) ? list.filter(other => other !== word) : [...list, word];
