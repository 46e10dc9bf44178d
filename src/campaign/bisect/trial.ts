// SPDX-License-Identifier: GPL-2.0-only
/** One commit looked at: checked out in a worktree of its own, built, booted. What does not apply or does not build
 *  tells nothing of the question. */
import type { Work } from '../../events.ts';
import { findFragments, fragmentNames } from '../../kconfig/find.ts';
import { formatLost } from '../../kconfig/fragment.ts';
import { architectureOf, archOf } from '../../kernel/architecture.ts';
import { buildKernel } from '../../kernel/build.ts';
import { configure, planBuild } from '../../kernel/plan.ts';
import { BuildFailed } from '../../kernel/run.ts';
import { makeVariables } from '../../kernel/variables.ts';
import { definedAt } from '../../kconfig/defined.ts';
import type { Fragment } from '../../kconfig/kconfig.ts';
import { commitSeries } from '../../series/apply.ts';
import { readSeries } from '../../series/read.ts';
import type { Tree } from '../../tree/tree.ts';
import { worktreeAt } from '../../tree/worktree.ts';
import { folders, type Workspace } from '../../workspace.ts';
import { ask, type Boots, type Question, type Verdict } from './question.ts';

export interface Trial {
  /** What each boot is called: '0003', '1a2b3c4d5e6f'. */
  readonly label: string;
  /** The tree whose commit it is; worktrees are kept under its name. */
  readonly tree: Tree;
  /** The worktree that moves from commit to commit. */
  readonly worktree: string;
  readonly commit: string;
  /** 'base', or the series whose fragment counts as far as the commit's Kconfig knows its options. */
  readonly kernel: string;
  /** Put the series on the commit first; otherwise it is in the history already. */
  readonly apply: boolean;
  readonly fragments: readonly string[];
}

/** @throws UserError when nothing can be built or booted here at all */
export async function* tryCommit(
  workspace: Workspace,
  trial: Trial,
  boots: Boots,
  question: Question,
  signal: AbortSignal,
): Work<Verdict> {
  const skip = (why: string): Verdict => ({ mark: 'skip', why, runs: [] });
  const { tree, kernel: name } = trial;
  let { commit } = trial;
  if (trial.apply) {
    const series = await readSeries(workspace, name);
    const commits = yield* commitSeries(workspace, { ...tree, commit }, series, signal);
    if ('kind' in commits) return skip(`${name} does not apply: ${commits.patch}`);
    commit = commits.at(-1)!;
  }
  const { srcarch } = architectureOf(archOf(makeVariables(workspace.environment, [])));
  const shared = await findFragments(workspace, trial.fragments, srcarch, [tree.name, name]);
  const own = yield* ownFragments(workspace, name, tree.name, commit, srcarch, signal);
  const worktree = yield* worktreeAt(workspace, tree, trial.worktree, commit, signal);
  const build = yield* planBuild(
    workspace,
    worktree,
    { name, tree: tree.name, version: tree.version, fragments: [...shared, ...own], variables: [] },
    signal,
  );
  try {
    const config = yield* configure(workspace, build, signal);
    if (config.lost.length > 0) return skip(`lost: ${config.lost.map(formatLost).join('; ')}`);
    const kernel = yield* buildKernel(workspace, build, config, signal);
    return yield* ask(workspace, kernel, boots, question, trial.label, signal);
  } catch (error) {
    if (error instanceof BuildFailed) return skip(`does not build: ${error.errors[0] ?? error.message}`);
    throw error;
  }
}

/** kconfigs/<series>.config, as far as the commit has the options. */
async function* ownFragments(
  workspace: Workspace,
  series: string,
  tree: string,
  commit: string,
  srcarch: string,
  signal: AbortSignal,
): Work<readonly Fragment[]> {
  if (series === 'base' || !(await fragmentNames(workspace)).includes(series)) return [];
  const own = await findFragments(workspace, [series], srcarch, [tree, series]);
  const names = own.flatMap(({ options }) => options.map(({ name }) => name.replace(/^CONFIG_/, '')));
  const defined = await definedAt(folders.repository(workspace), commit, names, srcarch, signal);
  return own
    .map(fragment => ({
      ...fragment,
      options: fragment.options.filter(({ name }) => defined.has(name.replace(/^CONFIG_/, ''))),
    }))
    .filter(({ options }) => options.length > 0);
}
