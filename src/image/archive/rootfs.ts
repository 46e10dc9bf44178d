// SPDX-License-Identifier: GPL-2.0-only
/** The root file system that an initramfs is unpacked into, as the VFS and tmpfs answer root (fs/init.c, fs/namei.c):
 *  how paths are walked, what exists already, what a name may be. Names and targets are bytes, one per character
 *  (latin1). Content goes to files of the host in one folder; nothing else on the host is read or written. */
import { closeSync, ftruncateSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { formatBits } from '../entry.ts';
import { isZero } from '../sparse.ts';

export type Errno =
  | 'EEXIST'
  | 'EINVAL'
  | 'EISDIR'
  | 'ELOOP'
  | 'ENAMETOOLONG'
  | 'ENOENT'
  | 'ENOTDIR'
  | 'ENOTEMPTY'
  | 'ENXIO'
  | 'EPERM';

export interface Inode {
  /** st_mode. */
  mode: number;
  uid: number;
  gid: number;
  /** Seconds; undefined: when the kernel touched it last. */
  mtime: number | undefined;
  /** Names that are left, for all but directories. */
  links: number;
  readonly device?: { readonly major: number; readonly minor: number };
  readonly target?: string;
  readonly children?: Map<string, Inode>;
  /** Regular files: an absolute path on the host. */
  readonly content?: string;
  bytes: number;
  /** The kernel's own archive has it, and no other member gave it an owner and a mode. */
  builtIn?: boolean;
}

export interface OpenFile {
  readonly inode: Inode;
  write(bytes: Buffer): void;
  truncate(bytes: number): void;
  /** With the time it gets. */
  close(mtime: number): void;
}

export interface Rootfs {
  readonly root: Inode;
  /** What is there; the last component of the path is followed on request, or when a slash ends it. */
  find(path: string, follow: boolean): Inode | Errno;
  makeDirectory(path: string, mode: number): Errno | undefined;
  makeNode(path: string, mode: number, device: Inode['device']): Errno | undefined;
  makeSymlink(path: string, target: string): Errno | undefined;
  link(existing: string, path: string): Errno | undefined;
  remove(path: string): Errno | undefined;
  removeDirectory(path: string): Errno | undefined;
  /** For writing from its beginning; made when it is not there. */
  open(path: string, mode: number, truncate: boolean): OpenFile | Errno;
  /** Closes what a truncated archive left open. */
  close(): void;
}

/** A path up to its last component; no `name` where that is the root, `.` or `..`. */
interface Place {
  readonly parents: Inode[];
  readonly name?: string;
  /** A slash follows the name. */
  readonly slash: boolean;
}

const mostSymlinks = 40;
const nameMax = 255;
/** The NUL at the end of a symlink's target fills the page as well. */
const targetMax = 4095;

const componentsOf = (text: string): string[] => text.split('/').filter(part => part !== '' && part !== '.');
const typeOf = (mode: number): number => mode & 0o170000;

/** The tree a kernel starts from: what usr/default_cpio_list puts into it. `folder` gets the content of files. */
export function newRootfs(folder: string): Rootfs {
  mkdirSync(folder, { recursive: true });
  let contents = 0;
  let opened: { readonly inode: Inode; readonly fd: number } | undefined;

  const newInode = (mode: number, more: Partial<Inode> = {}): Inode => ({
    ...{ mode: mode & 0xffff, uid: 0, gid: 0, mtime: undefined, links: 1, bytes: 0 },
    ...more,
  });
  const newDirectory = (mode: number) =>
    newInode(formatBits.dir | (mode & 0o7777), { children: new Map<string, Inode>() });
  const root = newDirectory(0o1777);

  /** Symlinks in front of the last component are followed; `count.links` of them have been so far. */
  function placeOf(
    text: string,
    start: readonly Inode[],
    count: { links: number },
    slash = text.endsWith('/'),
  ): Place | Errno {
    const parents = text.startsWith('/') ? [root] : [...start];
    const pending = text.split('/').filter(part => part !== '');
    const last = pending.pop();
    while (pending.length > 0) {
      const name = pending.shift()!;
      const error = step(name, parents, pending, count);
      if (error) return error;
    }
    if (last === undefined || last === '.') return { parents, slash };
    if (last === '..') {
      if (parents.length > 1) parents.pop();
      return { parents, slash };
    }
    return last.length > nameMax ? 'ENAMETOOLONG' : { parents, name: last, slash };
  }

  /** One component in the middle of a path. */
  function step(
    name: string,
    parents: Inode[],
    pending: string[],
    count: { links: number },
  ): Errno | undefined {
    if (name === '.') return undefined;
    if (name === '..') {
      if (parents.length > 1) parents.pop();
      return undefined;
    }
    if (name.length > nameMax) return 'ENAMETOOLONG';
    const next = parents.at(-1)!.children!.get(name);
    if (!next) return 'ENOENT';
    if (next.children) {
      parents.push(next);
      return undefined;
    }
    if (next.target === undefined) return 'ENOTDIR';
    if (++count.links > mostSymlinks) return 'ELOOP';
    if (next.target.startsWith('/')) parents.splice(1);
    pending.unshift(...componentsOf(next.target));
    return undefined;
  }

  /** The inode behind a place. */
  function inodeAt(place: Place, follow: boolean, count: { links: number }): Inode | Errno {
    const { parents, name, slash } = place;
    const directory = parents.at(-1)!;
    const found = name === undefined ? directory : directory.children!.get(name);
    if (!found) return 'ENOENT';
    if (found.target === undefined || !(follow || slash)) {
      return slash && !found.children ? 'ENOTDIR' : found;
    }
    if (++count.links > mostSymlinks) return 'ELOOP';
    const next = placeOf(found.target, parents, count, slash || found.target.endsWith('/'));
    return typeof next === 'string' ? next : inodeAt(next, true, count);
  }

  function find(text: string, follow: boolean): Inode | Errno {
    const count = { links: 0 };
    const place = placeOf(text, [root], count);
    return typeof place === 'string' ? place : inodeAt(place, follow, count);
  }

  /** Where something new may be made. */
  function vacant(text: string, directory: boolean): { parent: Inode; name: string } | Errno {
    const place = placeOf(text, [root], { links: 0 });
    if (typeof place === 'string') return place;
    const parent = place.parents.at(-1)!;
    if (place.name === undefined || parent.children!.has(place.name)) return 'EEXIST';
    if (place.slash && !directory) return 'ENOENT';
    return { parent, name: place.name };
  }

  function put(text: string, inode: Inode): Errno | undefined {
    const place = vacant(text, inode.children !== undefined);
    if (typeof place === 'string') return place;
    create(place.parent, place.name, inode);
    return undefined;
  }

  /** A set-group-ID directory hands down its group. */
  function create(parent: Inode, name: string, inode: Inode): void {
    if (parent.mode & 0o2000) inode.gid = parent.gid;
    enter(parent, name, inode);
  }

  function enter(parent: Inode, name: string, inode: Inode): void {
    parent.children!.set(name, inode);
    parent.mtime = undefined;
  }

  function leave(parent: Inode, name: string, inode: Inode): void {
    parent.children!.delete(name);
    parent.mtime = undefined;
    inode.links--;
    if (inode.links === 0 && inode.content !== undefined && opened?.inode !== inode) rmSync(inode.content);
  }

  function openAt(place: Place, mode: number, truncate: boolean, count: { links: number }): OpenFile | Errno {
    const { parents, name, slash } = place;
    if (name === undefined || slash) return 'EISDIR';
    const parent = parents.at(-1)!;
    const there = parent.children!.get(name);
    if (there?.target !== undefined) {
      if (++count.links > mostSymlinks) return 'ELOOP';
      const next = placeOf(there.target, parents, count);
      return typeof next === 'string' ? next : openAt(next, mode, truncate, count);
    }
    if (there?.children) return 'EISDIR';
    if (there && there.content === undefined) return 'ENXIO';
    const inode =
      there ??
      newInode(formatBits.file | (mode & 0o7777), { content: path.join(folder, String(++contents)) });
    if (!there) create(parent, name, inode);
    return openInode(inode, !there || truncate);
  }

  function openInode(inode: Inode, truncate: boolean): OpenFile {
    close();
    const fd = openSync(inode.content!, truncate ? 'w' : 'r+');
    opened = { inode, fd };
    inode.mtime = undefined;
    if (truncate) inode.bytes = 0;
    /** Behind it all is zero. */
    let written = inode.bytes;
    let at = 0;
    return {
      inode,
      truncate(bytes) {
        ftruncateSync(fd, bytes);
        inode.bytes = bytes;
        written = Math.min(written, bytes);
      },
      write(bytes) {
        const end = at + bytes.length;
        if (at < written || !isZero(bytes)) {
          for (let done = 0; done < bytes.length;) {
            done += writeSync(fd, bytes, done, bytes.length - done, at + done);
          }
          written = Math.max(written, end);
        }
        inode.bytes = Math.max(inode.bytes, end);
        at = end;
      },
      close(mtime) {
        inode.mtime = mtime;
        close();
      },
    };
  }

  function close(): void {
    if (!opened) return;
    const { inode, fd } = opened;
    opened = undefined;
    ftruncateSync(fd, inode.bytes);
    closeSync(fd);
    if (inode.links === 0) rmSync(inode.content!);
  }

  const rootfs: Rootfs = {
    root,
    find,
    close,
    makeDirectory: (text, mode) => put(text, newDirectory(mode)),
    makeNode: (text, mode, device) => put(text, newInode(mode, device ? { device } : {})),
    makeSymlink: (text, target) =>
      target.length > targetMax
        ? 'ENAMETOOLONG'
        : put(text, newInode(formatBits.symlink | 0o777, { target, bytes: target.length })),
    link(existing, text) {
      const inode = find(existing, false);
      if (typeof inode === 'string') return inode;
      const place = vacant(text, false);
      if (typeof place === 'string') return place;
      if (inode.children) return 'EPERM';
      inode.links++;
      enter(place.parent, place.name, inode);
      return undefined;
    },
    remove(text) {
      const place = placeOf(text, [root], { links: 0 });
      if (typeof place === 'string') return place;
      const parent = place.parents.at(-1)!;
      const inode = place.name === undefined ? parent : parent.children!.get(place.name);
      if (!inode) return 'ENOENT';
      if (inode.children) return 'EISDIR';
      if (place.slash) return 'ENOTDIR';
      leave(parent, place.name!, inode);
      return undefined;
    },
    removeDirectory(text) {
      const place = placeOf(text, [root], { links: 0 });
      if (typeof place === 'string') return place;
      if (place.name === undefined) return 'EINVAL';
      const parent = place.parents.at(-1)!;
      const inode = parent.children!.get(place.name);
      if (!inode) return 'ENOENT';
      if (!inode.children) return 'ENOTDIR';
      if (inode.children.size > 0) return 'ENOTEMPTY';
      leave(parent, place.name, inode);
      return undefined;
    },
    open(text, mode, truncate) {
      const count = { links: 0 };
      const place = placeOf(text, [root], count);
      return typeof place === 'string' ? place : openAt(place, mode, truncate, count);
    },
  };
  rootfs.makeDirectory('dev', 0o755);
  rootfs.makeNode('dev/console', formatBits.char | 0o600, { major: 5, minor: 1 });
  rootfs.makeDirectory('root', 0o700);
  for (const name of ['/', 'dev', 'dev/console', 'root']) (find(name, false) as Inode).builtIn = true;
  return rootfs;
}

/** Whether an st_mode has the type of another one. */
export const sameType = (mode: number, other: number): boolean => typeOf(mode) === typeOf(other);
