// SPDX-License-Identifier: GPL-2.0-only
/** What no patch of a kernel does: names outside the tree, links out of it, repositories inside it, text that is no
 *  text. Said before anything is applied where the mail shows it, and before a ref is made where only the result does. */
import path from 'node:path';
import { UserError } from '../../host/errors.ts';
import { git } from '../../host/git.ts';
import type { Part } from './parts.ts';

/** @throws UserError */
export function refuseNames(part: Part): void {
  for (const name of namesIn(part.text)) {
    const parts = name.split('/');
    const why = name.startsWith('/')
      ? 'from the root of the file system'
      : parts.includes('..')
        ? 'out of the tree'
        : parts.some(each => /^\.git$/i.test(each))
          ? 'into git'
          : name.includes('\0')
            ? 'with a NUL'
            : undefined;
    if (why === undefined) continue;
    throw new UserError(`${part.place} reaches ${why}: ${name}`, {
      hint: 'no patch of a kernel does; nothing was applied',
    });
  }
}

/** Every name in the headers of a diff, prefixes a/ and b/ taken off. */
export function namesIn(text: string): string[] {
  const names: string[] = [];
  const take = (word: string) => {
    const name = unquote(word.replace(/\t.*$/, '').trimEnd());
    if (name !== '/dev/null') names.push(name.replace(/^[abciow]\//, ''));
  };
  for (const line of text.split('\n')) {
    const header = /^(?:--- |\+\+\+ |rename from |rename to |copy from |copy to )(.+)$/.exec(line);
    if (header) take(header[1]!.replace(/\r$/, ''));
    const git = /^diff --git (?:("(?:[^"\\]|\\.)*"|\S+)) (.+)$/.exec(line);
    if (git) {
      take(git[1]!);
      take(git[2]!.replace(/\r$/, ''));
    }
  }
  return names;
}

/** git's quoted name: "a/\303\274\t". */
function unquote(word: string): string {
  if (!word.startsWith('"') || !word.endsWith('"')) return word;
  const plain: Readonly<Record<string, string>> = { n: '\n', t: '\t', '"': '"', '\\': '\\' };
  return word
    .slice(1, -1)
    .replace(/\\([0-7]{3}|.)/g, (_all, code: string) =>
      code.length === 3 ? String.fromCharCode(Number.parseInt(code, 8)) : (plain[code] ?? code),
    );
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
