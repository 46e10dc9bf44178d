// SPDX-License-Identifier: GPL-2.0-only
/** A built kernel and everything it was made from. */
import { readFile } from 'node:fs/promises';
import type { Digest, Milliseconds } from '../events.ts';

/** What a kernel was asked for with, to be held against what is there now: a difference means another kernel. */
export interface KernelOrigin {
  /** The tree's commit, below the series. */
  readonly base: string;
  /** Over the series' patches; absent for base. */
  readonly series?: Digest;
  /** Names, paths, CONFIG_X=value items, and the digest over the options they held. */
  readonly fragments: readonly string[];
  readonly fragmentsDigest: Digest;
}

export interface Kernel {
  /** Over git tree id, final .config, ARCH, versions of compiler, linker and assembler, make variables. */
  readonly digest: Digest;
  /** 'base' or the name of the series. */
  readonly name: string;
  /** The tree by name, its version, the commit and git tree id that were built. */
  readonly tree: string;
  readonly version: string;
  readonly commit: string;
  readonly treeId: string;
  /** kernelrelease, LOCALVERSION included. */
  readonly release: string;
  /** 'x86_64', 'i386', 'arm64', ... */
  readonly arch: string;
  readonly configDigest: Digest;
  readonly fragments: readonly string[];
  /** Absolute paths in the cache. */
  readonly files: {
    readonly image: string;
    readonly vmlinux: string;
    readonly systemMap: string;
    readonly config: string;
    readonly log: string;
  };
  readonly imageBytes: number;
  /** Run in a worktree of `commit`. */
  readonly makeArgv: readonly string[];
  /** All that were passed, without the ccache in front of compilers. */
  readonly variables: Readonly<Record<string, string>>;
  readonly toolchain: { readonly compiler: string; readonly linker: string; readonly assembler: string };
  /** The compilers' own lines, 'fs/erofs/super.c:12:5: warning: ...' first. */
  readonly warnings: readonly string[];
  /** Bytes as size(1) words them. */
  readonly sections: { readonly text: number; readonly data: number; readonly bss: number };
  /** Wall time of make. */
  readonly built: Milliseconds;
  readonly jobs: number;
  /** Steps that a build from scratch prints with so many options enabled; absent when make did not start from scratch. */
  readonly steps?: { readonly options: number; readonly steps: number };
  /** Absent in a kernel that was not asked for by name; no part of the stored record. */
  readonly origin?: KernelOrigin;
  /** Of a kernel that a dry run has not built, in place of the file; no part of the stored record. */
  readonly dotConfig?: string;
}

/** Whether it is built in; `option` without CONFIG_. */
export async function hasOption(
  kernel: Pick<Kernel, 'files' | 'dotConfig'>,
  option: string,
): Promise<boolean> {
  const dotConfig = kernel.dotConfig ?? (await readFile(kernel.files.config, 'utf8'));
  return dotConfig.split('\n').includes(`CONFIG_${option}=y`);
}
