// SPDX-License-Identifier: GPL-2.0-only
/** The trees initbench manages: added, read back, listed and removed. A tree is a ref in the repository and
 *  a record in trees/<name>.json; it is there when both are. */
import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { document } from '../document.ts';
import type { Work } from '../events.ts';
import { UserError } from '../host/errors.ts';
import { exists, readRecord, requireSpace, withLock, writeWhole } from '../host/files.ts';
import { git, gitWork } from '../host/git.ts';
import { folders, notMade, unknownName, type Workspace } from '../workspace.ts';
import { cloneState, notInHead } from './clone.ts';
import { fetchDebianSource, unpackDebianSource } from './debian.ts';
import { fetchCommit } from './fetch.ts';
import { commitArchive, importTarball } from './import.ts';
import { parseKernelVersion } from './makefile.ts';
import { adopt, openRepository, reclaim, refs, withScratchRepository } from './repository.ts';
import { formatSource, readSource } from './source.ts';
import { step } from './step.ts';
import { type Tree, type TreeSource, treeSchema } from './tree.ts';

export const treeDocument = document(
  'initbench.tree/1',
  'tree add, and trees/NAME.json: a kernel tree and where it is from',
  treeSchema,
);
/** An unpacked package and the pack made of it, with some room. */
const neededBytes = 2 ** 30;

const recordFile = (workspace: Workspace, name: string) =>
  path.join(folders.trees(workspace), `${name}.json`);

/** A name is a word in refs, paths and row ids. @throws UserError */
export function checkTreeName(name: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name) && !/\.\.|\.lock$|\.$/.test(name)) return;
  throw new UserError(`'${name}' cannot be the name of a tree`, {
    hint: 'letters, digits, dots, dashes and underscores, a letter or digit first: 7.3, mainline, my-erofs',
  });
}

/** A tree's record, or undefined when there is none. @throws UserError when another version wrote it */
export async function readTree(workspace: Workspace, name: string): Promise<Tree | undefined> {
  checkTreeName(name);
  const record = await readRecord<{ schema: string }>(recordFile(workspace, name));
  if (record === undefined) return undefined;
  const { name: known } = treeDocument;
  const tree = treeSchema.safeParse(record);
  if (record.schema === known && tree.success) return tree.data;
  const found = record.schema === known ? 'damaged' : `'${record.schema}', this initbench reads '${known}'`;
  throw new UserError(`${recordFile(workspace, name)} is ${found}`, {
    hint: `initbench tree remove ${name}, then add it again`,
  });
}

/** All trees there are, by name. */
export async function listTrees(workspace: Workspace): Promise<Tree[]> {
  const names = await treeNames(workspace);
  const trees = await Promise.all(names.map(async name => (await readTree(workspace, name)) ?? []));
  return trees.flat();
}

async function treeNames(workspace: Workspace): Promise<string[]> {
  const files = await readdir(folders.trees(workspace)).catch(() => [] as string[]);
  return files
    .filter(file => file.endsWith('.json'))
    .map(file => file.slice(0, -'.json'.length))
    .sort(byVersion);
}

const byVersion = (a: string, b: string) => a.localeCompare(b, 'en', { numeric: true });

/** The tree of this name, made first from its source in initbench.toml when it is not there yet.
 *  @throws UserError when there is neither; NoLongerOffered and the other errors of addTree() */
export async function* prepareTree(workspace: Workspace, name: string, signal: AbortSignal): Work<Tree> {
  const tree = await readTree(workspace, name);
  if (tree) {
    await requireCommit(workspace, tree, signal);
    yield { job: `tree ${name}`, type: 'step', step: 'tree', state: 'cached' };
    return tree;
  }
  const source = workspace.settings.trees[name];
  if (source !== undefined && workspace.dryRun) {
    yield { job: `tree ${name}`, type: 'step', step: `fetch ${source}`, state: 'planned' };
    const about = { version: notMade, commit: notMade, treeId: notMade };
    return { name, ...about, source: await readSource(source, workspace.root) };
  }
  if (source !== undefined) {
    return yield* added(workspace, name, await readSource(source, workspace.root), signal, 'keep');
  }
  const known = await treeNames(workspace);
  throw unknownName('tree', name, [...new Set([...known, ...Object.keys(workspace.settings.trees)])]);
}

