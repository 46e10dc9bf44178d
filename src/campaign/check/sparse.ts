// SPDX-License-Identifier: GPL-2.0-only
/** sparse as kbuild's C=2 calls it, made fit for trees that ask more of it than the last release knows. */
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { capture } from '../../host/exec.ts';
import { scratchFolder } from '../../host/files.ts';
import { makeEnvironment } from '../../kernel/variables.ts';
import type { Workspace } from '../../workspace.ts';

export interface Checker {
  /** '0.6.4' */
  readonly version: string;
  /** make's CHECK. */
  readonly command: string;
}

/** As scripts/checker-valid.sh of Linux 7.0 asks it. */
const trial = 'static inline int u(const int *q) { __typeof_unqual__(*q) v = *q; return v; }\n';

/** Sparse 0.6.4 knows no __typeof_unqual__, and such a tree's kbuild then leaves the check out. Read as __typeof__ it
 *  differs in qualifiers alone, in the base and in a patch alike. */
const stopgap = '-D__typeof_unqual__=__typeof__';

/** @throws UserError when sparse is not installed */
export async function findChecker(
  { environment }: Pick<Workspace, 'environment'>,
  signal: AbortSignal,
): Promise<Checker> {
  const env = makeEnvironment(environment, {});
  const said = await capture(['sparse', '--version'], { env, signal, mergeStderr: true });
  const version = /\d+(\.\d+)+\S*/.exec(said)?.[0] ?? said;
  const scratch = await scratchFolder('sparse');
  try {
    const file = path.join(scratch, 'trial.c');
    await writeFile(file, trial);
    const report = await capture(['sparse', file], { env, signal, mergeStderr: true, accept: [1] });
    return { version, command: /\berror: /.test(report) ? `sparse ${stopgap}` : 'sparse' };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
