// SPDX-License-Identifier: GPL-2.0-only
/** The tree that unpacking leaves in the kernel's rootfs, kept in memory: paths are walked as init/initramfs.c has
 *  them walked (symlinks followed, `..` ending at the root), later members replace earlier ones, and a member whose
 *  directory is not there is dropped. Nothing of it touches the host's file system. */
import { type Draft, kindOf, utf8 } from '../draft.ts';
import type { Entry } from '../image.ts';

/** What a member brings, however it was stored. */
export interface Node {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  readonly target?: Buffer;
  readonly device?: { readonly major: number; readonly minor: number };
  readonly data?: Buffer;
}

interface Inode {
  node: Node;
  /** Directories: by name, bytes as latin1. */
  readonly children?: Map<string, Inode>;
}

/** Names are latin1 strings: one character per byte, whatever they are. */
export interface Rootfs {
  /** False when the kernel would have dropped it: no such directory, or a full directory in its place. */
  put(path: string, node: Node): boolean;
  /** A further name for a file that is there. */
  link(path: string, existing: string): boolean;
  has(path: string): boolean;
  /** Everything, into a draft. @throws UserError on a path that is no UTF-8 */
  copyTo(draft: Draft, what: string): void;
}

const symlinkLimit = 40;
const keep = (node: Node) => (node.device ? { device: node.device } : {});
const typeOf = (node: Node) => node.mode & 0o170000;

export function newRootfs(): Rootfs {
  const root: Inode = { node: { mode: 0o040755, uid: 0, gid: 0, mtime: 0 }, children: new Map() };

  /** The directory that `path` ends in and the last component's name; undefined when there is none. */
  function walk(path: string): { parents: Inode[]; name: string } | undefined {
    const pending = path.split('/').filter(part => part !== '' && part !== '.');
    const parents = [root];
    let followed = 0;
    while (pending.length > 0) {
      const name = pending.shift()!;
      if (name === '..') {
        if (parents.length > 1) parents.pop();
        continue;
      }
      if (pending.length === 0) return { parents, name };
      const next = parents.at(-1)!.children!.get(name);
      if (next?.children) {
        parents.push(next);
      } else if (next?.node.target) {
        if (++followed > symlinkLimit) return undefined;
        const target = next.node.target.toString('latin1');
        if (target.startsWith('/')) parents.length = 1;
        pending.unshift(...target.split('/').filter(part => part !== '' && part !== '.'));
      } else {
        return undefined;
      }
    }
    return { parents, name: '' };
  }

  /** Makes room for a node of a type, as clean_path() does: another type goes away, if it can. */
  function clear(directory: Inode, name: string, type: number): boolean {
    const there = directory.children!.get(name);
    if (!there || typeOf(there.node) === type) return true;
    if (there.children && there.children.size > 0) return false;
    directory.children!.delete(name);
    return true;
  }

  const place = (path: string) => {
    const found = walk(path);
    return found?.name ? { directory: found.parents.at(-1)!, name: found.name } : undefined;
  };

  const find = (path: string) => {
    const at = place(path);
    return at && at.directory.children!.get(at.name);
  };

  return {
    put(path, node) {
      const found = walk(path);
      if (!found) return false;
      // The root itself: the kernel changes its owner and mode, which no format here can carry.
      if (found.name === '') return kindOf(node.mode) === 'dir';
      const directory = found.parents.at(-1)!;
      if (!clear(directory, found.name, typeOf(node))) return false;
      const there = directory.children!.get(found.name);
      const kind = kindOf(node.mode);
      if (there && kind === 'file') there.node = node;
      // mkdir and mknod find it there already; owner, mode and time are set all the same.
      else if (there && kind !== 'symlink') there.node = { ...there.node, ...node, ...keep(there.node) };
      else if (kind === 'dir') directory.children!.set(found.name, { node, children: new Map() });
      else directory.children!.set(found.name, { node });
      return true;
    },
    link(path, existing) {
      const inode = find(existing);
      const to = place(path);
      if (!inode || inode.children || !to) return false;
      if (to.directory.children!.get(to.name) === inode) return true;
      if (!clear(to.directory, to.name, 0)) return false;
      to.directory.children!.set(to.name, inode);
      return true;
    },
    has: path => find(path) !== undefined,
    copyTo(draft, what) {
      const placed = new Map<Inode, Entry>();
      const visit = (inode: Inode, at: string) => {
        for (const [name, child] of inode.children!) {
          const text = utf8(Buffer.from(name, 'latin1'), `${what}: a name in /${at}`);
          const path = at ? `${at}/${text}` : text;
          const known = placed.get(child);
          if (known) draft.link(path, known);
          else addTo(draft, path, child.node, what);
          if (!known && !child.children) placed.set(child, draft.get(path)!);
          if (child.children) visit(child, path);
        }
      };
      visit(root, '');
    },
  };
}

function addTo(draft: Draft, path: string, node: Node, what: string): void {
  const { uid, gid, mtime } = node;
  const meta = { mode: node.mode & 0o7777, uid, gid, mtime };
  const kind = kindOf(node.mode)!;
  if (kind === 'dir') draft.directory(path, meta);
  else if (kind === 'file') draft.file(path, node.data ?? Buffer.alloc(0), meta);
  else if (kind === 'symlink')
    draft.symlink(path, utf8(node.target!, `${what}: the target of /${path}`), meta);
  else draft.node(path, kind, node.device?.major ?? 0, node.device?.minor ?? 0, meta);
}
