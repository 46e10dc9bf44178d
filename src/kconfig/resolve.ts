// SPDX-License-Identifier: GPL-2.0-only
/** From fragments to the final .config: the tree's own tinyconfig, merge_config.sh and olddefconfig, out of tree. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Work, WorkEvent } from '../events.ts';
import { exec } from '../host/exec.ts';
import { digestOf, readRecord, shortDigest, withLock, writeWhole } from '../host/files.ts';
import { step } from '../tree/step.ts';
import type { Worktree } from '../tree/tree.ts';
import { holdWorktree, requireUnmoved } from '../tree/worktree.ts';
import { folders, notMade, type Workspace } from '../workspace.ts';
import { readEntries } from './entries.ts';
import { explainAll } from './explain.ts';
import { compareWithFinal, configDigest, formatFragment, mergeFragments } from './fragment.ts';
import { configInputs } from './inputs.ts';
import type { Config, Fragment, Lost } from './kconfig.ts';

/** How make is called for a configuration; made by the stage that knows compilers and make variables. */
export interface ConfigMake {
  readonly job: string;
  /** What the step is called: 'configure base'. */
  readonly step: string;
  /** The build directory's name below the worktree. */
  readonly folder: string;
  /** The command line that makes a target, run in the worktree. */
  readonly argv: (target: string) => readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The folder below arch/ whose Kconfig counts: 'x86'. */
  readonly srcarch: string;
  /** What else a .config follows from: make variables, versions of the toolchain. */
  readonly key: unknown;
}

const schema = 'initbench.config/1';

/** The commands that end in the final .config, in order, all run in the worktree. Pure. */
export function configCommands(
  make: Pick<ConfigMake, 'folder' | 'argv'>,
  fragments: readonly Fragment[],
): readonly (readonly string[])[] {
  const files = fragments.map((fragment, index) => mergedFile(make.folder, fragment, index));
  return [
    make.argv('tinyconfig'),
    ['scripts/kconfig/merge_config.sh', '-m', '-O', make.folder, `${make.folder}/.config`, ...files],
    make.argv('olddefconfig'),
  ];
}

/** What has to be written before configCommands(): fragments that are no file, or whose path merge_config.sh,
 *  which splits at blanks, could not read. Paths are relative to the worktree. */
export function fragmentCopies(
  folder: string,
  fragments: readonly Fragment[],
): readonly { readonly file: string; readonly text: string }[] {
  return fragments.flatMap((fragment, index) => {
    const file = mergedFile(folder, fragment, index);
    return file === fragment.path ? [] : [{ file, text: formatFragment(fragment.options) }];
  });
}

function mergedFile(folder: string, fragment: Fragment, index: number): string {
  return /^\/[\w@%+=:,./-]+$/.test(fragment.path) ? fragment.path : `${folder}/fragment-${index + 1}.config`;
}

/** Makes the .config that the fragments ask for, or takes the one made before from the same tree, fragments,
 *  make variables and toolchain, or from a tree that differs in nothing a configuration reads: then make is not
 *  called. Lost options are in the product, with reasons.
 *  @throws ToolError when make fails, UserError when a tool is missing */
export async function* resolveConfig(
  workspace: Workspace,
  worktree: Worktree,
  fragments: readonly Fragment[],
  make: ConfigMake,
  signal: AbortSignal,
): Work<Config> {
  const options = fragments.map(fragment => fragment.options.map(({ name, value }) => [name, value]));
  const fileOf = (source: object) => {
    const key = digestOf({ schema, ...source, options, make: make.key });
    return path.join(folders.configs(workspace), `${shortDigest(key)}.json`);
  };
  const own = fileOf({ tree: worktree.treeId });
  const cached = (kept: Config): WorkEvent => {
    return { job: make.job, type: 'step', step: make.step, state: 'cached', product: kept.digest };
  };
  const before = await readKept(own);
  if (before) {
    yield cached(before);
    return { ...before, ...named(before, fragments) };
  }
  if (worktree.treeId === notMade) return yield* planned(fragments, make);
  const shared = fileOf({
    inputs: await configInputs(folders.repository(workspace), worktree.treeId, signal),
  });
  const alike = await readKept(shared);
  if (alike) {
    yield cached(alike);
    if (!workspace.dryRun) await writeWhole(own, JSON.stringify({ schema, ...alike }, null, 2));
    return { ...alike, ...named(alike, fragments) };
  }
  if (workspace.dryRun) {
    return yield* holdWorktree(workspace, worktree, make.step, signal, () => planned(fragments, make));
  }
  return yield* step(make.job, make.step, async function* () {
    const config = yield* withLock(path.join(worktree.path, make.folder), signal, () =>
      holdWorktree(workspace, worktree, make.step, signal, () =>
        makeConfig(worktree, fragments, make, signal),
      ),
    );
    for (const file of [shared, own]) await writeWhole(file, JSON.stringify({ schema, ...config }, null, 2));
    return config;
  });
}

/** What is requested stands for what would be there. */
async function* planned(
  fragments: readonly Fragment[],
  { job, step: name }: Pick<ConfigMake, 'job' | 'step'>,
): Work<Config> {
  yield { job, type: 'step', step: name, state: 'planned' };
  const text = fragments.map(({ options }) => formatFragment(options)).join('');
  return { digest: notMade, text, fragments: fragments.map(each => each.name), redefined: [], lost: [] };
}

async function readKept(file: string): Promise<Config | undefined> {
  const kept = await readRecord<Config & { schema: string }>(file);
  if (kept === undefined) return undefined;
  const { schema: found, ...config } = kept;
  return found === schema ? config : undefined;
}

/** The same options may lie under other names now: names come from the fragments at hand. */
function named(
  kept: Config,
  fragments: readonly Fragment[],
): Pick<Config, 'fragments' | 'redefined' | 'lost'> {
  const { requested, redefined } = mergeFragments(fragments);
  const lost = kept.lost.map((each): Lost => ({
    ...each,
    fragment: requested.get(each.option)?.fragment ?? each.fragment,
  }));
  return { fragments: fragments.map(fragment => fragment.name), redefined, lost };
}

async function* makeConfig(
  worktree: Worktree,
  fragments: readonly Fragment[],
  make: ConfigMake,
  signal: AbortSignal,
): Work<Config> {
  await mkdir(path.join(worktree.path, make.folder), { recursive: true });
  for (const { file, text } of fragmentCopies(make.folder, fragments)) {
    await writeFile(path.join(worktree.path, file), text);
  }
  for (const argv of configCommands(make, fragments)) {
    yield* exec(argv, { job: make.job, cwd: worktree.path, env: make.environment, signal });
  }
  const text = await readFile(path.join(worktree.path, make.folder, '.config'), 'utf8');
  const { redefined, lost } = compareWithFinal(fragments, text);
  await requireUnmoved(worktree, signal);
  return {
    digest: configDigest(text),
    text,
    fragments: fragments.map(fragment => fragment.name),
    redefined,
    lost: lost.length > 0 ? explainAll(fragments, text, await readEntries(worktree.path, make.srcarch)) : [],
  };
}
