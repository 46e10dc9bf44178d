// SPDX-License-Identifier: GPL-2.0-only
/** What the keys of panel 4 do. Pure. */
import { run } from '../run.ts';
import { runItems, selectedRun } from '../selection.ts';
import { moveBy } from '../views.ts';
import type { State } from '../state.ts';
import { type Actions, toggled } from './action.ts';

/** The two that are marked, the earlier first; else the selected one and the run of the same row before it. */
function runsToDiff(state: State): readonly (string | undefined)[] {
  if (state.markedRuns.length === 2) return [...state.markedRuns].sort();
  const item = selectedRun(state);
  const items = runItems(state);
  const at = items.findIndex(other => other.run === item?.run);
  return [items.slice(at + 1).find(other => other.key === item?.key)?.run, item?.run];
}

export const runs: Actions = {
  show: state => {
    const item = selectedRun(state);
    return item ? run(state, [['show', item.run]]) : [state, []];
  },
  'mark-run': state => {
    const item = selectedRun(state);
    if (!item) return [state, []];
    return [moveBy({ ...state, markedRuns: toggled(state.markedRuns, item.run).slice(-2) }, 'down'), []];
  },
  'diff-runs': state => {
    const [before, after] = runsToDiff(state);
    if (before === undefined || after === undefined) {
      return [{ ...state, said: 'there is no earlier run of this row; mark two with Space' }, []];
    }
    return run(state, [['diff', before, after]]);
  },
};
