// SPDX-License-Identifier: GPL-2.0-only
/** A series that is edited in the user's own clone: the branch is read and its commits are copied; the clone is never
 *  written, and nothing that its configuration names runs. */
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import type { z } from 'zod';
import { object, text, texts } from '../document.ts';
import type { Work } from '../events.ts';
import { ToolError, UserError } from '../host/errors.ts';
import { withLock } from '../host/files.ts';
import { git, gitWork } from '../host/git.ts';
import { openRepository, refAt, refs } from '../tree/repository.ts';
import type { Tree } from '../tree/tree.ts';
import { addTree, checkTreeName, listTrees } from '../tree/trees.ts';
import type { Workspace } from '../workspace.ts';
import { fileName } from './change.ts';
import { perform, withSeries } from './operations.ts';
import { isSeriesName } from './read.ts';
import { commitsBetween, readRecord, recordBytes, type SeriesRecord, seriesRecordSchema } from './record.ts';

export const trackedSchema = object({
  series: text,
  record: seriesRecordSchema,
  base: text,
  tip: text,
  commits: texts,
});
export type Tracked = z.infer<typeof trackedSchema>;

export interface TrackRequest {
  readonly path: string;
  readonly branch: string;
  readonly base: string;
  /** Default: the branch's last word. */
  readonly name?: string | undefined;
}

/** @throws UserError when it is not a clone, there is no such revision, or the branch is no line of commits on it */
export async function* trackSeries(
  workspace: Workspace,
  request: TrackRequest,
  signal: AbortSignal,
): Work<Tracked> {
  const clone = await realpath(request.path).catch(() => {
    throw new UserError(`there is no ${request.path}`, { hint: 'name a git clone on this machine' });
  });
  const { branch, base } = request;
  const series =
    request.name ??
    branch
      .replace(/^refs\/heads\//, '')
      .split('/')
      .at(-1)!;
  if (!isSeriesName(series)) {
    throw new UserError(`'${series}' cannot be the name of a series`, {
      hint: 'give one with --name: letters, digits, dots and dashes',
    });
  }
  return yield* withSeries(workspace, series, signal, async function* (): Work<Tracked> {
    const before = await readRecord(workspace, series);
    if (before?.source.kind === 'own') {
      throw new UserError(`${series} is edited on initbench's own branch`, {
        hint: `choose another name with --name, or end that with initbench series undo ${series}`,
      });
    }
    const kept = before?.digest === undefined ? {} : { digest: before.digest };
    const source = { kind: 'tracked', path: clone, branch, base } as const;
    return yield* follow(workspace, series, { tree: '', source, ...kept }, signal);
  });
}

/** The branch as it is now. Within withSeries(). */
export async function* fetchTracked(
  workspace: Workspace,
  series: string,
  signal: AbortSignal,
): Work<SeriesRecord> {
  const record = (await readRecord(workspace, series))!;
  return (yield* follow(workspace, series, record, signal)).record;
}

async function* follow(
  workspace: Workspace,
  series: string,
  old: SeriesRecord,
  signal: AbortSignal,
): Work<Tracked> {
  if (old.source.kind !== 'tracked') throw new Error(`${series} is not tracked`);
  const { path: clone, branch, base: baseName } = old.source;
  const job = `series ${series}`;
  const base = await revision(clone, baseName, signal);
  const tip = await revision(clone, branch, signal);
  const commits = await commitsBetween(clone, base, tip, signal);
  if (commits.length === 0) {
    throw new UserError(`${branch} of ${clone} has no commit on ${baseName}`, {
      hint: 'name the commit that the first patch sits on with --base',
    });
  }
  const repository = yield* openRepository(job, workspace, signal);
  const tree = yield* treeAt(workspace, series, clone, base, signal);
  if ((await refAt(workspace, refs.edited(series, 'tracked'), signal)) !== tip) {
    const fetch = ['fetch', '--no-tags', '--no-write-fetch-head', '--force', '--progress', '--', clone];
    yield* withLock(repository, signal, () =>
      gitWork(repository, [...fetch, `${tip}:${refs.edited(series, 'tracked')}`], { job, signal }),
    );
  }
  const record = { ...old, tree: tree.name };
  const target = {
    refs: { [refs.edited(series, 'base')]: base, [refs.edited(series, 'tracked')]: tip },
    files: { [fileName.record(series)]: recordBytes(record) },
  };
  yield* perform(workspace, series, `follow ${branch}`, target, signal);
  return { series, record, base, tip, commits };
}

/** The tree that is this commit, or a new one named after the series. */
async function* treeAt(
  workspace: Workspace,
  series: string,
  clone: string,
  commit: string,
  signal: AbortSignal,
): Work<Tree> {
  const known = (await listTrees(workspace)).find(tree => tree.commit === commit);
  if (known) return known;
  const name = `${series}-${commit.slice(0, 7)}`;
  checkTreeName(name);
  return yield* addTree(workspace, name, { kind: 'git', location: clone, revision: commit }, signal);
}

async function revision(clone: string, name: string, signal: AbortSignal): Promise<string> {
  try {
    return await git(clone, ['rev-parse', '--verify', '--end-of-options', `${name}^{commit}`], signal);
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    const line = error.lastLines.find(text => text.startsWith('fatal: ')) ?? error.message;
    throw new UserError(`cannot read ${name} of ${clone}: ${line.replace('fatal: ', '')}`, {
      hint: line.includes('dubious ownership')
        ? `it belongs to another user: git config --global --add safe.directory ${clone}`
        : `git -C ${path.basename(clone)} branch lists the branches; the base is a commit, a tag or a branch`,
    });
  }
}
