// SPDX-License-Identifier: GPL-2.0-only
/** The same kernel once more, with line tables: the code is what it was, since -g1 only adds sections. */
import type { Work } from '../../events.ts';
import { exitCodes, UserError } from '../../host/errors.ts';
import { findFragments } from '../../kconfig/find.ts';
import { architectureOf } from '../../kernel/architecture.ts';
import { buildKernel } from '../../kernel/build.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { configure, planBuild } from '../../kernel/plan.ts';
import { readTree } from '../../tree/trees.ts';
import { worktreeAt } from '../../tree/worktree.ts';
import { unknownName, type Workspace } from '../../workspace.ts';

/** Line tables and what is inlined where, and nothing of types and variables: a third of the size. */
const lineTables = '-g1';

/** @throws BuildFailed, UserError when its tree is gone or an option no longer survives */
export async function* buildTwin(workspace: Workspace, kernel: Kernel, signal: AbortSignal): Work<Kernel> {
  const { name, tree: treeName, version, commit, arch, variables } = kernel;
  const tree = await readTree(workspace, treeName);
  if (!tree) throw unknownName('tree', treeName, []);
  const { srcarch } = architectureOf(arch);
  const words = kernel.origin?.fragments ?? kernel.fragments;
  const fragments = await findFragments(workspace, words, srcarch, [treeName, name]);
  const worktree = yield* worktreeAt(workspace, tree, 'decode', commit, signal);
  const flags = [variables.KCFLAGS, lineTables].filter(Boolean).join(' ');
  const given = Object.entries({ ...variables, KCFLAGS: flags }).map(([key, value]) => `${key}=${value}`);
  const build = yield* planBuild(
    workspace,
    worktree,
    { name, tree: treeName, version, fragments, variables: given },
    signal,
  );
  const config = yield* configure(workspace, build, signal);
  if (config.digest !== kernel.configDigest) {
    throw new UserError('the fragments have changed: the kernel would not be the one that was booted', {
      hint: 'boot it again, then decode that run',
      exitCode: exitCodes.failed,
    });
  }
  return yield* buildKernel(workspace, build, config, signal);
}
