// SPDX-License-Identifier: GPL-2.0-only
/** initbench's own checked-out commits: linked worktrees of its repository, one per tree and label. A
 *  worktree moves in place, so files that stay the same keep their time and make builds only what changed. */
import { lstat, mkdir, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Work } from '../events.ts';
import { exitCodes, ToolError, UserError } from '../host/errors.ts';
import { exists, readIfThere, requireSpace, withLock, writeWhole } from '../host/files.ts';
import { adminFolderOf, git, gitWork, ownConfigOnly, removeStaleLock } from '../host/git.ts';
import { folders, notMade, type Workspace } from '../workspace.ts';
import { buildFolders, newFiles } from './newfiles.ts';
import { refs } from './repository.ts';
import { step } from './step.ts';
import type { Tree, Worktree } from './tree.ts';

/** Lies in a worktree's administrative folder while its files are being written: without it, differences are
 *  a person's work; with it, they are our own, cut short. */
const unfinishedMark = 'initbench-unfinished';

/** The tree's .gitattributes may name a filter; it must not be one that the user has configured. */
const env = ownConfigOnly;

/** Where a worktree is; `label` is 'base' or the name of a series. */
export function worktreePath(workspace: Workspace, tree: string, label: string): string {
  return path.join(folders.worktrees(workspace), tree, label);
}

/** The worktree at this commit: made, moved, or found there already; clean but for `build*` at its top. Another
 *  initbench may move it on afterwards: what depends on its files is done under holdWorktree().
 *  @throws UserError when something else lies there, or local changes do */
export async function* worktreeAt(
  workspace: Workspace,
  tree: Tree,
  label: string,
  commit: string,
  signal: AbortSignal,
): Work<Worktree> {
  const target = worktreePath(workspace, tree.name, label);
  if (workspace.dryRun) return plannedWorktree(workspace, target, commit, signal);
  const job = `worktree ${tree.name}/${label}`;
  return yield* withLock(target, signal, () => brought(job, workspace, target, commit, signal));
}

/** The worktree as it would be; what holds it would check it out. */
async function plannedWorktree(
  workspace: Workspace,
  target: string,
  commit: string,
  signal: AbortSignal,
): Promise<Worktree> {
  if (commit === notMade) return { path: target, commit, treeId: notMade };
  const tree = await git(folders.repository(workspace), ['rev-parse', `${commit}^{tree}`], signal);
  return { path: target, commit, treeId: tree };
}

/** Work that reads a worktree's files, while nobody else may move it; brought back first, when another initbench has
 *  moved it on since it was checked out. Before anything made of the files is kept, requireUnmoved().
 *  @throws UserError as worktreeAt() */
export async function* holdWorktree<Product>(
  workspace: Workspace,
  { path: target, commit }: Worktree,
  doing: string,
  signal: AbortSignal,
  work: () => Work<Product>,
): Work<Product> {
  const job = `worktree ${path.basename(path.dirname(target))}/${path.basename(target)}`;
  if (workspace.dryRun) {
    const head = await git(target, ['rev-parse', 'HEAD'], signal).catch(() => undefined);
    yield { job, type: 'step', step: 'check out', state: head === commit ? 'cached' : 'planned' };
    return yield* work();
  }
  return yield* withLock(
    target,
    signal,
    async function* (): Work<Product> {
      yield* brought(job, workspace, target, commit, signal);
      return yield* work();
    },
    { doing },
  );
}

/** The last word before what was made of a worktree's files is kept under the name of its commit: hands that know no
 *  lock (git checkout, an editor) may have been there. @throws UserError when HEAD or a file is not as it was */
export async function requireUnmoved(worktree: Worktree, signal: AbortSignal): Promise<void> {
  const head = await git(worktree.path, ['rev-parse', 'HEAD', 'HEAD^{tree}'], signal);
  const changed = await changedFiles(worktree.path, signal);
  if (head === `${worktree.commit}\n${worktree.treeId}` && changed.length === 0) return;
  const what = changed.length > 0 ? listed(changed) : `it is at ${head.slice(0, 12)} now`;
  throw new UserError(`${worktree.path} was changed while it was in use: ${what}`, {
    hint: 'nothing of it was kept; leave the worktree alone and try again',
    exitCode: exitCodes.environment,
  });
}

