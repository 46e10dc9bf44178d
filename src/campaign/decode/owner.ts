// SPDX-License-Identifier: GPL-2.0-only
/** Which patch of a series owns a line, or lines of a function: git blame over the commits of the series alone. */
import type { z } from 'zod';
import { number, object, text } from '../../document.ts';
import { git, ownConfigOnly } from '../../host/git.ts';
import type { Location } from './trace.ts';

export const ownerSchema = object({
  /** From 1. */
  number: number,
  commit: text,
  subject: text,
});
export type Owner = z.infer<typeof ownerSchema>;

export interface Owners {
  /** The patch that wrote the line; undefined when it is the base's. */
  ofLine(place: Location): Promise<Owner | undefined>;
  /** The patches that wrote lines of a function; none when no file of the series has it. */
  ofFunction(name: string): Promise<readonly Owner[]>;
}

/** `commits`: the patches, the first one first, on `base`. */
export function ownersIn(
  repository: string,
  base: string,
  commits: readonly string[],
  signal: AbortSignal,
): Owners {
  const tip = commits.at(-1) ?? base;
  const owners = new Map<string, Promise<Owner>>();
  const ownerOf = (commit: string) => {
    if (!owners.has(commit)) {
      const asked = git(repository, ['show', '-s', '--format=%s', commit], signal);
      owners.set(
        commit,
        asked.then(subject => ({ number: commits.indexOf(commit) + 1, commit, subject })),
      );
    }
    return owners.get(commit)!;
  };
  const blamed = async (file: string, range: string): Promise<readonly Owner[]> => {
    const args = ['blame', '--porcelain', '-L', range, `${base}..${tip}`, '--', file];
    const said = await git(repository, args, signal, { env: ownConfigOnly, accept: [128] });
    const found = said.split('\n').flatMap(line => /^([0-9a-f]{40}) \d+ \d+/.exec(line)?.[1] ?? []);
    const own = [...new Set(found)].filter(commit => commits.includes(commit));
    return Promise.all(own.map(ownerOf));
  };
  let touched: Promise<readonly string[]> | undefined;
  const filesOf = () => {
    const args = ['diff-tree', '-r', '-z', '--name-only', '--no-renames', base, tip];
    touched ??= git(repository, args, signal).then(list =>
      list.split('\0').filter(name => /\.[chS]$/.test(name)),
    );
    return touched;
  };
  return {
    async ofLine({ file, line }) {
      if (commits.length === 0 || !(await filesOf()).includes(file)) return undefined;
      return (await blamed(file, `${line},${line}`))[0];
    },
    async ofFunction(name) {
      if (commits.length === 0) return [];
      // gcc's clones are called after the function: foo.isra.0, foo.cold
      const plain = name.replace(/\..*$/, '');
      for (const file of await filesOf()) {
        const text = await git(repository, ['cat-file', 'blob', `${tip}:${file}`], signal, { accept: [128] });
        const range = functionRange(text, plain);
        if (range) return blamed(file, `${range.first},${range.last}`);
      }
      return [];
    },
  };
}

/** Lines of a function's definition in kernel style: its name before a bracket on a line that is not indented, and the
 *  first closing brace at the start of a line. Pure. */
export function functionRange(text: string, name: string): { first: number; last: number } | undefined {
  const lines = text.split('\n');
  const head = new RegExp(`^(?:[A-Za-z_][^;=]*\\b)?${name}\\(`);
  for (const [index, line] of lines.entries()) {
    if (!head.test(line)) continue;
    const brace = lines.findIndex((each, at) => at >= index && /^\{|\{\s*$/.test(each));
    const end = lines.findIndex((each, at) => at >= index && /;\s*$/.test(each));
    // A declaration ends before a body begins.
    if (brace < 0 || (end >= 0 && end < brace)) continue;
    const close = lines.findIndex((each, at) => at >= brace && /^\}/.test(each));
    return { first: index + 1, last: (close < 0 ? lines.length - 1 : close) + 1 };
  }
  return undefined;
}
