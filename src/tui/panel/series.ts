// SPDX-License-Identifier: GPL-2.0-only
/** Panel 1: the keys of series and their patches. */
import { run } from '../run.ts';
import { hasSeries, selectedPatch, selectedSeries } from '../selection.ts';
import type { State, Updated } from '../state.ts';
import { openFile } from '../views.ts';
import { asked, type Binding } from './key.ts';
import { withSeries } from './reasons.ts';

export const series: readonly Binding[] = [
  {
    action: 'open',
    place: 'series',
    keys: ['enter'],
    words: 'read the patch, the cover letter, or what the series has',
    hint: 'read',
    act: read,
  },
  {
    action: 'edit-series',
    place: 'series',
    keys: ['e'],
    words: 'edit its commits: a shell in their worktree, made when first asked for',
    hint: 'edit',
    blocked: withSeries,
    act: state => run(state, [['series', 'edit', chosen(state)]], { kind: 'shell' }),
  },
  {
    action: 'refresh-series',
    place: 'series',
    keys: ['R'],
    words: 'refresh: the commits, written to patches/',
    hint: 'refresh',
    blocked: withSeries,
    act: verb('refresh'),
  },
  {
    action: 'build',
    place: 'series',
    keys: ['b'],
    words: 'build the kernel with this series',
    hint: 'build',
    blocked: withSeries,
    act: build,
  },
  {
    action: 'check',
    place: 'series',
    keys: ['C'],
    words: 'check each patch: builds, messages, checkpatch, boots',
    hint: 'check',
    blocked: withSeries,
    act: verb('check'),
  },
  {
    action: 'verify',
    place: 'series',
    keys: ['V'],
    words: 'verify what upstream asked for, by boots',
    hint: 'verify',
    blocked: withSeries,
    act: verb('verify'),
  },
  {
    action: 'apply',
    place: 'series',
    keys: ['a'],
    words: 'apply the series to its tree',
    blocked: withSeries,
    act: verb('apply'),
  },
  {
    action: 'diff-series',
    place: 'series',
    keys: ['d'],
    words: 'range-diff against the version before',
    hint: 'diff',
    blocked: withSeries,
    act: verb('diff'),
  },
  {
    action: 'interdiff',
    place: 'series',
    keys: ['D'],
    words: 'that, and the diff between the files both end in',
    blocked: withSeries,
    act: verb('diff', '--interdiff'),
  },
  {
    action: 'undo',
    place: 'series',
    keys: ['z'],
    words: 'undo, after a question',
    blocked: withSeries,
    act: question('Undo what last moved the branch or wrote the patches of', 'undo'),
  },
  {
    action: 'redo',
    place: 'series',
    keys: ['Z'],
    words: 'redo, after a question',
    blocked: withSeries,
    act: question('Redo what was undone of', 'redo'),
  },
  {
    action: 'edit-file',
    place: 'series',
    keys: ['E'],
    words: 'open the patch file in $EDITOR',
    blocked: state => (selectedPatch(state) ? undefined : 'no patch is selected'),
    act: edit,
  },
  {
    action: 'choose-series',
    place: 'series',
    keys: ['space'],
    words: 'use this series for boots and comparisons',
    hint: 'use',
    blocked: state => (hasSeries(state) ? undefined : 'there is no series in patches/'),
    act: state => [{ ...state, settings: { ...state.settings, series: chosen(state) } }, []],
  },
];

const chosen = (state: State): string => selectedSeries(state)?.series.name ?? state.settings.series;

function verb(name: string, ...options: readonly string[]) {
  return (state: State): Updated => run(state, [['series', name, chosen(state), ...options]]);
}

function question(words: string, name: string) {
  return (state: State): Updated =>
    asked(state, [`${words} ${chosen(state)}?`], ['series', name, chosen(state)]);
}

function read(state: State): Updated {
  const item = selectedSeries(state);
  if (!item) return [state, []];
  if (item.kind === 'series') return run(state, [['series', 'show', item.series.name]]);
  return item.kind === 'patch'
    ? openFile(state, item.patch.path, 'diff')
    : openFile(state, item.path, 'mail');
}

function build(state: State): Updated {
  const fragments = state.settings.fragments.flatMap(name => ['--config', name]);
  return run(state, [['build', chosen(state), ...fragments]]);
}

function edit(state: State): Updated {
  const file = selectedPatch(state);
  return [state, file === undefined ? [] : [{ type: 'edit', path: file }]];
}
