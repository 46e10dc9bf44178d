// SPDX-License-Identifier: GPL-2.0-only
/** From a request to a Build: variables, architecture, toolchain and ccache as this machine has them; then its config. */
import { availableParallelism } from 'node:os';
import type { Work } from '../events.ts';
import { exitCodes, UserError } from '../host/errors.ts';
import type { Config, Fragment } from '../kconfig/kconfig.ts';
import { resolveConfig } from '../kconfig/resolve.ts';
import type { Worktree } from '../tree/tree.ts';
import { folders, type Workspace } from '../workspace.ts';
import { architectureOf, archOf } from './architecture.ts';
import { type Build, ccacheEnvironment, configArgv, folderOf } from './make.ts';
import { isInstalled, probeToolchain, requireTools, toolsNeeded } from './toolchain.ts';
import { makeEnvironment, makeVariables, programsOf } from './variables.ts';

export interface BuildRequest {
  /** 'base' or the name of the series. */
  readonly name: string;
  readonly tree: string;
  readonly version: string;
  readonly fragments: readonly Fragment[];
  /** NAME=value words; the environment's count too, and less. */
  readonly variables: readonly string[];
  /** Default: what the variables say, otherwise the host's. */
  readonly arch?: string;
  /** Default: as many as there are processors. */
  readonly jobs?: number;
}

export const jobOf = (build: Pick<Build, 'name'>): string => `build ${build.name}`;

/** @throws UserError when kbuild, which splits paths, could not build there */
export function requirePlainPath(place: string): void {
  if (!/[\s:]/.test(place)) return;
  throw new UserError(`kbuild cannot build in ${place}: the path has a blank or a colon`, {
    hint: 'set INITBENCH_CACHE to a folder without',
    exitCode: exitCodes.environment,
  });
}

/** Finds out what the build will be made with. make is not called.
 *  @throws UserError when a tool is missing or a variable cannot be given */
export async function* planBuild(
  workspace: Workspace,
  worktree: Worktree,
  request: BuildRequest,
  signal: AbortSignal,
): Work<Build> {
  requirePlainPath(worktree.path);
  const { environment } = workspace;
  const variables = makeVariables(environment, request.variables, request.arch);
  const arch = archOf(variables);
  architectureOf(arch);
  await requireTools(toolsNeeded(), environment);
  const toolchain = await probeToolchain(programsOf(variables), makeEnvironment(environment, {}), signal);
  const ccache = await isInstalled('ccache', environment);
  if (!ccache) {
    yield {
      job: jobOf(request),
      type: 'notice',
      level: 'warning',
      message:
        'ccache is not installed: each kernel is compiled from scratch, some ten times the time a patched one needs with it',
    };
  }
  const { name, tree, version, fragments, jobs = availableParallelism() } = request;
  return {
    ...{ name, tree, version, fragments, jobs, worktree, variables, arch, toolchain },
    ...(ccache ? { ccache: folders.ccache(workspace) } : {}),
  };
}

/** The .config of a build. @throws ToolError, UserError as resolveConfig() */
export function configure(workspace: Workspace, build: Build, signal: AbortSignal): Work<Config> {
  const { worktree, fragments, variables, toolchain, arch } = build;
  const make = {
    job: jobOf(build),
    step: `configure ${build.name}`,
    folder: folderOf(build),
    argv: (target: string) => configArgv(build, target),
    environment: makeEnvironment(workspace.environment, ccacheEnvironment(build)),
    srcarch: architectureOf(arch).srcarch,
    key: { variables, toolchain, arch },
  };
  return resolveConfig(workspace, worktree, fragments, make, signal);
}
