// SPDX-License-Identifier: GPL-2.0-only
/** Which options the Kconfig files of a commit define, found out without checking it out. */
import { git } from '../host/git.ts';

/** Those of the names, without CONFIG_, that some Kconfig file of `arch/<srcarch>` or of no architecture defines. */
export async function definedAt(
  repository: string,
  commit: string,
  names: readonly string[],
  srcarch: string,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  if (names.length === 0) return new Set();
  const pattern = `^[[:space:]]*(menu)?config[[:space:]]+(${names.join('|')})[[:space:]]*(#.*)?$`;
  const words = ['grep', '--full-name', '-E', '-e', pattern, commit, '--', '*Kconfig*'];
  return parseDefinitions(await git(repository, words, signal, { accept: [1] }), srcarch);
}

/** Reads git grep's 'COMMIT:PATH:config NAME' lines. */
export function parseDefinitions(answer: string, srcarch: string): ReadonlySet<string> {
  const names = answer.split('\n').flatMap(line => {
    const match = /^[^:]+:([^:]+):\s*(?:menu)?config\s+(\w+)/.exec(line);
    const arch = /^arch\/([^/]+)\//.exec(match?.[1] ?? '')?.[1];
    return match && (arch === undefined || arch === srcarch) ? [match[2]!] : [];
  });
  return new Set(names);
}
