// SPDX-License-Identifier: GPL-2.0-only
/** The state: runs, comparisons, campaigns, sweeps. A run that was killed gets its end, a line that was cut short goes;
 *  what else is damaged is a person's to look at. */
import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { completeRun } from '../boot/record.ts';
import { readIfThere, readRecord, writeWhole } from '../host/files.ts';
import { folders } from '../workspace.ts';
import type { Finding, Look } from './finding.ts';

export async function records(look: Look): Promise<Finding[]> {
  const { workspace } = look;
  const lists = [folders.comparisons(workspace), folders.sweeps(workspace)];
  return [
    ...(await runs(look)),
    ...(await lines(look, folders.campaigns(workspace))),
    ...(await Promise.all(lists.map(readable))).flat(),
    ...(await readable(folders.campaigns(workspace))),
  ];
}

async function runs({ workspace, repair }: Look): Promise<Finding[]> {
  const findings: Finding[] = [];
  const top = folders.runs(workspace);
  for (const entry of await readdir(top, { withFileTypes: true }).catch(() => [])) {
    if (!entry.isDirectory() || entry.name.startsWith('.')) continue;
    const folder = path.join(top, entry.name);
    const end = await completeRun(folder, repair).catch((error: Error) => error.message);
    if (end === 'whole' || end === 'running') continue;
    if (end === 'completed') {
      findings.push({ path: folder, what: 'a boot that was killed', action: 'completed' });
    } else if (end === 'empty') {
      // Nothing but what QEMU was told to write to, at most.
      if (repair) await rm(folder, { recursive: true, force: true });
      findings.push({ path: folder, what: 'a boot that was killed before it began', action: 'removed' });
    } else {
      const hint = 'look at it, and remove it when it is of no use';
      findings.push({ path: folder, what: end, action: 'none', hint });
    }
  }
  return findings;
}

/** Files of one JSON value a line: a last line without its end is what a kill has left. */
async function lines({ repair }: Look, folder: string): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const name of await readdir(folder).catch(() => [] as string[])) {
    if (!name.endsWith('.jsonl')) continue;
    const file = path.join(folder, name);
    const text = (await readIfThere(file)) ?? '';
    const bad = text.split('\n').filter(line => line !== '' && !isJson(line));
    if (bad.length === 0 && (text === '' || text.endsWith('\n'))) continue;
    if (repair) {
      const kept = text.split('\n').filter(line => line !== '' && isJson(line));
      await writeWhole(file, kept.map(line => `${line}\n`).join(''));
    }
    findings.push({ path: file, what: 'a line that was cut short', action: 'completed' });
  }
  return findings;
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

async function readable(folder: string): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const name of await readdir(folder).catch(() => [] as string[])) {
    const file = path.join(folder, name);
    if (!name.endsWith('.json') || !(await stat(file)).isFile()) continue;
    const what = await readRecord(file).then(
      () => undefined,
      () => 'is damaged',
    );
    const hint = 'look at it, and remove it when it is of no use';
    if (what) findings.push({ path: file, what, action: 'none', hint });
  }
  return findings;
}
