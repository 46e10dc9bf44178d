// SPDX-License-Identifier: GPL-2.0-only
/** Which options a series adds that a person would switch on to try it: with a prompt, and no tests. Pure. */
import { addedLinesOf } from '../diffstat.ts';

/** Their names, without CONFIG_. */
export function draftFragment(patches: readonly { readonly text: string }[]): string[] {
  const added = patches.flatMap(({ text }) => addedLinesOf(text));
  const lines = added.filter(({ path }) => /(^|\/)Kconfig[^/]*$/.test(path)).flatMap(each => each.lines);
  const options: { name: string; about: string[] }[] = [];
  for (const line of lines) {
    const name = /^config (\w+)\s*$/.exec(line)?.[1];
    if (name !== undefined) options.push({ name, about: [] });
    else options.at(-1)?.about.push(line);
  }
  return options
    .filter(({ about }) => about.some(line => /^\s+(?:bool|tristate) "/.test(line)))
    .filter(({ name, about }) => !/TEST/.test(name) && !about.some(line => /depends on .*KUNIT/.test(line)))
    .map(({ name }) => name);
}
