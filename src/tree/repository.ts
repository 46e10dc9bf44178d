// SPDX-License-Identifier: GPL-2.0-only
/** initbench's own bare repository, one for all trees: how it is made, what its refs are called, and how new
 *  objects come in whole or not at all. */
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Work } from '../events.ts';
import { exists, publishFolder, readIfThere, scratchIn, writeWhole } from '../host/files.ts';
import { git, gitWork } from '../host/git.ts';
import { folders, type Workspace } from '../workspace.ts';
import { buildFolders } from './newfiles.ts';

export const refs = {
  tree: (tree: string) => `refs/initbench/trees/${tree}`,
  /** The version of an imported tree, under the tree's name so that two trees of one version do not clash. */
  tag: (tree: string, version: string) => `refs/tags/${tree}/v${version}`,
  /** All series on a tree. */
  seriesOf: (tree: string) => `refs/initbench/series/${tree}`,
  /** The last commit of a series on a tree; `digest` names the patches. */
  series: (tree: string, series: string, digest: string) =>
    `refs/initbench/series/${tree}/${series}/${digest}`,
  /** The branch on which a person edits a series: a plain one, for any git tool. */
  branch: (series: string) => `refs/heads/series/${series}`,
  /** What its patches sit on; where the branch was when patches/ was written; a followed branch as last fetched. */
  edited: (series: string, what: 'base' | 'refreshed' | 'tracked') => `refs/initbench/edit/${series}/${what}`,
  /** Commits that an operation moved away from, kept for its undo. */
  kept: (series: string, operation: number, commit: string) =>
    `refs/initbench/log/${series}/${operation}/${commit}`,
  /** Files that lay in a worktree when it had to be put in order, as a commit. */
  saved: (series: string, commit: string) => `refs/initbench/saved/${series}/${commit}`,
  /** A version as it was sent: its last commit, and what the first one sits on. */
  version: (series: string, version: number, what: 'base' | 'tip') =>
    `refs/initbench/versions/${series}/v${version}/${what}`,
} as const;

/** Overrides whatever the user's own git configuration says that could change a byte, run a program or write
 *  at a time of git's choosing. Level 1: an import is bound by this compression. */
const config = `[core]
	repositoryformatversion = 0
	bare = true
	fileMode = true
	symlinks = true
	hooksPath = /dev/null
	attributesFile = /dev/null
	excludesFile = /dev/null
	autocrlf = false
	safecrlf = false
	eol = lf
	fsmonitor = false
	sparseCheckout = false
	splitIndex = false
	logAllRefUpdates = false
	compression = 1
[pack]
	compression = 1
[gc]
	auto = 0
[maintenance]
	auto = false
[fetch]
	unpackLimit = 1
	writeCommitGraph = false
	recurseSubmodules = false
[fastimport]
	unpackLimit = 1
[submodule]
	recurse = false
[commit]
	gpgSign = false
[tag]
	gpgSign = false
[apply]
	whitespace = nowarn
	ignoreWhitespace = no
[mailinfo]
	scissors = false
[i18n]
	commitEncoding = UTF-8
[advice]
	detachedHead = false
`;

/** Build folders (make O=build...) may lie inside a worktree without making it dirty. */
const exclude = `${buildFolders}\n`;

async function* initialise(job: string, folder: string, signal: AbortSignal): Work<void> {
  const init = ['init', '--quiet', '--bare', '--template=', '--object-format=sha1', '.'];
  yield* gitWork(folder, init, { job, signal });
  await writeFile(path.join(folder, 'config'), config);
  await mkdir(path.join(folder, 'info'), { recursive: true });
  await writeFile(path.join(folder, 'info', 'exclude'), exclude);
}

/** Makes the repository when there is none, and returns its path. */
export async function* openRepository(job: string, workspace: Workspace, signal: AbortSignal): Work<string> {
  const repository = folders.repository(workspace);
  yield* publishFolder(repository, scratch => initialise(job, scratch, signal));
  return repository;
}

