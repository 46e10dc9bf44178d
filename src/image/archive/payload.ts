// SPDX-License-Identifier: GPL-2.0-only
/** What an unpacked root brings into a payload. */
import type { Draft } from '../draft.ts';
import { type Entry, kindOf } from '../entry.ts';
import type { Inode, Rootfs } from './rootfs.ts';

/** Everything but the root itself, and what only the kernel's own archive has. Content is moved, not copied. Returns the
 *  paths that no payload can have: symlinks to nothing. */
export function copyRoot({ root }: Rootfs, draft: Draft): string[] {
  const placed = new Map<Inode, Entry>();
  const left: string[] = [];
  const visit = (directory: Inode, above: string) => {
    for (const [name, inode] of directory.children!) {
      const at = above + name;
      const known = placed.get(inode);
      if (known) {
        draft.link(at, known);
      } else if (inode.target === '') {
        left.push(at);
      } else if (isOurs(inode)) {
        addTo(draft, at, inode);
        if (!inode.children) placed.set(inode, draft.get(at)!);
      }
      if (inode.children) visit(inode, `${at}/`);
    }
  };
  visit(root, '');
  return left;
}

/** Whether any archive but the kernel's has put it there, or something below it. */
const isOurs = (inode: Inode): boolean =>
  !inode.builtIn || [...(inode.children?.values() ?? [])].some(isOurs);

function addTo(draft: Draft, at: string, inode: Inode): void {
  const { mode, uid, gid, mtime = 0, target, content, device } = inode;
  const meta = { mode: mode & 0o7777, uid, gid, mtime };
  const kind = kindOf(mode)!;
  if (kind === 'dir') draft.directory(at, meta);
  else if (kind === 'file') draft.fileFrom(at, content!, 'move', meta);
  else if (kind === 'symlink') draft.symlink(at, target!, meta);
  else draft.node(at, kind, device?.major ?? 0, device?.minor ?? 0, meta);
}
