// SPDX-License-Identifier: GPL-2.0-only
/** From what the user typed to fragments: names in kconfigs/, paths of files, CONFIG_X=value items. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../host/errors.ts';
import { readIfThere } from '../host/files.ts';
import { folders, unknownName, type Workspace } from '../workspace.ts';
import { parseFragment } from './fragment.ts';
import type { Fragment } from './kconfig.ts';

/** Names of the fragments in kconfigs/, sorted. */
export async function fragmentNames(workspace: Workspace): Promise<readonly string[]> {
  const files = await readdir(folders.kconfigs(workspace)).catch(() => []);
  return files
    .filter(file => file.endsWith('.config') && !file.startsWith('.'))
    .map(file => file.slice(0, -'.config'.length))
    .sort();
}

/** Reads fragments in the order given. A name stands for NAME.config and, behind it, for what one architecture adds
 *  to that, NAME.SRCARCH.config, and what `others` do, NAME.OTHER.config: a tree, a series; one of them is enough.
 *  @throws UserError for an unknown name, a file that is not there, a line that is not an option */
export async function findFragments(
  workspace: Workspace,
  words: readonly string[],
  srcarch: string,
  others: readonly string[] = [],
): Promise<Fragment[]> {
  const found: Fragment[] = [];
  for (const word of words) found.push(...(await fragmentsFor(workspace, word, [srcarch, ...others])));
  return found;
}

async function fragmentsFor(
  workspace: Workspace,
  word: string,
  adding: readonly string[],
): Promise<Fragment[]> {
  if (/^CONFIG_\w+=/.test(word) || /^# CONFIG_/.test(word)) return [parseFragment(word, 'item')];
  const isPath = word.includes('/') || word.endsWith('.config');
  if (!isPath) {
    const found: Fragment[] = [];
    for (const name of [word, ...adding.map(one => `${word}.${one}`)]) {
      const file = path.join(folders.kconfigs(workspace), `${name}.config`);
      const text = await readIfThere(file);
      if (text !== undefined) found.push(parseFragment(text, name, file));
    }
    if (found.length > 0) return found;
    throw unknownName('fragment', word, await fragmentNames(workspace));
  }
  const file = path.resolve(word);
  const text = await readIfThere(file);
  if (text !== undefined) return [parseFragment(text, word, file)];
  throw new UserError(`there is no fragment ${file}`, {
    hint: 'a fragment is a name from kconfigs/, a path to a file, or CONFIG_X=value',
  });
}
