// SPDX-License-Identifier: GPL-2.0-only
/** The git repository with its worktrees, and the records of the trees in it: locks and half objects of a git that was
 *  killed go away; a commit that is missing is said, with what to do. */
import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { exists } from '../host/files.ts';
import { git, removeStaleLock } from '../host/git.ts';
import { readTree } from '../tree/trees.ts';
import { folders } from '../workspace.ts';
import type { Finding, Look } from './finding.ts';

/** A temporary object that old is of no git at work. */
const temporaryMs = 3_600_000;

export async function repository(look: Look): Promise<Finding[]> {
  const { workspace, signal, full } = look;
  const folder = folders.repository(workspace);
  const findings = [...(await trees(look))];
  if (!(await exists(folder))) return findings;
  findings.push(...(await staleFiles(look, folder)));
  const prune = ['worktree', 'prune', '--verbose', ...(look.repair ? [] : ['--dry-run'])];
  for (const line of (await git(folder, prune, signal)).split('\n').filter(Boolean)) {
    findings.push({ path: folder, what: line, action: 'removed' });
  }
  if (full) {
    const said = await git(folder, ['fsck', '--connectivity-only', '--no-dangling'], signal, {
      accept: [1, 2, 3, 4, 5, 6, 7],
    });
    for (const line of said.split('\n').filter(each => /^(missing|broken|error)/.test(each))) {
      const hint = 'initbench tree remove NAME, then add it again';
      findings.push({ path: folder, what: line, action: 'none', hint });
    }
  }
  return findings;
}

async function staleFiles({ repair }: Look, folder: string): Promise<Finding[]> {
  const findings: Finding[] = [];
  const walk = async (below: string): Promise<void> => {
    for (const entry of await readdir(below, { withFileTypes: true }).catch(() => [])) {
      const file = path.join(below, entry.name);
      if (entry.isDirectory()) {
        await walk(file);
      } else if (entry.name.endsWith('.lock')) {
        if (await removeStaleLock(file, repair)) {
          findings.push({ path: file, what: 'the lock of a git that was killed', action: 'removed' });
        }
      } else if (entry.name.startsWith('tmp_')) {
        const { mtimeMs } = await stat(file);
        if (Math.abs(Date.now() - mtimeMs) < temporaryMs) continue;
        if (repair) await rm(file, { force: true });
        findings.push({ path: file, what: 'half an object of a git that was killed', action: 'removed' });
      }
    }
  };
  await walk(folder);
  return findings;
}

/** A tree's record without its commit, or one that cannot be read. */
async function trees({ workspace, signal }: Look): Promise<Finding[]> {
  const findings: Finding[] = [];
  const folder = folders.trees(workspace);
  for (const file of await readdir(folder).catch(() => [] as string[])) {
    if (!file.endsWith('.json')) continue;
    const name = file.slice(0, -'.json'.length);
    const hint = `initbench tree remove ${name}, then add it again`;
    const found = { path: path.join(folder, file), action: 'none', hint } as const;
    try {
      const tree = (await readTree(workspace, name))!;
      const asked = await git(folders.repository(workspace), ['cat-file', '-t', tree.treeId], signal);
      if (asked !== 'tree') findings.push({ ...found, what: `its commit ${tree.commit} is not there` });
    } catch (error) {
      if (signal.aborted) throw error;
      findings.push({ ...found, what: `cannot be used: ${(error as Error).message}` });
    }
  }
  return findings;
}