/** A bare repository for the time of some work, on the file system of ours so that adopt() can rename. */
export async function* withScratchRepository<Product>(
  job: string,
  workspace: Workspace,
  signal: AbortSignal,
  work: (scratch: string) => Work<Product>,
): Work<Product> {
  const scratch = await scratchIn(workspace.state, 'import');
  try {
    yield* initialise(job, scratch, signal);
    return yield* work(scratch);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Moves every object of a scratch repository into ours, and with them the commits whose parents were left
 *  out (shallow). Nothing refers to the objects before the caller makes a ref. */
export async function adopt(scratch: string, repository: string): Promise<void> {
  const from = path.join(scratch, 'objects');
  const to = path.join(repository, 'objects');
  const files = (await readdir(from, { recursive: true, withFileTypes: true }))
    .filter(entry => entry.isFile())
    .map(entry => path.relative(from, path.join(entry.parentPath, entry.name)))
    .filter(name => !name.startsWith('info/') && !name.includes('tmp_'));
  // A pack is seen by its index, so that comes last.
  for (const name of files.sort((a, b) => Number(a.endsWith('.idx')) - Number(b.endsWith('.idx')))) {
    await mkdir(path.dirname(path.join(to, name)), { recursive: true });
    if (!(await exists(path.join(to, name)))) await rename(path.join(from, name), path.join(to, name));
  }
  const shallow = await readIfThere(path.join(scratch, 'shallow'));
  if (!shallow) return;
  const known = (await readIfThere(path.join(repository, 'shallow'))) ?? '';
  const commits = new Set([...known.split('\n'), ...shallow.split('\n')].filter(Boolean));
  await writeWhole(path.join(repository, 'shallow'), `${[...commits].sort().join('\n')}\n`);
}

/** Text of a file at a commit, or undefined when there is none. */
export async function fileAt(
  repository: string,
  commit: string,
  file: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const found = await git(repository, ['ls-tree', '--name-only', commit, '--', file], signal);
  return found ? git(repository, ['cat-file', 'blob', `${commit}:${file}`], signal) : undefined;
}

/** Frees what no ref reaches any more; removes the repository with its last tree. */
export async function* reclaim(job: string, repository: string, signal: AbortSignal): Work<void> {
  const left = await git(repository, ['for-each-ref', '--format=%(refname)', 'refs/initbench'], signal);
  if (left === '') {
    await rm(repository, { recursive: true, force: true });
    return;
  }
  // No search for deltas: the objects are copied as they lie.
  yield* gitWork(repository, ['-c', 'pack.window=0', 'repack', '-a', '-d', '-q'], { job, signal });
  yield* gitWork(repository, ['prune', '--expire=now'], { job, signal });
}

/** The commits that full names of refs have, null where there is none: one process for all of them. */
export async function refsAt(
  workspace: Workspace,
  names: readonly string[],
  signal: AbortSignal,
): Promise<(string | null)[]> {
  if (names.length === 0) return [];
  const asked = ['for-each-ref', '--format=%(refname) %(objectname)', ...names];
  const lines = (await git(folders.repository(workspace), asked, signal)).split('\n');
  const found = new Map(lines.map(line => line.split(' ') as [string, string]));
  return names.map(name => found.get(name) ?? null);
}

export const refAt = async (
  workspace: Workspace,
  name: string,
  signal: AbortSignal,
): Promise<string | null> => (await refsAt(workspace, [name], signal))[0]!;

/** All of them or none; null removes. */
export async function setRefs(
  workspace: Workspace,
  moves: readonly (readonly [name: string, to: string | null])[],
  signal: AbortSignal,
): Promise<void> {
  if (moves.length === 0) return;
  const lines = moves.map(([name, to]) => (to === null ? `delete ${name}\n` : `update ${name} ${to}\n`));
  await git(folders.repository(workspace), ['update-ref', '--stdin'], signal, { input: lines.join('') });
}
