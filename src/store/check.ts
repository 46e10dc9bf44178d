// SPDX-License-Identifier: GPL-2.0-only
/** What `initbench fsck` looks at: every place of the cache and the state, one list of findings. What a killed process
 *  has left is taken away or completed; what can be made again is removed when it is damaged; a person's work is not
 *  touched, and named. */
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Work } from '../events.ts';
import { leftBehind, scratchPlaces, settleReplaced } from '../host/files.ts';
import { lifeOf, taggedOwner } from '../host/owner.ts';
import { breakIfDead, describeHolder, lockRemains, readHolder, removeRemains } from '../host/lock.ts';
import { folders, type Workspace } from '../workspace.ts';
import { artifacts } from './artifacts.ts';
import type { Finding, Look } from './finding.ts';
import { records } from './records.ts';
import { repository } from './repository.ts';

const job = 'fsck';

/** Every part in turn. Nothing that a living initbench is at work on is a finding. */
export async function* checkStore(look: Look): Work<Finding[]> {
  const findings: Finding[] = [];
  const parts = { locks, leftovers, repository, artifacts, records } as const;
  for (const [label, part] of Object.entries(parts)) {
    yield { job, type: 'progress', done: findings.length, label: `looking at ${label}` };
    findings.push(...(await part(look)));
  }
  return findings;
}

/** Folders of the workspace down to where locks and scratch folders lie; not what is inside trees and payloads. */
async function places({ cache, state }: Workspace): Promise<string[]> {
  const found = [cache, state];
  for (const top of [cache, state]) {
    for (const first of await subfolders(top)) {
      found.push(first);
      if (/\.git$|\/(ccache|guest|devicetrees|runs)$/.test(first)) continue;
      for (const second of await subfolders(first)) {
        if (/\/(images|kernels|payloads)$/.test(first) && !second.endsWith('/inputs')) continue;
        found.push(second);
        // worktrees/TREE/LABEL, sources/debian/SUITE
        if (/\/(worktrees|sources)$/.test(first)) found.push(...(await subfolders(second)));
      }
    }
  }
  return found;
}

async function subfolders(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter(entry => entry.isDirectory() && !entry.name.startsWith('.') && !entry.name.includes('.lock'))
    .map(entry => path.join(folder, entry.name));
}

async function locks({ workspace, repair }: Look): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const place of await places(workspace)) {
    const { locks, remains } = await lockRemains(place);
    for (const lock of locks) {
      const holder = await readHolder(lock);
      if (!(await breakIfDead(lock, repair))) continue;
      const what = `the lock of a process that is gone: ${describeHolder(holder)}`;
      findings.push({ path: lock, what, action: 'removed' });
    }
    for (const left of remains) {
      // One in the making, or given back, is of no use to anybody else.
      const maker = taggedOwner(path.basename(left));
      if (maker && lifeOf(maker) === 'gone') {
        if (repair) await rm(left, { recursive: true, force: true });
        findings.push({ path: left, what: 'left by a process that is gone', action: 'removed' });
        continue;
      }
      if (repair) await removeRemains(left.slice(0, left.lastIndexOf('.lock.') + '.lock'.length));
    }
  }
  return findings;
}

async function leftovers({ workspace, repair }: Look): Promise<Finding[]> {
  const findings: Finding[] = [];
  const written = [folders.kconfigs(workspace), ...(await subfolders(folders.patches(workspace)))];
  for (const place of [...(await places(workspace)), ...written, ...scratchPlaces()]) {
    for (const settled of await settleReplaced(place, repair))
      findings.push({ ...settled, what: 'it was being replaced by a process that is gone' });
    for (const left of await leftBehind(place)) {
      if (repair) await rm(left, { recursive: true, force: true });
      findings.push({ path: left, what: 'left by a process that is gone', action: 'removed' });
    }
  }
  return findings;
}
