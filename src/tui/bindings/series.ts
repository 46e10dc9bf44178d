// SPDX-License-Identifier: GPL-2.0-only
/** Keys of panel 1. */
import { hasSeries, selectedPatch } from '../selection.ts';
import type { Binding } from './binding.ts';
import { withSeries } from './reasons.ts';

export const series: readonly Binding[] = [
  {
    action: 'open',
    place: 'series',
    keys: ['enter'],
    words: 'read the patch, the cover letter, or what the series has',
    hint: 'read',
  },
  {
    action: 'edit-series',
    place: 'series',
    keys: ['e'],
    words: 'edit its commits: a shell in their worktree, made when first asked for',
    hint: 'edit',
    blocked: withSeries,
  },
  {
    action: 'refresh-series',
    place: 'series',
    keys: ['R'],
    words: 'refresh: the commits, written to patches/',
    hint: 'refresh',
    blocked: withSeries,
  },
  {
    action: 'build',
    place: 'series',
    keys: ['b'],
    words: 'build the kernel with this series',
    hint: 'build',
    blocked: withSeries,
  },
  {
    action: 'check',
    place: 'series',
    keys: ['C'],
    words: 'check each patch: builds, messages, checkpatch, boots',
    hint: 'check',
    blocked: withSeries,
  },
  {
    action: 'verify',
    place: 'series',
    keys: ['V'],
    words: 'verify what upstream asked for, by boots',
    hint: 'verify',
    blocked: withSeries,
  },
  {
    action: 'apply',
    place: 'series',
    keys: ['a'],
    words: 'apply the series to its tree',
    blocked: withSeries,
  },
  {
    action: 'diff-series',
    place: 'series',
    keys: ['d'],
    words: 'range-diff against the version before',
    hint: 'diff',
    blocked: withSeries,
  },
  {
    action: 'interdiff',
    place: 'series',
    keys: ['D'],
    words: 'that, and the diff between the files both end in',
    blocked: withSeries,
  },
  { action: 'undo', place: 'series', keys: ['z'], words: 'undo, after a question', blocked: withSeries },
  { action: 'redo', place: 'series', keys: ['Z'], words: 'redo, after a question', blocked: withSeries },
  {
    action: 'edit-file',
    place: 'series',
    keys: ['E'],
    words: 'open the patch file in $EDITOR',
    blocked: state => (selectedPatch(state) ? undefined : 'no patch is selected'),
  },
  {
    action: 'choose-series',
    place: 'series',
    keys: ['space'],
    words: 'use this series for boots and comparisons',
    hint: 'use',
    blocked: state => (hasSeries(state) ? undefined : 'there is no series in patches/'),
  },
];
