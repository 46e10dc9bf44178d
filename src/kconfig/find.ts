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

/** Reads fragments in the order given.
 *  @throws UserError for an unknown name, a file that is not there, a line that is no option */
export async function findFragments(workspace: Workspace, words: readonly string[]): Promise<Fragment[]> {
  const found: Fragment[] = [];
  for (const word of words) found.push(await findFragment(workspace, word));
  return found;
}

async function findFragment(workspace: Workspace, word: string): Promise<Fragment> {
  if (/^CONFIG_\w+=/.test(word) || /^# CONFIG_/.test(word)) return parseFragment(word, 'item');
  const isPath = word.includes('/') || word.endsWith('.config');
  const file = isPath ? path.resolve(word) : path.join(folders.kconfigs(workspace), `${word}.config`);
  const text = await readIfThere(file);
  if (text !== undefined) return parseFragment(text, word, file);
  if (!isPath) throw unknownName('fragment', word, await fragmentNames(workspace));
  throw new UserError(`there is no fragment ${file}`, {
    hint: 'a fragment is a name from kconfigs/, a path to a file, or CONFIG_X=value',
  });
}
