// SPDX-License-Identifier: GPL-2.0-only
/** Which patch of an applied series each line of a file comes from, as git blame tells it. */
import { git } from '../host/git.ts';
import type { Range } from './diff.ts';

/** By line number, from 1: the commit, for those lines alone that the range has brought. */
export async function addedBy(
  repository: string,
  { base, tip }: Range,
  file: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, string>> {
  const said = await git(repository, ['blame', '--porcelain', `${base}..${tip}`, '--', file], signal);
  return parseBlame(said);
}

/** What git-blame(1) --porcelain prints; commits at the edge of the range are marked as its boundary. Pure. */
export function parseBlame(said: string): ReadonlyMap<number, string> {
  const boundary = new Set<string>();
  const lines: { line: number; commit: string }[] = [];
  let commit = '';
  for (const text of said.split('\n')) {
    const header = /^([0-9a-f]{40,64}) \d+ (\d+)(?: \d+)?$/.exec(text);
    if (header) {
      commit = header[1]!;
      lines.push({ line: Number(header[2]), commit });
    } else if (text === 'boundary') boundary.add(commit);
  }
  return new Map(lines.filter(one => !boundary.has(one.commit)).map(one => [one.line, one.commit]));
}
