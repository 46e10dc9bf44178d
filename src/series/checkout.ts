// SPDX-License-Identifier: GPL-2.0-only
/** The worktree in which a person edits a series: a branch of initbench's repository, checked out apart from those that
 *  are built, under the state and not the cache. Any git tool works there; initbench moves it only when it is clean. */
import { readdir, readFile, readlink, realpath, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Work } from '../events.ts';
import { exitCodes, UserError } from '../host/errors.ts';
import { exists, requireSpace, scratchFolder, writeWhole } from '../host/files.ts';
import { adminFolderOf, branchOf, git, gitWork, ownConfigOnly } from '../host/git.ts';
import { changedCopies, openIgnores, restoreIgnores } from '../tree/ignores.ts';
import { archiveIdentity } from '../tree/import.ts';
import { type IgnoreRule, newFiles } from '../tree/newfiles.ts';
import { refs } from '../tree/repository.ts';
import { step } from '../tree/step.ts';
import { checkoutBytes } from '../tree/worktree.ts';
import { folders, type Workspace } from '../workspace.ts';

export const checkoutPath = (workspace: Workspace, series: string): string =>
  path.join(folders.series(workspace), series, 'linux');

/** Lies beside the worktree while it is being made: what is there then is nobody's work. */
const unfinished = (workspace: Workspace, series: string) =>
  path.join(folders.series(workspace), series, 'unfinished');

export async function hasCheckout(workspace: Workspace, series: string): Promise<boolean> {
  return (
    (await exists(path.join(checkoutPath(workspace, series), '.git'))) &&
    !(await exists(unfinished(workspace, series)))
  );
}

/** The worktree on the series' branch, made when it is not there. */
export async function* openCheckout(workspace: Workspace, series: string, signal: AbortSignal): Work<string> {
  const target = checkoutPath(workspace, series);
  if (!(await hasCheckout(workspace, series))) yield* makeCheckout(workspace, series, signal);
  const rules = await openCheckoutIgnores(workspace, series, signal);
  for (const { file, line, pattern } of rules) {
    const message = `line ${line} of the tree's ${file}, '${pattern}', hides new files: it is a comment in ${target}, in a copy that git does not commit`;
    yield { job: `series ${series}`, type: 'notice', level: 'info', message };
  }
  return target;
}

async function* makeCheckout(workspace: Workspace, series: string, signal: AbortSignal): Work<void> {
  const target = checkoutPath(workspace, series);
  const repository = folders.repository(workspace);
  const job = `series ${series}`;
  const branch = refs.branch(series);
  await requireSpace(workspace.state, await checkoutBytes(repository, branch, signal), 'the worktree');
  await writeWhole(unfinished(workspace, series), '');
  await rm(target, { recursive: true, force: true });
  yield* step(job, 'check out', async function* (): Work<void> {
    yield* gitWork(repository, ['worktree', 'prune'], { job, signal });
    const add = ['worktree', 'add', '--force', '--force', '--no-checkout', '--quiet'];
    yield* gitWork(repository, [...add, target, branch.slice('refs/heads/'.length)], { job, signal });
    const reading = ['read-tree', '--reset', '-u', '-v', branch];
    yield* gitWork(target, reading, { job, signal, env: ownConfigOnly });
    // A log that is there is written, whatever core.logAllRefUpdates says: a person's way back.
    await writeWhole(path.join(await adminFolderOf(target), 'logs', 'HEAD'), '');
    await writeWhole(path.join(repository, 'logs', branch), '');
  });
  await rm(unfinished(workspace, series));
}

/** New files are seen by git in the worktree, whatever the tree ignores; an ignore file that the series itself changes
 *  stays as it is. Undone by restoreIgnores() before git moves the worktree. */
export async function openCheckoutIgnores(
  workspace: Workspace,
  series: string,
  signal: AbortSignal,
): Promise<readonly IgnoreRule[]> {
  const repository = folders.repository(workspace);
  const commits = `${refs.edited(series, 'base')}..${refs.branch(series)}`;
  const edited = async (file: string) =>
    (await git(repository, ['rev-list', '--max-count=1', commits, '--', file], signal)) !== '';
  return await openIgnores(checkoutPath(workspace, series), edited, signal);
}

export interface CheckoutState {
  /** The branch that HEAD names; undefined: none, as in the middle of a rebase. */
  readonly branch: string | undefined;
  /** Tracked files that differ from the commit. */
  readonly changed: readonly string[];
  readonly rebasing: boolean;
}

