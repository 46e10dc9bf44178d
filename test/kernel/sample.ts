// SPDX-License-Identifier: GPL-2.0-only
/** A small kernel tree and a workspace around the stand-in tools of test/bin/kernel. */
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { productOf, type Work, type WorkEvent } from '../../src/events.ts';
import { openRepository } from '../../src/tree/repository.ts';
import type { Worktree } from '../../src/tree/tree.ts';
import { folders, openWorkspace, type Workspace } from '../../src/workspace.ts';

export const bin = path.resolve('test/bin/kernel');
export const recorded = (name: string) => path.resolve('test/fixtures/kernel', name);

const kconfig = `config 64BIT
	bool "64-bit"
config EROFS_FS
	bool "EROFS"
config CRYPTO
	bool "crypto"
config KERNEL_LZ4
	bool "lz4"
`;

const mergeConfig = `#!/bin/sh
# Called as merge_config.sh -m -O DIR BASE FRAGMENT...
out=$3/.config; shift 4; cat "$out" "$@" > "$out.merged"; mv "$out.merged" "$out"
`;

export interface Sample {
  readonly workspace: Workspace;
  readonly worktree: Worktree;
  /** What make was called with, one call per element. */
  calls(): Promise<string[]>;
  /** The same workspace with more in its environment. */
  with(environment: Readonly<Record<string, string | undefined>>): Workspace;
  remove(): Promise<void>;
}

export async function sampleTree(environment: Readonly<Record<string, string>> = {}): Promise<Sample> {
  const folder = await mkdtemp(path.join(tmpdir(), 'initbench-test-'));
  const [tree, root] = [path.join(folder, 'tree'), path.join(folder, 'root')];
  const files: Readonly<Record<string, string>> = {
    'tree/Kconfig': kconfig,
    'tree/scripts/kconfig/merge_config.sh': mergeConfig,
    'root/kconfigs/base.config': 'CONFIG_EROFS_FS=y\nCONFIG_KERNEL_LZ4=y\n',
    'root/kconfigs/debug.config': '# CONFIG_EROFS_FS is not set\n',
  };
  for (const [file, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
    await writeFile(path.join(folder, file), text);
  }
  await chmod(path.join(tree, 'scripts/kconfig/merge_config.sh'), 0o755);
  const calls = path.join(folder, 'calls');
  const all = {
    PATH: `${bin}:${process.env.PATH}`,
    INITBENCH_CACHE: path.join(folder, 'cache'),
    INITBENCH_STATE: path.join(folder, 'state'),
    INITBENCH_TEST_CALLS: calls,
    INITBENCH_TEST_BUILD_LOG: recorded('warnings.log'),
    ...environment,
  };
  const workspace = openWorkspace(all, root);
  return {
    workspace,
    worktree: { path: tree, commit: 'c'.repeat(40), treeId: await treeIn(workspace, tree) },
    calls: async () => (await readFile(calls, 'utf8').catch(() => '')).split('\n').filter(line => line),
    with: more => ({ ...workspace, environment: { ...all, ...more } }),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The files of a folder as a tree in initbench's repository. */
export async function treeIn(workspace: Workspace, folder: string): Promise<string> {
  const signal = new AbortController().signal;
  const repository = await productOf(openRepository('test', workspace, signal));
  const git = (...words: readonly string[]) =>
    execFileSync('git', [`--git-dir=${repository}`, `--work-tree=${folder}`, ...words], {
      encoding: 'utf8',
      env: { ...process.env, GIT_INDEX_FILE: path.join(path.dirname(folder), 'index') },
    });
  git('add', '-A', '.');
  return git('write-tree').trim();
}

/** The sample's tree as a worktree of initbench's repository, as builds have it. */
export async function checkedOut({ workspace, worktree }: Sample): Promise<Worktree> {
  const treeId = await treeIn(workspace, worktree.path);
  const repository = folders.repository(workspace);
  const identity = ['-c', 'user.name=Test', '-c', 'user.email=test@example.org'];
  const commit = gitIn(repository, ...identity, 'commit-tree', '-m', 'Linux 7.3.4', treeId);
  return addWorktree(workspace, path.join(path.dirname(worktree.path), 'checked-out'), { commit, treeId });
}

/** One more worktree, at a commit of another. */
export function addWorktree(
  workspace: Workspace,
  at: string,
  { commit, treeId }: Pick<Worktree, 'commit' | 'treeId'>,
): Worktree {
  gitIn(folders.repository(workspace), 'worktree', 'add', '--quiet', '--detach', at, commit);
  return { path: at, commit, treeId };
}

/** Commits what lies in a worktree. */
export function committed({ path: at }: Worktree): Worktree {
  gitIn(at, 'add', '-A');
  gitIn(at, '-c', 'user.name=Test', '-c', 'user.email=test@example.org', 'commit', '-q', '-m', 'a change');
  return { path: at, commit: gitIn(at, 'rev-parse', 'HEAD'), treeId: gitIn(at, 'rev-parse', 'HEAD^{tree}') };
}

const gitIn = (folder: string, ...words: readonly string[]) =>
  execFileSync('git', ['-C', folder, ...words], { encoding: 'utf8' }).trim();

/** Runs work to its end and keeps what it yielded. */
export async function collect<Product>(
  work: Work<Product>,
): Promise<{ product: Product; events: WorkEvent[] }> {
  const events: WorkEvent[] = [];
  for (;;) {
    const next = await work.next();
    if (next.done) return { product: next.value, events };
    events.push(next.value);
  }
}
