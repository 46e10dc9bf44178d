// SPDX-License-Identifier: GPL-2.0-only
/** /.initbench in a payload: the probe, and the list of files it reads when it is asked to use a part of them. */
import { readFileSync } from 'node:fs';
import type { Draft } from './draft.ts';
import type { Entry } from './entry.ts';
import { randomFrom, shuffled } from './random.ts';

export const probeFolder = '.initbench';
const seed = 0x66696c65;

/** A path as one word on a line: bytes outside printable ASCII, blanks and backslashes as \ooo (proc_pid_mounts(5)). */
export function escapePath(text: string): string {
  return text.replace(
    /[^\x21-\x5b\x5d-\x7e]/g,
    byte => `\\${byte.charCodeAt(0).toString(8).padStart(3, '0')}`,
  );
}

/** First line `total BYTES`, then the absolute path of each regular file in an order that is always the same
 *  for the same files and tells nothing of where they lie in an image. Hard links count once. */
export function formatFileList(entries: readonly Entry[]): string {
  const seen = new Set<number>();
  const files = entries.filter(({ kind, path, link }) => {
    if (kind !== 'file' || path.startsWith(`${probeFolder}/`) || (link && seen.has(link))) return false;
    if (link) seen.add(link);
    return true;
  });
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const lines = shuffled(files, randomFrom(seed)).map(({ path }) => `/${escapePath(path)}`);
  return `${[`total ${total}`, ...lines].join('\n')}\n`;
}

/** Puts probe and file list into a draft that is otherwise complete. What was there under these names goes. */
export function addProbe(draft: Draft, probe: string): void {
  draft.remove(probeFolder);
  const list = formatFileList(draft.entries());
  draft.directory(probeFolder);
  draft.file(`${probeFolder}/files`, Buffer.from(list));
  draft.file(`${probeFolder}/probe`, readFileSync(probe), { mode: 0o755 });
}
