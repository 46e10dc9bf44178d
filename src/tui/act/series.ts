// SPDX-License-Identifier: GPL-2.0-only
/** What the keys of panels 1 and 2 do: series, kernels, fragments, trees. Pure. */
import { run } from '../run.ts';
import { selectedKernel, selectedSeries } from '../selection.ts';
import type { State, Updated } from '../state.ts';
import { type Actions, commandLine, toggled } from './action.ts';

function asked(state: State, question: string, verb: string): Updated {
  const series = chosen(state);
  const argv = ['series', verb, series];
  return [
    {
      ...state,
      overlay: { kind: 'question', lines: [`${question} ${series}?`], key: 'y', effects: [], argv },
    },
    [],
  ];
}

const chosen = (state: State) => {
  const item = selectedSeries(state);
  return item?.series.name ?? state.settings.series;
};

export const series: Actions = {
  'choose-series': state => [{ ...state, settings: { ...state.settings, series: chosen(state) } }, []],
  apply: state => run(state, [['series', 'apply', chosen(state)]]),
  check: state => run(state, [['series', 'check', chosen(state)]]),
  verify: state => run(state, [['series', 'verify', chosen(state)]]),
  'edit-series': state => run(state, [['series', 'edit', chosen(state)]], { kind: 'shell' }),
  'refresh-series': state => run(state, [['series', 'refresh', chosen(state)]]),
  'diff-series': state => run(state, [['series', 'diff', chosen(state)]]),
  interdiff: state => run(state, [['series', 'diff', chosen(state), '--interdiff']]),
  undo: state => asked(state, 'Undo what last moved the branch or wrote the patches of', 'undo'),
  redo: state => asked(state, 'Redo what was undone of', 'redo'),
  build: state => {
    const fragments = state.settings.fragments.flatMap(name => ['--config', name]);
    if (state.focus === 'series') return run(state, [['build', chosen(state), ...fragments]]);
    const item = selectedKernel(state);
    if (item?.kind !== 'kernel')
      return [{ ...state, said: 'choose a kernel: base, or a series, of a tree' }, []];
    return run(state, [['build', item.name, '--tree', item.tree, ...fragments]]);
  },
  'toggle-fragment': state => {
    const item = selectedKernel(state);
    if (item?.kind !== 'fragment') return [state, []];
    if (item.always)
      return [{ ...state, said: `${item.name} is in every kernel: initbench.toml says so` }, []];
    const fragments = toggled(state.settings.fragments, item.name);
    return [{ ...state, settings: { ...state.settings, fragments } }, []];
  },
  'add-tree': state => commandLine(state, 'tree add '),
  'remove-tree': state => {
    const item = selectedKernel(state);
    if (item?.kind !== 'tree') return [state, []];
    const lines = [`Remove the tree ${item.name}, its worktrees and what was built in them?`];
    const argv = ['tree', 'remove', item.name];
    return [{ ...state, overlay: { kind: 'question', lines, key: 'y', effects: [], argv } }, []];
  },
};
