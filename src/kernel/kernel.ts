// SPDX-License-Identifier: GPL-2.0-only
/** A built kernel and everything it was made from. */
import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import { number, object, table, text, texts } from '../document.ts';
import { digestSchema, millisecondsSchema } from '../events.ts';

/** What a kernel was asked for with, to be held against what is there now: a difference means another kernel. */
export const kernelOriginSchema = object({
  /** The tree's commit, below the series. */
  base: text,
  /** Over the series' patches; absent for base. */
  series: digestSchema.exactOptional(),
  /** Names, paths, CONFIG_X=value items, and the digest over the options they held. */
  fragments: texts,
  fragmentsDigest: digestSchema,
});
export type KernelOrigin = z.infer<typeof kernelOriginSchema>;

export const kernelSchema = object({
  /** Over git tree id, final .config, ARCH, versions of compiler, linker and assembler, make variables. */
  digest: digestSchema,
  /** 'base' or the name of the series. */
  name: text,
  /** The tree by name, its version, the commit and git tree id that were built. */
  tree: text,
  version: text,
  commit: text,
  treeId: text,
  /** kernelrelease, LOCALVERSION included. */
  release: text,
  /** 'x86_64', 'i386', 'arm64', ... */
  arch: text,
  configDigest: digestSchema,
  fragments: texts,
  /** Absolute paths in the cache. */
  files: object({
    image: text,
    vmlinux: text,
    systemMap: text,
    config: text,
    log: text,
  }),
  imageBytes: number,
  /** Run in a worktree of `commit`. */
  makeArgv: texts,
  /** All that were passed, without the ccache in front of compilers. */
  variables: table(text),
  toolchain: object({ compiler: text, linker: text, assembler: text }),
  /** The compilers' own lines, 'fs/erofs/super.c:12:5: warning: ...' first. */
  warnings: texts,
  /** Bytes as size(1) words them. */
  sections: object({ text: number, data: number, bss: number }),
  /** Wall time of make. */
  built: millisecondsSchema,
  jobs: number,
  /** Steps that a build from scratch prints with so many options enabled; absent when make did not start from scratch. */
  steps: object({ options: number, steps: number }).exactOptional(),
  /** Absent in a kernel that was not asked for by name; no part of the stored record. */
  origin: kernelOriginSchema.exactOptional(),
  /** Of a kernel that a dry run has not built, in place of the file; no part of the stored record. */
  dotConfig: text.exactOptional(),
});
export type Kernel = z.infer<typeof kernelSchema>;

/** Whether it is built in; `option` without CONFIG_. */
export async function hasOption(
  kernel: Pick<Kernel, 'files' | 'dotConfig'>,
  option: string,
): Promise<boolean> {
  const dotConfig = kernel.dotConfig ?? (await readFile(kernel.files.config, 'utf8'));
  return dotConfig.split('\n').includes(`CONFIG_${option}=y`);
}
