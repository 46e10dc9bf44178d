// SPDX-License-Identifier: GPL-2.0-only
/** Which commit to look at next, and which one it was: bisection of a history with merges, where some commits tell
 *  nothing. Pure. */

/** Commits between good and bad, parents before their children; `good` itself is the first, `bad` the last. */
export interface History {
  readonly commits: readonly string[];
  /** Those that are in `commits`. */
  readonly parents: ReadonlyMap<string, readonly string[]>;
}

export type Mark = 'good' | 'bad' | 'skip';

export type Next =
  /** `left`: how many commits may still be the first bad one. */
  | { readonly kind: 'test'; readonly commit: string; readonly left: number }
  | { readonly kind: 'found'; readonly commit: string }
  /** The first bad one is among these; the others of them could not be judged. */
  | { readonly kind: 'among'; readonly commits: readonly string[] };

/** A line of commits, first one first. */
export const lineOf = (commits: readonly string[]): History => ({
  commits,
  parents: new Map(commits.map((commit, index) => [commit, index === 0 ? [] : [commits[index - 1]!]])),
});

/** Of a commit, all it is made on, itself included. */
export function ancestorsOf(history: History, commit: string): Set<string> {
  const found = new Set([commit]);
  for (const each of found) for (const parent of history.parents.get(each) ?? []) found.add(parent);
  return found;
}

/** What may still be the first bad commit: made on no other bad one, and itself not part of a good one. */
export function suspectsOf(history: History, marks: ReadonlyMap<string, Mark>): readonly string[] {
  let suspects = new Set(history.commits);
  for (const [commit, mark] of marks) {
    if (mark === 'bad') {
      const within = ancestorsOf(history, commit);
      suspects = new Set([...suspects].filter(each => within.has(each)));
    }
  }
  for (const [commit, mark] of marks) {
    if (mark === 'good') for (const each of ancestorsOf(history, commit)) suspects.delete(each);
  }
  return history.commits.filter(commit => suspects.has(commit));
}

/** How many candidates near the middle of the order are weighed exactly. */
const weighed = 33;

/** Both ends are marked already. */
export function nextCommit(history: History, marks: ReadonlyMap<string, Mark>): Next {
  const suspects = suspectsOf(history, marks);
  if (suspects.length === 1) return { kind: 'found', commit: suspects[0]! };
  const untested = suspects.filter(commit => !marks.has(commit));
  if (untested.length === 0) return { kind: 'among', commits: suspects };
  const within = new Set(suspects);
  const half = suspects.length / 2;
  const middle = (untested.length - 1) / 2;
  const candidates = untested
    .map((commit, index) => ({ commit, far: Math.abs(index - middle) }))
    .sort((a, b) => a.far - b.far)
    .slice(0, weighed);
  let best: { commit: string; off: number } | undefined;
  for (const { commit } of candidates) {
    const weight = [...ancestorsOf(history, commit)].filter(each => within.has(each)).length;
    const off = Math.abs(weight - half);
    if (!best || off < best.off) best = { commit, off };
  }
  return { kind: 'test', commit: best!.commit, left: suspects.length };
}
