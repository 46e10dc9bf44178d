// SPDX-License-Identifier: GPL-2.0-only
/** Whether a path of a payload leads to something the kernel can execute; pure. */
import { shownName } from './draft.ts';
import type { Entry } from './entry.ts';

const symlinkLimit = 40;

/** Follows symlinks within the payload. Returns what is wrong, or undefined when a regular file with an
 *  execute bit is found; what its content is shows at boot. */
export function findExecutable(
  payload: { get(path: string): Pick<Entry, 'kind' | 'mode' | 'target'> | undefined },
  start: string,
): string | undefined {
  const pending = start.split('/');
  const at: string[] = [];
  let followed = 0;
  while (pending.length > 0) {
    const part = pending.shift()!;
    if (part === '' || part === '.') continue;
    if (part === '..') {
      at.pop();
      continue;
    }
    const path = [...at, part].join('/');
    const entry = payload.get(path);
    if (!entry) return `/${shownName(path)} is not there`;
    if (entry.kind === 'symlink') {
      if (++followed > symlinkLimit) return `too many symlinks at /${shownName(path)}`;
      if (entry.target!.startsWith('/')) at.length = 0;
      pending.unshift(...entry.target!.split('/'));
    } else if (pending.some(rest => rest !== '' && rest !== '.') || entry.kind === 'dir') {
      if (entry.kind !== 'dir') return `/${shownName(path)} is not a directory`;
      at.push(part);
    } else if (entry.kind !== 'file') {
      return `/${shownName(path)} is not a regular file`;
    } else {
      return entry.mode & 0o111 ? undefined : `/${shownName(path)} is not executable`;
    }
  }
  return `/${shownName(at.join('/'))} is a directory`;
}
