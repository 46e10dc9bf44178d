// SPDX-License-Identifier: GPL-2.0-only
/** A kernel build as a value: from it follow the digest, the make command line and the commands to paste. Pure. */
import path from 'node:path';
import type { Digest } from '../events.ts';
import { shellQuote } from '../host/argv.ts';
import { digestOf, shortDigest } from '../host/files.ts';
import type { Config, Fragment } from '../kconfig/kconfig.ts';
import { configCommands, fragmentCopies } from '../kconfig/resolve.ts';
import type { Worktree } from '../tree/tree.ts';
import { type Architecture, architectureOf } from './architecture.ts';
import { throughCcache, type Variables } from './variables.ts';

export interface Toolchain {
  readonly compiler: string;
  readonly linker: string;
  readonly assembler: string;
}

/** One build of one worktree. */
export interface Build {
  /** 'base' or the name of the series. */
  readonly name: string;
  /** The tree by name, and its version. */
  readonly tree: string;
  readonly version: string;
  readonly worktree: Worktree;
  readonly fragments: readonly Fragment[];
  readonly variables: Variables;
  readonly arch: string;
  readonly toolchain: Toolchain;
  /** ccache's folder; absent when the compiler is called directly. */
  readonly ccache?: string;
  readonly jobs: number;
}

export const architectureOfBuild = (build: Pick<Build, 'arch'>): Architecture => architectureOf(build.arch);

/** The build directory's name: a sub-folder of the worktree. There kbuild uses relative paths (srctree is `..`), and
 *  as no command names the worktree, ccache gives a second worktree what the first one compiled. The same variables
 *  and fragments come back to the same folder, so that an interrupted build goes on. */
export function buildFolder(variables: Variables, fragments: readonly Pick<Fragment, 'name'>[]): string {
  return `build-${shortDigest(digestOf({ variables, fragments: fragments.map(({ name }) => name) })).slice(0, 8)}`;
}

export function folderOf(build: Pick<Build, 'variables' | 'fragments'>): string {
  return buildFolder(build.variables, build.fragments);
}

/** `make` for targets, run in the worktree. */
export function makeArgv(
  build: Pick<Build, 'variables' | 'fragments' | 'ccache'> & { readonly jobs?: number },
  ...targets: readonly string[]
): readonly string[] {
  const variables = build.ccache === undefined ? build.variables : throughCcache(build.variables);
  return [
    'make',
    `O=${folderOf(build)}`,
    ...(build.jobs === undefined ? [] : [`-j${build.jobs}`, '--output-sync=target']),
    ...Object.entries(variables)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => `${name}=${value}`),
    ...targets,
  ];
}

/** For the configuration nothing is worth a job server or synchronised output. */
export function configArgv(build: Pick<Build, 'variables' | 'fragments' | 'ccache'>, target: string) {
  const { variables, fragments, ccache } = build;
  return makeArgv({ variables, fragments, ...(ccache === undefined ? {} : { ccache }) }, target);
}

/** The command line of the build proper. */
export function buildArgv(build: Build): readonly string[] {
  return makeArgv(build, architectureOfBuild(build).target);
}

/** ccache's settings: its own folder of bounded size, and nothing that names the worktree is part of what was
 *  compiled: not the working directory, not paths below it (tools/ names them in full), not the target in a
 *  dependency file, which both of the kernel's fixdep programs replace. What a file includes is taken from the
 *  compiler's own list: preprocessing it first would cost a quarter of a build from nothing, and a kernel whose
 *  configuration differs is built from the objects of another one anyway (seed.ts). */
export function ccacheEnvironment(
  build: Pick<Build, 'ccache' | 'worktree'>,
): Readonly<Record<string, string>> {
  if (build.ccache === undefined) return {};
  return {
    CCACHE_DIR: build.ccache,
    CCACHE_MAXSIZE: '4G',
    CCACHE_DEPEND: '1',
    CCACHE_NOHASHDIR: '1',
    CCACHE_BASEDIR: build.worktree.path,
    CCACHE_IGNOREOPTIONS: '-Wp,-MT,*',
  };
}

/** Same digest, same kernel: neither the number of jobs, nor ccache, nor where the worktree lies takes part. */
export function kernelDigest(
  build: Pick<Build, 'worktree' | 'variables' | 'arch' | 'toolchain'>,
  config: Pick<Config, 'digest'>,
): Digest {
  return digestOf({
    tree: build.worktree.treeId,
    config: config.digest,
    arch: build.arch,
    toolchain: build.toolchain,
    variables: build.variables,
  });
}

/** Lines for a shell that end in the same kernel: configuration, then build. */
export function pasteableCommands(build: Build): readonly string[] {
  const folder = folderOf(build);
  const environment = Object.entries(ccacheEnvironment(build)).map(([name, value]) => `${name}=${value}`);
  const make = (argv: readonly string[]) =>
    shellQuote(environment.length > 0 && argv[0] === 'make' ? ['env', ...environment, ...argv] : argv);
  const copies = fragmentCopies(folder, build.fragments);
  return [
    shellQuote(['cd', build.worktree.path]),
    shellQuote(['mkdir', '-p', folder]),
    ...copies.map(({ file, text }) => `${shellQuote(['printf', '%s', text])} > ${shellQuote([file])}`),
    ...configCommands({ folder, argv: target => configArgv(build, target) }, build.fragments).map(make),
    make(buildArgv(build)),
    `# ${path.join(build.worktree.path, folder, architectureOfBuild(build).image)}`,
  ];
}