/** How a person left the worktree; new files are newFiles(). */
export async function checkoutState(
  workspace: Workspace,
  series: string,
  signal: AbortSignal,
): Promise<CheckoutState> {
  const target = checkoutPath(workspace, series);
  const status = ['status', '--porcelain=v1', '-z', '--no-renames', '--untracked-files=no'];
  const env = { ...ownConfigOnly, GIT_OPTIONAL_LOCKS: '1' };
  const differing = (await git(target, status, signal, { env }))
    .split('\0')
    .filter(Boolean)
    .map(line => line.slice(3));
  return {
    branch: await branchOf(target),
    changed: [...differing, ...(await changedCopies(target, signal))],
    rebasing: await isRebasing(target),
  };
}

/** HEAD names the branch again, where it is on the branch's commit without it: the end of a rebase. */
export async function attach(workspace: Workspace, series: string, signal: AbortSignal): Promise<void> {
  const target = checkoutPath(workspace, series);
  const branch = refs.branch(series);
  if ((await branchOf(target)) !== undefined || (await isRebasing(target))) return;
  const tips = await git(target, ['rev-parse', 'HEAD', branch], signal);
  const [head, tip] = tips.split('\n');
  if (head === tip) await git(target, ['symbolic-ref', '-m', 'initbench', 'HEAD', branch], signal);
}

/** Whether a rebase waits there for a person. */
export async function isRebasing(target: string): Promise<boolean> {
  const admin = await adminFolderOf(target);
  return (await exists(path.join(admin, 'rebase-merge'))) || (await exists(path.join(admin, 'rebase-apply')));
}

/** @throws UserError when a person is in the middle of something there; new files count where they would be removed */
export async function requireCleanCheckout(
  workspace: Workspace,
  series: string,
  signal: AbortSignal,
  { removed = false } = {},
): Promise<void> {
  if (!(await hasCheckout(workspace, series))) return;
  const target = checkoutPath(workspace, series);
  await attach(workspace, series, signal);
  const { branch, changed, rebasing } = await checkoutState(workspace, series, signal);
  if (rebasing) {
    throw new UserError(`a rebase of ${series} is not finished`, {
      hint: `resolve it in ${target}, then initbench series rebase ${series} --continue, or --abort`,
      exitCode: exitCodes.conflict,
    });
  }
  if (branch !== refs.branch(series)) {
    throw new UserError(
      `${target} is on ${branch ?? 'no branch'}, not on ${refs.branch(series).slice('refs/heads/'.length)}`,
      { hint: `git -C ${target} switch series/${series}`, exitCode: exitCodes.conflict },
    );
  }
  if (changed.length > 0) throw uncommittedFiles(target, changed);
  if (removed) await requireNoNewFiles(workspace, series, signal);
}

/** Before the worktree is removed. @throws UserError when a new file would go with it */
export async function requireNoNewFiles(
  workspace: Workspace,
  series: string,
  signal: AbortSignal,
): Promise<void> {
  const target = checkoutPath(workspace, series);
  const created = (await newFiles(target, signal)).files.map(file => file.path);
  if (created.length > 0) throw uncommittedFiles(target, created);
}

const uncommittedFiles = (target: string, files: readonly string[]) => {
  const more = files.length > 3 ? ` and ${files.length - 3} more` : '';
  return new UserError(
    `${target} has changes that are not committed: ${files.slice(0, 3).join(', ')}${more}`,
    {
      hint: 'commit them (or git stash -u), then try again',
      exitCode: exitCodes.conflict,
    },
  );
};

/** @throws UserError when a new file lies where one of these commits has one: git would write over a file that it
 *  ignores */
export async function requireNothingInTheWay(
  workspace: Workspace,
  series: string,
  commits: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const target = checkoutPath(workspace, series);
  const created = (await newFiles(target, signal)).files.map(file => file.path);
  if (created.length === 0) return;
  const found = await Promise.all(commits.map(commit => filesAt(target, commit, created, signal)));
  const inTheWay = [...new Set(found.flat())];
  if (inTheWay.length === 0) return;
  throw new UserError(`new files in ${target} are in the way: ${inTheWay.slice(0, 5).join(', ')}`, {
    hint: 'move them elsewhere, or commit them, then try again',
    exitCode: exitCodes.conflict,
  });
}

/** The branch from one commit to another, and the worktree with it when there is one. `resumed`: it may have been
 *  killed half-way; what lies in the worktree is then kept as a commit before it is put in order.
 *  @throws UserError when a person's changes are in the way */
