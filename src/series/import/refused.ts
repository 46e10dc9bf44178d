// SPDX-License-Identifier: GPL-2.0-only
/** What no patch of a kernel does: paths outside the tree, links out of it, repositories inside it. Refused before a ref
 *  is made. */
import path from 'node:path';
import { UserError } from '../../host/errors.ts';
import { git } from '../../host/git.ts';

/** @throws UserError for a path that no patch of a kernel has */
export function refusePath(place: string, name: string): void {
  const parts = name.split('/');
  const why = name.startsWith('/')
    ? 'from the root of the file system'
    : parts.includes('..')
      ? 'out of the tree'
      : parts.some(each => /^\.git$/i.test(each))
        ? 'into git'
        : undefined;
  if (why === undefined) return;
  throw new UserError(`${place} reaches ${why}: ${name}`, {
    hint: 'no patch of a kernel does; nothing was applied',
  });
}

/** Links and repositories that the patches add. @throws UserError */
export async function refuseEntries(
  repository: string,
  base: string,
  tip: string,
  signal: AbortSignal,
): Promise<void> {
  const args = ['diff-tree', '-r', '-z', '--no-renames', '--diff-filter=AMT', base, tip];
  const words = (await git(repository, args, signal)).split('\0');
  for (let at = 0; at + 1 < words.length; at += 2) {
    const [, mode, , blob] = words[at]!.slice(1).split(' ');
    const name = words[at + 1]!;
    if (mode === '160000') {
      throw new UserError(`the series puts another repository at ${name}`, { hint: 'nothing was applied' });
    }
    if (mode !== '120000') continue;
    const target = await git(repository, ['cat-file', 'blob', blob!], signal);
    const resolved = path.posix.normalize(path.posix.join(path.posix.dirname(name), target));
    if (!target.startsWith('/') && resolved !== '..' && !resolved.startsWith('../')) continue;
    throw new UserError(`the series makes ${name} a link out of the tree, to ${target}`, {
      hint: 'nothing was applied',
    });
  }
}
