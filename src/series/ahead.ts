// SPDX-License-Identifier: GPL-2.0-only
/** What a person has committed to a series and patches/ does not have yet: kernels are made from patches/. */
import { z } from 'zod';
import { list, object, text } from '../document.ts';
import type { Work } from '../events.ts';
import { exists } from '../host/files.ts';
import { git } from '../host/git.ts';
import { refs, refsAt } from '../tree/repository.ts';
import { folders, notMade, type Workspace } from '../workspace.ts';
import { type Pair, parsePairs, type Range, rangeDiffOf } from './diff.ts';
import { editedRange, patchRange, readRecord, type SeriesRecord } from './record.ts';
import { refreshSeries } from './refresh.ts';
import type { Series } from './series.ts';
import { uncommittedOf, uncommittedText } from './uncommitted.ts';

/** Patches of the branch that differ from patches/, in the order of the branch. */
export const aheadSchema = list(
  object({ subject: text, how: z.enum(['changed', 'new', 'dropped', 'moved']) }),
);
export type Ahead = z.infer<typeof aheadSchema>;

const words = { '!': 'changed', '>': 'new', '<': 'dropped' } as const;

/** A patch that was rewritten so far that range-diff takes it for two is still one, by its subject. */
export function aheadOf(pairs: readonly Pair[]): Ahead {
  const added = new Set(pairs.filter(({ sign }) => sign === '>').map(({ subject }) => subject));
  const dropped = pairs.filter(({ sign }) => sign === '<').map(({ subject }) => subject);
  const rewritten = new Set(dropped.filter(subject => added.has(subject)));
  const differing = pairs.flatMap(({ sign, subject }): Ahead => {
    if (sign === '=' || (sign === '<' && rewritten.has(subject))) return [];
    return [{ how: rewritten.has(subject) ? 'changed' : words[sign], subject }];
  });
  if (differing.length > 0) return differing;
  return pairs.flatMap(({ from, to, subject }): Ahead => (from === to ? [] : [{ how: 'moved', subject }]));
}

/** '1 changed ("init: add new"), 2 new ("init: more", "init: yet more")' */
export function formatAhead(ahead: Ahead): string {
  return (['changed', 'new', 'dropped', 'moved'] as const)
    .flatMap(word => {
      const subjects = ahead.filter(({ how }) => how === word).map(({ subject }) => `"${subject}"`);
      const more = subjects.length > 3 ? `, and ${subjects.length - 3} more` : '';
      return subjects.length === 0
        ? []
        : `${subjects.length} ${word} (${subjects.slice(0, 3).join(', ')}${more})`;
    })
    .join(', ');
}

/** Whether the branch has moved since patches/ was written; a branch in the user's clone is read there. */
async function hasMoved(
  workspace: Workspace,
  series: string,
  { source }: SeriesRecord,
  signal: AbortSignal,
): Promise<boolean> {
  // A clone that is gone has nothing new.
  if (source.kind === 'tracked' && !(await exists(source.path))) return false;
  const names = [refs.edited(series, 'refreshed'), refs.branch(series)];
  const [refreshed, branch] = await refsAt(workspace, names, signal);
  return (source.kind === 'own' ? branch : await trackedTip(source, signal)) !== refreshed;
}

async function trackedTip(
  source: SeriesRecord['source'] & { kind: 'tracked' },
  signal: AbortSignal,
): Promise<string | null> {
  const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${source.branch}^{commit}`];
  return (await git(source.path, args, signal, { accept: [1] })) || null;
}

/** Tells what the branch of a series has that `written`, the commits made of its patches, does not. */
export async function* tellAhead(
  workspace: Workspace,
  series: Series,
  written: Range,
  signal: AbortSignal,
): Work<void> {
  const { name } = series;
  const record = await readRecord(workspace, name);
  if (!record) return;
  const about = { job: `series ${name}`, type: 'notice', level: 'warning' } as const;
  if (await hasMoved(workspace, name, record, signal)) {
    const what = await difference(workspace, series, record, written, signal);
    const end = `the kernel is made from patches/${name}; --refresh writes the branch there first`;
    if (what !== undefined) yield { ...about, message: `${what}: ${end}` };
  }
  const left = uncommittedText(await uncommittedOf(workspace, name, record, signal));
  if (left !== undefined) {
    yield { ...about, message: `not in any commit of ${name}, so not in its kernel: ${left}` };
  }
}

async function difference(
  workspace: Workspace,
  { name, tree }: Series,
  record: SeriesRecord,
  written: Range,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { source } = record;
  if (source.kind === 'tracked') {
    return `${source.branch} of ${source.path} has moved since patches/${name} was written`;
  }
  const repository = folders.repository(workspace);
  const branch = await patchRange(repository, await editedRange(workspace, name, record, signal), signal);
  // A dry run has no commits of a series that was never applied.
  if (branch.tip === written.tip || written.tip === notMade) return undefined;
  const ahead = aheadOf(parsePairs(await rangeDiffOf(repository, written, branch, signal)));
  if (ahead.length > 0) return `series/${name} is ahead of patches/${name}: ${formatAhead(ahead)}`;
  return record.tree === tree
    ? undefined
    : `series/${name} is on ${record.tree}, patches/${name} is for ${tree}`;
}

/** Writes the branch to patches/ when it has moved since; a dry run says that it would. @throws UserError as refreshSeries() */
export async function* refreshAhead(workspace: Workspace, series: string, signal: AbortSignal): Work<void> {
  const record = await readRecord(workspace, series);
  if (!record || !(await hasMoved(workspace, series, record, signal))) return;
  if (workspace.dryRun) {
    yield { job: `series ${series}`, type: 'step', step: `write to patches/${series}`, state: 'planned' };
    return;
  }
  const { written, removed } = yield* refreshSeries(workspace, series, { overwrite: false }, signal);
  if (written.length + removed.length === 0) return;
  const message = `the branch was written to patches/${series}: ${[...written, ...removed.map(file => `${file} removed`)].join(', ')}`;
  yield { job: `series ${series}`, type: 'notice', level: 'info', message };
}