export async function* moveCheckout(
  workspace: Workspace,
  series: string,
  move: { readonly from: string | null; readonly to: string | null; readonly resumed: boolean },
  signal: AbortSignal,
): Work<void> {
  const { from, to, resumed } = move;
  const repository = folders.repository(workspace);
  const branch = refs.branch(series);
  const target = checkoutPath(workspace, series);
  if (to === null) {
    await rm(target, { recursive: true, force: true });
    yield* gitWork(repository, ['worktree', 'prune'], { job: `series ${series}`, signal });
    await git(repository, ['update-ref', '-d', branch], signal);
    return;
  }
  const there = from !== null && (await hasCheckout(workspace, series));
  if (there && resumed) yield* putInOrder(workspace, series, to, signal);
  else if (there) {
    await restoreIgnores(target, signal);
    await git(target, ['read-tree', '-m', '-u', from, to], signal, { env: ownConfigOnly });
  }
  await git(repository, ['update-ref', '-m', 'initbench', branch, to], signal);
}

/** The files of a commit, whatever lies there; what differs from HEAD, and new files in the way, are saved as a commit
 *  first. */
export async function* putInOrder(
  workspace: Workspace,
  series: string,
  to: string,
  signal: AbortSignal,
): Work<void> {
  const target = checkoutPath(workspace, series);
  await dropStaleLock(target);
  await restoreIgnores(target, signal);
  const saved = await saveFiles(workspace, series, to, signal);
  if (saved !== undefined) {
    yield {
      job: `series ${series}`,
      type: 'notice',
      level: 'warning',
      message: `the state of ${target} was saved as ${saved.slice(0, 12)} (git show ${saved.slice(0, 12)} there)`,
    };
  }
  yield* gitWork(target, ['read-tree', '--reset', '-u', to], {
    job: `series ${series}`,
    signal,
    env: ownConfigOnly,
  });
}

/** The tracked files as they lie there, and the new ones that a checkout of `to` would write over, as a commit that a ref
 *  keeps; undefined when they are what HEAD has. */
async function saveFiles(
  workspace: Workspace,
  series: string,
  to: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const target = checkoutPath(workspace, series);
  const created = (await newFiles(target, signal)).files.map(file => file.path);
  const inTheWay = created.length > 0 ? await filesAt(target, to, created, signal) : [];
  const scratch = await scratchFolder('save');
  try {
    const env = { ...ownConfigOnly, GIT_INDEX_FILE: path.join(scratch, 'index') };
    await git(target, ['read-tree', 'HEAD'], signal, { env });
    await git(target, ['add', '-u', '.'], signal, { env });
    if (inTheWay.length > 0) await git(target, ['add', '-f', '--', ...inTheWay], signal, { env });
    const treeId = await git(target, ['write-tree'], signal, { env });
    if (treeId === (await git(target, ['rev-parse', 'HEAD^{tree}'], signal))) return undefined;
    const commit = await git(target, ['commit-tree', treeId, '-p', 'HEAD'], signal, {
      env: { ...ownConfigOnly, ...archiveIdentity },
      input: 'files in the worktree when an operation was taken up again\n',
    });
    await git(folders.repository(workspace), ['update-ref', refs.saved(series, commit), commit], signal);
    return commit;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Those of the paths that a commit has. */
async function filesAt(target: string, commit: string, paths: readonly string[], signal: AbortSignal) {
  const list = ['--literal-pathspecs', 'ls-tree', '-r', '-z', '--name-only', commit, '--', ...paths];
  return (await git(target, list, signal)).split('\0').filter(Boolean);
}

/** index.lock of a git that died with us. One that is a few seconds old may be a living person's. */
export async function dropStaleLock(target: string): Promise<void> {
  const admin = await adminFolderOf(target);
  for (const name of ['index.lock', 'HEAD.lock']) {
    const lock = path.join(admin, name);
    const found = await stat(lock).catch(() => undefined);
    if (!found) continue;
    if (await anyGitIn(target)) {
      throw new UserError(`git is at work in ${target}`, { hint: 'try again when it has ended' });
    }
    await rm(lock, { force: true });
  }
}

/** Whether a process called git runs in that folder. */
async function anyGitIn(folder: string): Promise<boolean> {
  const real = await realpath(folder);
  for (const pid of (await readdir('/proc')).filter(name => /^\d+$/.test(name))) {
    const [name, cwd] = await Promise.all([
      readFile(`/proc/${pid}/comm`, 'utf8').catch(() => ''),
      readlink(`/proc/${pid}/cwd`).catch(() => ''),
    ]);
    if (name.trim() === 'git' && (cwd === real || cwd.startsWith(`${real}/`))) return true;
  }
  return false;
}
