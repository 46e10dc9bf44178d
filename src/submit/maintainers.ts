// SPDX-License-Identifier: GPL-2.0-only
/** Recipients as the tree itself names them: its scripts/get_maintainer.pl over each patch, run at the top of the base tree
 *  and of no other; and the people whom trailers of the patches name. */
import path from 'node:path';
import { UserError } from '../host/errors.ts';
import { capture } from '../host/exec.ts';
import { exists, readIfThere } from '../host/files.ts';
import { gitEnvironment } from '../host/git.ts';
import type { Worktree } from '../tree/tree.ts';
import { parseAddress } from '../mail/address.ts';
import { parsePeople } from '../mail/sender.ts';
import type { Recipient } from './recipients.ts';

const script = 'scripts/get_maintainer.pl';
/** Where the script looks for its settings within a tree. */
const configFiles = ['.get_maintainer.conf', '.scripts/.get_maintainer.conf'];

export interface Maintainers {
  readonly found: readonly Recipient[];
  /** Lines of the script that name no address, as they are. */
  readonly unread: readonly string[];
}

/** Of each patch, in order. @throws UserError when the tree has no such script, or a setting that may not be */
export async function findMaintainers(
  base: Worktree,
  patches: readonly { readonly path: string }[],
  signal: AbortSignal,
): Promise<Maintainers> {
  if (!(await exists(path.join(base.path, script)))) {
    throw new UserError(`the tree has no ${script}`, { hint: 'write the recipients file by hand' });
  }
  const settings = await readSettings(base);
  const found: Recipient[] = [];
  const unread: string[] = [];
  for (const [index, patch] of patches.entries()) {
    const env = gitEnvironment();
    const printed = await capture(maintainerArgv(patch.path, settings), { cwd: base.path, env, signal });
    const read = parseMaintainers(printed, index + 1);
    found.push(...read.found);
    unread.push(...read.unread.filter(line => !unread.includes(line)));
  }
  return { found, unread };
}

/** The tree's history is not asked unless its settings say so: an imported tree has none, a clone a million commits. */
export function maintainerArgv(patch: string, settings: readonly string[]): readonly string[] {
  const history = settings.some(word => /^--?(?:no-?)?git/.test(word)) ? [] : ['--nogit', '--nogit-fallback'];
  return ['perl', script, ...history, '--rolestats', '--no-remove-duplicates', patch];
}

/** The words of the tree's own .get_maintainer.conf, which the script puts before its arguments. It hands some of them
 *  to a shell. */
async function readSettings(base: Worktree): Promise<readonly string[]> {
  const words: string[] = [];
  for (const name of configFiles) {
    const file = path.join(base.path, name);
    words.push(...parseSettings((await readIfThere(file)) ?? '', file));
  }
  return words;
}

/** @throws UserError for a word that is more than an option with a plain value */
export function parseSettings(text: string, file: string): readonly string[] {
  return text.split('\n').flatMap((line, index) => {
    const words = line.trim().split(/\s+/).filter(Boolean);
    const comment = words.findIndex(word => word.startsWith('#'));
    const meant = comment < 0 ? words : words.slice(0, comment);
    const bad = meant.find(
      word =>
        !/^(?:--?[A-Za-z][A-Za-z0-9_-]*(?:=[\w.,:+@%/-]*)?|[\w.,:+@%][\w.,:+@%/-]*)$/.test(word) ||
        word.includes('..'),
    );
    if (bad === undefined) return meant;
    throw new UserError(
      `${file}:${index + 1}: '${bad}' is not taken from a tree: it could name a program or a file`,
      {
        hint: 'correct the file, or write the recipients file by hand',
      },
    );
  });
}

/** An address as the script's format_email() writes it, then its roles: 'Gao Xiang <xiang@kernel.org> (maintainer:EROFS
 *  FILE SYSTEM)', '"Richard Russon (FlatCap)" <ldm@flatcap.org> (maintainer:LDM)', 'list@example.org (open list:X (Y))'. */
const maintainerLine = /^((?:"(?:[^"\\]|\\.)*"|[^<>"]*?)\s*<[^<>]*>|[^\s<>"()]+)(?:\s+\((.*)\))?$/;

/** People to To, lists to Cc. */
export function parseMaintainers(printed: string, patch: number): Maintainers {
  const found: Recipient[] = [];
  const unread: string[] = [];
  for (const line of printed.split('\n').map(each => each.trim())) {
    if (line === '') continue;
    const match = maintainerLine.exec(line);
    const address = parseAddress(match?.[1] ?? '');
    const reason = match?.[2] ?? 'get_maintainer.pl';
    const isList = /^(?:open|moderated|subscriber) list\b/.test(reason);
    if (address) found.push({ kind: isList ? 'cc' : 'to', address, patches: [patch], reason });
    else unread.push(line);
  }
  return { found, unread };
}

/** Who is named in a commit message: 'Reported-by: A <a@example.org>'. Signatures of the author's own say nothing new. */
export function parseTrailerPeople(message: string, patch: number): Recipient[] {
  return message.split('\n').flatMap((line): Recipient[] => {
    const match = /^(Cc|[A-Z][a-z]+(?:-[a-z]+)*-by): (.*)$/.exec(line);
    const people = parsePeople((match?.[2] ?? '').replace(/\s*(?:#.*|\([^)]*\))$/, ''));
    return people.map(address => ({ kind: 'cc', address, patches: [patch], reason: match![1]! }));
  });
}