/** A record without its commit: the repository was deleted, or damaged, behind our back. */
async function requireCommit(workspace: Workspace, tree: Tree, signal: AbortSignal): Promise<void> {
  const type = await git(folders.repository(workspace), ['cat-file', '-t', tree.commit], signal).catch(
    error => {
      if (signal.aborted) throw error;
      return '';
    },
  );
  if (type === 'commit') return;
  throw new UserError(
    `the tree ${tree.name} is recorded, but ${folders.repository(workspace)} lacks its commit`,
    {
      hint: `initbench tree remove ${tree.name}, then add it again`,
    },
  );
}

/** Makes a tree from a source. Whatever fails, nothing of it is left.
 *  @throws UserError when the name is taken, the source cannot be read or is not a kernel; NoLongerOffered */
export async function* addTree(
  workspace: Workspace,
  name: string,
  source: TreeSource,
  signal: AbortSignal,
): Work<Tree> {
  return yield* added(workspace, name, source, signal, 'refuse');
}

async function* added(
  workspace: Workspace,
  name: string,
  source: TreeSource,
  signal: AbortSignal,
  existing: 'keep' | 'refuse',
): Work<Tree> {
  checkTreeName(name);
  return yield* withLock(path.join(folders.trees(workspace), name), signal, async function* (): Work<Tree> {
    const there = await readTree(workspace, name);
    if (there && existing === 'keep') return there;
    if (there) {
      throw new UserError(
        `there is a tree called ${name} already: ${there.version} from ${formatSource(there.source)}`,
        {
          hint: `choose another name, or initbench tree remove ${name}`,
        },
      );
    }
    await requireSpace(workspace.state, neededBytes, 'a kernel tree');
    const job = `tree ${name}`;
    if (await isForeign(source)) {
      const message = `building ${name} will run its Makefiles and scripts as you: add sources that you trust (SECURITY.md)`;
      yield { job, type: 'notice', level: 'warning', message };
    }
    const repository = yield* openRepository(job, workspace, signal);
    return yield* withScratchRepository(job, workspace, signal, async function* (scratch): Work<Tree> {
      const found = yield* obtain(job, workspace, source, scratch, signal);
      const tree = await describe(scratch, name, found, signal);
      yield* step(job, 'record', () => publish(job, workspace, repository, scratch, tree, signal));
      return tree;
    });
  });
}

/** Whether the source is not the user's own: a server's, an archive, another user's clone. Debian's is signed. */
async function isForeign(source: TreeSource): Promise<boolean> {
  if (source.kind === 'debian') return false;
  if (source.kind === 'tarball') return true;
  const found = await stat(source.location).catch(() => undefined);
  return found === undefined || found.uid !== process.getuid?.();
}

interface Obtained {
  readonly commit: string;
  readonly source: TreeSource;
  readonly note?: string;
}

/** The source as a commit in the scratch repository. */
async function* obtain(
  job: string,
  workspace: Workspace,
  source: TreeSource,
  scratch: string,
  signal: AbortSignal,
): Work<Obtained> {
  if (source.kind === 'git') {
    const commit = yield* step(job, 'fetch', () => fetchCommit(job, scratch, source, signal));
    for (const message of await leftOut(source, commit, signal)) {
      yield { job, type: 'notice', level: 'warning', message };
    }
    return { commit, source };
  }
  if (source.kind === 'tarball') {
    const commit = yield* importCommit(job, scratch, source.path, source.path, 'a tarball', signal);
    return { commit, source, note: 'made from a tarball; its base is no public commit' };
  }
  const deb = yield* step(job, 'download', () => fetchDebianSource(job, workspace, source, signal));
  const unpacked = path.join(scratch, 'package');
  const tarball = yield* step(job, 'unpack', () => unpackDebianSource(job, deb.file, unpacked, signal));
  const origin = `Debian's ${source.package} ${deb.version}`;
  const commit = yield* importCommit(job, scratch, tarball, deb.file, origin, signal);
  const note = `carries the patches of ${origin}; its base is no public commit`;
  return { commit, source: { ...source, version: deb.version }, note };
}

/** What a clone on this machine has beside the commit that was taken, if that is the one it has checked out. */
async function leftOut(
  { location, revision }: TreeSource & { kind: 'git' },
  commit: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const state = (await exists(location)) ? await cloneState(location, signal) : undefined;
  if (!state) return [];
  if (state.head === commit) return notInHead(location, state);
  const { operation } = state;
  return revision !== undefined && operation?.branch === revision
    ? [`${location} is in the middle of a ${operation.kind} of ${revision}, which is taken as it was before`]
    : [];
}

