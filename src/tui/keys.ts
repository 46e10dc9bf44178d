// SPDX-License-Identifier: GPL-2.0-only
/** What the table of keys says here and now, and as the table of docs/workbench.md. Pure. */
import { boot } from './panel/boot.ts';
import { everywhere } from './panel/everywhere.ts';
import { flows } from './panel/flows.ts';
import { type Binding, type Place, places, placeWords } from './panel/key.ts';
import { kernels } from './panel/kernels.ts';
import { runs } from './panel/runs.ts';
import { series } from './panel/series.ts';
import { submission } from './panel/submission.ts';
import { text } from './panel/text.ts';
import type { State, View } from './state.ts';

/** The table of keys: footer, help, docs/workbench.md and the keys themselves follow it. */
export const bindings: readonly Binding[] = [
  ...series,
  ...kernels,
  ...flows,
  ...runs,
  ...submission,
  ...boot,
  ...text,
  ...everywhere,
];

/** The places that the keys go to, most special first. */
export function placesOf(state: State): readonly Place[] {
  if (state.focus !== 'main') return [state.focus, 'panel', 'any'];
  const view = state.views.at(-1);
  return [...(view ? [placeOf(view)] : []), 'view', 'any'];
}

const placeOf = (view: View): Place => view.kind;

/** The keys of a binding, those of the user in place of ours. Named 'flows.boot', or 'boot' for it in every place. */
export const keysOf = (binding: Binding, remapped: State['keys']): readonly string[] =>
  remapped[`${binding.place}.${binding.action}`] ?? remapped[binding.action] ?? binding.keys;

/** The bindings that count now, most special first; one that a more special one hides is left out. */
export function activeBindings(state: State): readonly (Binding & { readonly keys: readonly string[] })[] {
  const taken = new Set<string>();
  return placesOf(state).flatMap(place =>
    bindings
      .filter(binding => binding.place === place)
      .flatMap(binding => {
        const free = keysOf(binding, state.keys).filter(key => !taken.has(key));
        free.forEach(key => taken.add(key));
        return free.length > 0 ? [{ ...binding, keys: free }] : [];
      }),
  );
}

const keyNames: Readonly<Record<string, string>> = {
  space: 'Space',
  enter: 'Enter',
  escape: 'Esc',
  tab: 'Tab',
  'S-tab': 'Shift-Tab',
  up: 'Up',
  down: 'Down',
  left: 'Left',
  right: 'Right',
  pagedown: 'PgDn',
  pageup: 'PgUp',
  home: 'Home',
  end: 'End',
  f1: 'F1',
  backspace: 'Backspace',
};

/** 'C-d' as people write it: Ctrl-d. */
export const keyName = (key: string): string => keyNames[key] ?? key.replace(/^C-/, 'Ctrl-');

/** What is wrong with remapped keys, or nothing. @throws never: both front ends word it themselves */
export function unknownActions(remapped: State['keys']): readonly string[] {
  const known = new Set(bindings.flatMap(({ place, action }) => [action, `${place}.${action}`]));
  return Object.keys(remapped).filter(name => !known.has(name));
}

/** The table of docs/workbench.md. */
export function keyTable(): readonly string[] {
  const rows = places.flatMap(place =>
    bindings
      .filter(binding => binding.place === place)
      .map((binding, i) => [
        i === 0 ? placeWords[place] : '',
        binding.keys.map(key => `\`${keyName(key)}\``).join(' '),
        binding.words,
        `\`${binding.action}\``,
      ]),
  );
  const table = [['where', 'keys', 'what', 'name'], ...rows];
  const widths = [0, 1, 2, 3].map(i => Math.max(...table.map(row => row[i]!.length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`;
  return [line(table[0]!), `| ${widths.map(w => '-'.repeat(w)).join(' | ')} |`, ...rows.map(line)];
}