async function* brought(
  job: string,
  workspace: Workspace,
  target: string,
  commit: string,
  signal: AbortSignal,
): Work<Worktree> {
  const repository = folders.repository(workspace);
  const admin = await adminFolder(repository, target, signal);
  if (!admin) {
    yield* step(job, 'check out', () => create(job, repository, target, commit, signal));
  } else if (await cutShort(admin)) {
    yield* step(job, 'check out', () => restore(job, target, admin, commit, signal));
  } else {
    for (const lock of ['index.lock', 'HEAD.lock']) await removeStaleLock(path.join(admin, lock));
    await requireClean(target, signal);
    const [head, treeId] = (await git(target, ['rev-parse', 'HEAD', 'HEAD^{tree}'], signal)).split('\n');
    if (head === commit) {
      yield { job, type: 'step', step: 'check out', state: 'cached' };
      await noteCommit(target, commit);
      return { path: target, commit, treeId: treeId! };
    }
    yield* keepCommits(job, repository, target, admin, signal);
    yield* step(job, 'check out', () => move(job, target, admin, commit, signal));
  }
  await noteCommit(target, commit);
  return { path: target, commit, treeId: await git(target, ['rev-parse', 'HEAD^{tree}'], signal) };
}

/** Removes a worktree of ours with all that was built in it. @throws UserError when local changes lie there */
export async function* removeWorktree(
  workspace: Workspace,
  tree: string,
  label: string,
  signal: AbortSignal,
): Work<void> {
  const target = worktreePath(workspace, tree, label);
  const repository = folders.repository(workspace);
  const job = `worktree ${tree}/${label}`;
  yield* withLock(target, signal, async function* (): Work<void> {
    const admin = await adminFolder(repository, target, signal);
    if (admin && !(await cutShort(admin))) {
      await requireClean(target, signal);
      yield* keepCommits(job, repository, target, admin, signal);
    }
    await rm(target, { recursive: true, force: true });
    yield* gitWork(repository, ['worktree', 'prune'], { job, signal });
  });
}

/** Names the commit that we checked out last. */
const ownCommit = 'initbench-commit';

async function noteCommit(target: string, commit: string): Promise<void> {
  const file = path.join(await adminFolderOf(target), ownCommit);
  if ((await readIfThere(file)) !== commit) await writeWhole(file, commit);
}

/** A person may have committed here, where no branch keeps it: a ref does before the worktree moves on. */
async function* keepCommits(
  job: string,
  repository: string,
  target: string,
  admin: string,
  signal: AbortSignal,
): Work<void> {
  const [head, own] = [
    await git(target, ['rev-parse', 'HEAD'], signal),
    await readIfThere(path.join(admin, ownCommit)),
  ];
  if (own === undefined || own === head) return;
  await git(repository, ['update-ref', refs.saved('worktrees', head), head], signal);
  const [short, name] = [head.slice(0, 12), path.basename(target)];
  yield {
    ...{ job, type: 'notice', level: 'warning' },
    message: `${target} was at ${short}, which initbench had not checked out; it is kept: git cherry-pick ${short} in the worktree of \`initbench series edit ${name}\``,
  };
}

/** The administrative folder of our worktree at `target`; undefined when nothing is there yet.
 *  @throws UserError when something is there that is not ours */
async function adminFolder(
  repository: string,
  target: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const found = await lstat(target).catch(() => undefined);
  if (!found || (found.isDirectory() && (await readdir(target)).length === 0)) return undefined;
  const question = ['rev-parse', '--git-common-dir', '--absolute-git-dir', '--show-toplevel'];
  const answer = found.isDirectory()
    ? await git(target, question, signal).catch(error => {
        if (error instanceof ToolError) return '';
        throw error;
      })
    : '';
  const [common, admin, top] = answer.split('\n');
  if (top && (await same(top, target)) && (await same(path.resolve(target, common!), repository)))
    return admin!;
  throw new UserError(`${target} is in the way: it is no worktree of ${repository}`, {
    hint: 'move it elsewhere or remove it; initbench then makes its own',
    exitCode: exitCodes.environment,
  });
}