async function* importCommit(
  job: string,
  scratch: string,
  tarball: string,
  shownAs: string,
  origin: string,
  signal: AbortSignal,
): Work<string> {
  const treeId = yield* step(job, 'import', () => importTarball(job, scratch, tarball, signal));
  const version = await kernelVersion(scratch, treeId, shownAs, signal);
  return commitArchive(scratch, treeId, `Linux ${version}\n\nMade by initbench from ${origin}.\n`, signal);
}

async function describe(scratch: string, name: string, found: Obtained, signal: AbortSignal): Promise<Tree> {
  const version = await kernelVersion(scratch, found.commit, formatSource(found.source), signal);
  const treeId = await git(scratch, ['rev-parse', `${found.commit}^{tree}`], signal);
  return { name, version, treeId, ...found };
}

/** @throws UserError when the top folder is not a kernel's */
async function kernelVersion(
  repository: string,
  commit: string,
  shownAs: string,
  signal: AbortSignal,
): Promise<string> {
  const list = ['ls-tree', '--name-only', commit, '--', 'Makefile', 'Kbuild', 'Kconfig'];
  const found = (await git(repository, list, signal)).split('\n');
  const version = found.includes('Makefile')
    ? parseKernelVersion(await git(repository, ['cat-file', 'blob', `${commit}:Makefile`], signal))
    : undefined;
  if (version !== undefined && found.includes('Kbuild') && found.includes('Kconfig')) return version;
  throw new UserError(
    `${shownAs} is not a kernel tree: ${version === undefined ? 'its top Makefile has no VERSION and PATCHLEVEL' : 'it has no Kbuild and Kconfig at the top'}`,
    {
      hint: 'name the top of a Linux source tree',
    },
  );
}

/** Objects first, then the refs, then the record: cut short anywhere, the tree is not there. */
async function* publish(
  job: string,
  workspace: Workspace,
  repository: string,
  scratch: string,
  tree: Tree,
  signal: AbortSignal,
): Work<void> {
  yield* withLock(repository, signal, async function* (): Work<void> {
    await adopt(scratch, repository);
    yield* gitWork(repository, ['update-ref', refs.tree(tree.name), tree.commit], { job, signal });
    if (tree.source.kind !== 'git') {
      yield* gitWork(repository, ['update-ref', refs.tag(tree.name, tree.version), tree.commit], {
        job,
        signal,
      });
    }
    await writeWhole(
      recordFile(workspace, tree.name),
      `${JSON.stringify(treeDocument.of(tree), undefined, 2)}\n`,
    );
  });
}

/** Removes a tree: its record, its worktrees with the build folders in them, its refs and their objects. */
export async function* removeTree(workspace: Workspace, name: string, signal: AbortSignal): Work<string> {
  checkTreeName(name);
  const names = await treeNames(workspace);
  if (!names.includes(name)) throw unknownName('tree', name, names);
  const job = `tree ${name}`;
  const repository = folders.repository(workspace);
  yield* withLock(path.join(folders.trees(workspace), name), signal, () =>
    withLock(repository, signal, async function* (): Work<void> {
      await rm(recordFile(workspace, name), { force: true });
      yield* step(job, 'worktrees', async function* (): Work<void> {
        yield {
          job,
          type: 'progress',
          done: 0,
          label: `removing ${path.join(folders.worktrees(workspace), name)}`,
        };
        await rm(path.join(folders.worktrees(workspace), name), { recursive: true, force: true });
      });
      yield* step(job, 'repository', () => dropRefs(job, repository, name, signal));
    }),
  );
  return name;
}

async function* dropRefs(job: string, repository: string, name: string, signal: AbortSignal): Work<void> {
  if (!(await exists(repository))) return;
  yield* gitWork(repository, ['worktree', 'prune'], { job, signal });
  const patterns = [refs.tree(name), refs.seriesOf(name), `refs/tags/${name}`];
  const list = await git(repository, ['for-each-ref', '--format=delete %(refname)', ...patterns], signal);
  await git(repository, ['update-ref', '--stdin'], signal, { input: `${list}\n` });
  yield* reclaim(job, repository, signal);
}
