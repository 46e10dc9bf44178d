// SPDX-License-Identifier: GPL-2.0-only
/** Where the commits of a bisection come from: the patches of a series, or a history in a clone of the user's, which is
 *  only read; each commit that is looked at is copied. */
import path from 'node:path';
import type { Work } from '../../events.ts';
import { ToolError, UserError } from '../../host/errors.ts';
import { withLock } from '../../host/files.ts';
import { git, gitWork } from '../../host/git.ts';
import { commitSeries } from '../../series/apply.ts';
import { readSeries } from '../../series/read.ts';
import { fetchArgv, fetchedRef } from '../../tree/fetch.ts';
import { parseKernelVersion } from '../../tree/makefile.ts';
import { fileAt, openRepository } from '../../tree/repository.ts';
import type { Tree } from '../../tree/tree.ts';
import { prepareTree } from '../../tree/trees.ts';
import { folders, type Workspace } from '../../workspace.ts';
import { type History, lineOf } from './search.ts';

export interface Subjects {
  readonly history: History;
  /** Short name and subject of a commit: '0003', 'init: add new'. */
  about(commit: string): { readonly label: string; readonly subject: string };
  /** The tree to build a commit as. */
  treeAt(commit: string): Work<Tree>;
  readonly worktree: string;
}

/** Over the patches: 0 is the tree without them, 3 or 0003 the third one put on.
 *  @throws UserError when the series does not apply or there is no such patch */
export async function* seriesHistory(
  workspace: Workspace,
  name: string,
  ends: { readonly good: string | undefined; readonly bad: string | undefined; readonly tree?: string },
  signal: AbortSignal,
): Work<Subjects> {
  const series = await readSeries(workspace, name);
  const tree = yield* prepareTree(workspace, ends.tree ?? series.tree, signal);
  const commits = yield* commitSeries(workspace, tree, series, signal);
  if ('kind' in commits) {
    throw new UserError(`${name} does not apply to ${tree.name}: ${commits.patch}`, {
      hint: `initbench series apply ${name} shows more`,
      exitCode: 3,
    });
  }
  const all = [tree.commit, ...commits];
  const numberOf = (word: string | undefined, otherwise: number): number => {
    if (word === undefined) return otherwise;
    const number = /^\d{1,4}$/.test(word)
      ? Number(word)
      : series.patches.findIndex(({ file }) => file === word) + 1;
    if (number >= 0 && number < all.length && (number > 0 || /^0+$/.test(word))) return number;
    throw new UserError(`'${word}' is no patch of ${name}`, {
      hint: `0 is the tree without the series, ${series.patches.length} the last patch`,
    });
  };
  const [good, bad] = [numberOf(ends.good, 0), numberOf(ends.bad, commits.length)];
  if (good >= bad) {
    throw new UserError(`patch ${good} does not come before patch ${bad}`, {
      hint: '--good names the earlier one',
    });
  }
  return {
    history: lineOf(all.slice(good, bad + 1)),
    about(commit) {
      const number = all.indexOf(commit);
      return {
        label: String(number).padStart(4, '0'),
        subject: number === 0 ? `${tree.name} without the series` : series.patches[number - 1]!.subject,
      };
    },
    async *treeAt(commit) {
      return { ...tree, commit };
    },
    worktree: `bisect-${name}`,
  };
}

/** The tree that commits of a clone are built as. */
export const bisectTree = 'bisect';

/** Over a history. @throws UserError when a revision is not there, or `bad` is not made on `good` */
export async function* cloneHistory(
  workspace: Workspace,
  clone: string,
  ends: { readonly good: string; readonly bad: string },
  signal: AbortSignal,
): Work<Subjects> {
  const [good, bad] = [await revision(clone, ends.good, signal), await revision(clone, ends.bad, signal)];
  const range = ['rev-list', '--topo-order', '--reverse', '--parents', '--format=%s', bad, `^${good}`];
  const lines = (await git(clone, range, signal)).split('\n').filter(Boolean);
  const parents = new Map<string, readonly string[]>([[good, []]]);
  const subjects = new Map<string, string>([[good, ends.good]]);
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const [commit, ...made] = lines[at]!.replace(/^commit /, '').split(' ');
    parents.set(commit!, made);
    subjects.set(commit!, lines[at + 1]!);
  }
  const commits = [...parents.keys()];
  const whole = new Set(commits);
  for (const [commit, list] of parents) {
    parents.set(
      commit,
      list.filter(each => whole.has(each)),
    );
  }
  if (commits.length < 2 || ![...parents.values()].some(list => list.includes(good))) {
    throw new UserError(`${ends.bad} is not made on ${ends.good}`, {
      hint: '--good names the older commit, an ancestor of --bad',
    });
  }
  return {
    history: { commits, parents },
    about: commit => ({ label: commit.slice(0, 12), subject: subjects.get(commit) ?? '' }),
    treeAt: commit => copyCommit(workspace, clone, commit, signal),
    worktree: 'base',
  };
}

/** One commit of a clone as a tree: its files and nothing of its history. */
export async function* copyCommit(
  workspace: Workspace,
  clone: string,
  commit: string,
  signal: AbortSignal,
): Work<Tree> {
  const job = `commit ${commit.slice(0, 12)}`;
  const repository = yield* openRepository(job, workspace, signal);
  const ref = `refs/initbench/bisect/${commit}`;
  const there = await git(repository, ['rev-parse', '--verify', '--quiet', ref], signal, { accept: [1] });
  if (!there) {
    yield* withLock(repository, signal, () => gitWork(repository, fetchArgv(clone, commit), { job, signal }));
    const input = `update ${ref} ${commit}\ndelete ${fetchedRef}\n`;
    await git(repository, ['update-ref', '--stdin'], signal, { input });
  }
  const version = parseKernelVersion((await fileAt(repository, commit, 'Makefile', signal)) ?? '');
  if (version === undefined) {
    throw new UserError(`${commit.slice(0, 12)} of ${clone} is not a kernel: its Makefile has no VERSION`, {
      hint: 'run it in a clone of the kernel, or name one with --clone',
    });
  }
  const treeId = await git(repository, ['rev-parse', `${commit}^{tree}`], signal);
  const source = { kind: 'git', location: clone, revision: commit } as const;
  return { name: bisectTree, version, commit, treeId, source };
}

/** The copies that a bisection made are no longer kept; what is not in use goes with the next `tree remove`. */
export async function forgetCopies(workspace: Workspace, signal: AbortSignal): Promise<void> {
  const repository = folders.repository(workspace);
  const list = await git(
    repository,
    ['for-each-ref', '--format=delete %(refname)', 'refs/initbench/bisect'],
    signal,
  );
  if (list !== '') await git(repository, ['update-ref', '--stdin'], signal, { input: `${list}\n` });
}

export async function revision(clone: string, name: string, signal: AbortSignal): Promise<string> {
  try {
    return await git(clone, ['rev-parse', '--verify', '--end-of-options', `${name}^{commit}`], signal);
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    throw new UserError(`there is no ${name} in ${path.resolve(clone)}`, {
      hint: 'name a commit of the clone (--clone PATH), or patches of a series with --series',
    });
  }
}