async function same(a: string, b: string): Promise<boolean> {
  const [first, second] = await Promise.all([a, b].map(file => realpath(file).catch(() => file)));
  return first === second;
}

async function cutShort(admin: string): Promise<boolean> {
  return (await exists(path.join(admin, unfinishedMark))) || !(await exists(path.join(admin, 'index')));
}

async function* create(
  job: string,
  repository: string,
  target: string,
  commit: string,
  signal: AbortSignal,
): Work<void> {
  await requireSpace(path.dirname(target), await checkoutBytes(repository, commit, signal), 'the worktree');
  await mkdir(path.dirname(target), { recursive: true });
  let complete = false;
  try {
    // The cache may have been deleted: git must forget the worktree that was here.
    yield* gitWork(repository, ['worktree', 'prune'], { job, signal });
    const add = [
      'worktree',
      'add',
      '--force',
      '--force',
      '--no-checkout',
      '--detach',
      '--quiet',
      target,
      commit,
    ];
    yield* gitWork(repository, add, { job, signal });
    yield* gitWork(target, ['read-tree', '--reset', '-u', '-v', commit], { job, signal, env });
    complete = true;
  } finally {
    if (!complete) await rm(target, { recursive: true, force: true });
  }
}

/** Bytes of all files of a commit, and a tenth for the file system's blocks. */
export async function checkoutBytes(
  repository: string,
  commit: string,
  signal: AbortSignal,
): Promise<number> {
  // MODE TYPE OBJECT SIZE TAB PATH
  const lines = (await git(repository, ['ls-tree', '-r', '-l', commit], signal)).split('\n');
  return lines.reduce((sum, line) => sum + (Number(line.split('\t')[0]!.split(/ +/)[3]) || 0), 0) * 1.1;
}

async function* move(
  job: string,
  target: string,
  admin: string,
  commit: string,
  signal: AbortSignal,
): Work<void> {
  const mark = path.join(admin, unfinishedMark);
  await writeFile(mark, '');
  yield* gitWork(target, ['checkout', '--detach', '--progress', commit], { job, signal, env });
  await rm(mark);
}

/** Takes up a checkout that was killed: the half-written files are ours, `build*` stays. */
async function* restore(
  job: string,
  target: string,
  admin: string,
  commit: string,
  signal: AbortSignal,
): Work<void> {
  const mark = path.join(admin, unfinishedMark);
  await writeFile(mark, '');
  for (const lock of ['index.lock', 'HEAD.lock']) await rm(path.join(admin, lock), { force: true });
  yield* gitWork(target, ['reset', '--hard', '--quiet', commit], { job, signal, env });
  // A tree whose ignore rules are about everything hides half-written files, too.
  const clean = ['clean', '-f', '-d', '-x', '-q', `--exclude=${buildFolders}`];
  yield* gitWork(target, clean, { job, signal, env });
  await rm(mark);
}

/** Paths that are not as HEAD has them, new ones included, whatever the tree ignores but what a build leaves. */
async function changedFiles(target: string, signal: AbortSignal): Promise<string[]> {
  const status = ['status', '--porcelain=v1', '-z', '--no-renames', '--untracked-files=no'];
  // Our own worktree: git may write down what it has found out about unchanged files.
  const answer = await git(target, status, signal, {
    env: { ...env, GIT_OPTIONAL_LOCKS: '1' },
  });
  const changed = answer
    .split('\0')
    .filter(Boolean)
    .map(line => line.slice(3));
  const others = ['ls-files', '--others', '-z', `--exclude=${buildFolders}`];
  if ((await git(target, others, signal, { env })) === '') return changed;
  return [...changed, ...(await newFiles(target, signal)).files.map(file => file.path)];
}

const listed = (files: readonly string[]) =>
  `${files.slice(0, 3).join(', ')}${files.length > 3 ? ` and ${files.length - 3} more` : ''}`;

async function requireClean(target: string, signal: AbortSignal): Promise<void> {
  const changed = await changedFiles(target, signal);
  if (changed.length === 0) return;
  throw new UserError(`${target} has local changes: ${listed(changed)}`, {
    hint: `keep them elsewhere, then: git -C ${target} checkout -f && git -C ${target} clean -fdx -e '${buildFolders}'`,
    exitCode: exitCodes.environment,
  });
}
