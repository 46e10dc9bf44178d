// SPDX-License-Identifier: GPL-2.0-only
/** What must stay: the kernels, images and payloads that runs were made with, and the kernels of trees and series as
 *  they are now. */
import path from 'node:path';
import { listRuns } from '../boot/store.ts';
import type { Digest } from '../events.ts';
import { exists, shortDigest } from '../host/files.ts';
import { git } from '../host/git.ts';
import { folders, type Workspace } from '../workspace.ts';
import { listKernels } from '../kernel/store.ts';

export interface Needs {
  /** Why a path stays; undefined: nothing needs it. */
  reason(file: string): string | undefined;
}

/** `forgotten` are runs that are about to go: they need nothing. @throws UserError when git cannot be asked */
export async function needsOf(
  workspace: Workspace,
  forgotten: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Needs> {
  const reasons = new Map<string, string>();
  const need = (file: string, reason: string) => {
    if (!reasons.has(file)) reasons.set(file, reason);
  };
  const images = (digest: Digest) => path.join(folders.images(workspace), digest);
  for (const { id, run } of await listRuns(workspace, { count: Number.POSITIVE_INFINITY })) {
    if (!run || forgotten.has(id)) continue;
    const reason = `the run ${id}`;
    need(path.join(folders.kernels(workspace), shortDigest(run.kernel.digest)), reason);
    need(path.join(folders.payloads(workspace), run.payload.digest), reason);
    for (const { digest } of run.images) need(images(digest), reason);
  }
  const tips = await currentCommits(workspace, signal);
  for (const { digest, name, commit } of await listKernels(workspace)) {
    if (tips.has(commit)) {
      need(path.join(folders.kernels(workspace), shortDigest(digest)), `${name} as it is now`);
    }
  }
  return { reason: file => reasons.get(file) };
}

/** The commits that trees and series are at. */
async function currentCommits(workspace: Workspace, signal: AbortSignal): Promise<Set<string>> {
  const repository = folders.repository(workspace);
  if (!(await exists(repository))) return new Set();
  const refs = ['for-each-ref', '--format=%(objectname)', 'refs/initbench/trees', 'refs/initbench/series'];
  return new Set((await git(repository, refs, signal)).split('\n').filter(Boolean));
}
