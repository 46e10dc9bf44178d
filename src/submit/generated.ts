// SPDX-License-Identifier: GPL-2.0-only
/** The parts of a cover letter that git makes: diffstat, range-diff with the version sent before, and what the series
 *  stands on. */
import { git } from '../host/git.ts';
import type { Tree } from '../tree/tree.ts';
import { wrapText } from './wrap.ts';

/** As git format-patch ends a cover letter with. */
export async function diffstatOfRange(
  repository: string,
  base: string,
  tip: string,
  signal: AbortSignal,
): Promise<string> {
  const words = [
    'diff',
    '--stat=72',
    '--summary',
    '--no-color',
    '--no-ext-diff',
    '--find-renames',
    base,
    tip,
  ];
  return git(repository, words, signal);
}

export interface Range {
  readonly base: string;
  readonly tip: string;
}

/** '1:  8b1f2c1d3e4f = 1:  ...' for each patch, the changed ones with what changed. */
export async function rangeDiff(
  repository: string,
  before: Range,
  now: Range,
  signal: AbortSignal,
): Promise<string> {
  const ranges = [`${before.base}..${before.tip}`, `${now.base}..${now.tip}`];
  const words = [
    '-c',
    'core.abbrev=12',
    'range-diff',
    '--no-color',
    '--no-ext-diff',
    '--no-notes',
    ...ranges,
  ];
  return git(repository, words, signal);
}

/** b4 and git read `base-commit` and `change-id`; a base that nobody can fetch is said in words. */
export function formatBase(
  tree: Pick<Tree, 'commit' | 'treeId' | 'version' | 'source' | 'note'>,
  changeId: string,
): string {
  const base =
    tree.source.kind === 'git'
      ? [`base-commit: ${tree.commit}`]
      : wrapText(
          `base: Linux ${tree.version}, git tree ${tree.treeId}; it ${tree.note ?? 'is no public commit'}`,
        );
  return [...base, `change-id: ${changeId}`].join('\n');
}
