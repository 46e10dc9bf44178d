// SPDX-License-Identifier: GPL-2.0-only
/** What a member of an archive does to the root: do_name() and do_symlink() of init/initramfs.c, in the kernel's order
 *  and with what it does not look at. */
import { formatBits } from '../entry.ts';
import type { HeaderFields } from './newc.ts';
import { type Errno, type Inode, type OpenFile, type Rootfs, sameType } from './rootfs.ts';

/** Why a member is not there in the end: an error of the system call, or a rule of the unpacker. */
export type Dropped = Errno | 'name size' | 'target size' | 'data' | 'type';

export interface Members {
  /** Kept of what was left out, to be shown. */
  readonly dropped: readonly { readonly name: string; readonly why: Dropped }[];
  drop(name: string, why: Dropped): void;
  /** Anything but a symlink; a file that is open now gets the data of the member. */
  make(name: string, fields: HeaderFields): OpenFile | undefined;
  makeSymlink(name: string, target: string, fields: HeaderFields): void;
  /** Names of one file go on until there. */
  endArchive(): void;
  /** Directories get their times when nothing is put into them any more. */
  finish(): void;
}

const mostDropped = 1000;
const special = [formatBits.block, formatBits.char, formatBits.fifo, formatBits.socket];

export function newMembers(rootfs: Rootfs): Members {
  const dropped: { name: string; why: Dropped }[] = [];
  /** First names of files with several, by what the kernel hashes. */
  const links = new Map<string, string>();
  const directories: { name: string; mtime: number }[] = [];

  function drop(name: string, why: Dropped): void {
    if (dropped.length < mostDropped) dropped.push({ name, why });
  }

  /** What is there already and of another type goes away, if it can; `mode` 0: whatever it is. */
  function cleanPath(name: string, mode: number): void {
    const there = rootfs.find(name, false);
    if (typeof there === 'string' || sameType(there.mode, mode)) return;
    if (there.children) rootfs.removeDirectory(name);
    else rootfs.remove(name);
  }

  /** Another name of a file that came before: 'made', the error, or undefined when it is no such name. */
  function maybeLink(name: string, fields: HeaderFields): 'made' | Errno | undefined {
    const { nlink, major, minor, ino, mode } = fields;
    if (nlink < 2) return undefined;
    const key = `${major}:${minor}:${ino}:${mode & 0o170000}`;
    const first = links.get(key);
    if (first === undefined) {
      links.set(key, name);
      return undefined;
    }
    cleanPath(name, 0);
    return rootfs.link(first, name) ?? 'made';
  }

  function makeFile(name: string, fields: HeaderFields): OpenFile | undefined {
    const { uid, gid, mode, filesize } = fields;
    const linked = maybeLink(name, fields);
    const file =
      linked === undefined || linked === 'made' ? rootfs.open(name, mode, linked !== 'made') : linked;
    if (typeof file === 'string') {
      drop(name, file);
      return undefined;
    }
    chown(file.inode, uid, gid);
    chmod(file.inode, mode);
    if (filesize > 0) file.truncate(filesize);
    return file;
  }

  function makeDirectory(name: string, fields: HeaderFields): void {
    const error = rootfs.makeDirectory(name, fields.mode);
    own(name, fields, true);
    directories.push({ name, mtime: fields.mtime });
    if (error) dropUnlessThere(name, fields, error);
  }

  function makeSpecial(name: string, fields: HeaderFields): void {
    const linked = maybeLink(name, fields);
    if (linked === 'made') return;
    if (linked !== undefined) return drop(name, linked);
    const { mode, rmajor, rminor, mtime } = fields;
    const hasDevice = sameType(mode, formatBits.char) || sameType(mode, formatBits.block);
    // MKDEV(), in 32 bits
    const number = ((rmajor * 0x100000) | rminor) >>> 0;
    const device = { major: number >>> 20, minor: number & 0xfffff };
    const error = rootfs.makeNode(name, mode, hasDevice ? device : undefined);
    own(name, fields, true);
    setTime(name, mtime);
    if (error) dropUnlessThere(name, fields, error);
  }

  /** A directory or node that was there before has owner and mode of this one now, and that is all there was to do. */
  function dropUnlessThere(name: string, { mode }: HeaderFields, error: Errno): void {
    const there = rootfs.find(name, false);
    if (typeof there === 'string' || !sameType(there.mode, mode)) drop(name, error);
  }

  /** Owner and, but for symlinks, mode of whatever is there. */
  function own(name: string, { uid, gid, mode }: HeaderFields, follow: boolean): void {
    const inode = rootfs.find(name, follow);
    if (typeof inode === 'string') return;
    chown(inode, uid, gid);
    if (follow) chmod(inode, mode);
  }

  function setTime(name: string, mtime: number): void {
    const inode = rootfs.find(name, false);
    if (typeof inode !== 'string') inode.mtime = mtime;
  }

  return {
    dropped,
    drop,
    make(name, fields) {
      const { mode } = fields;
      cleanPath(name, mode);
      if (sameType(mode, formatBits.file)) return makeFile(name, fields);
      if (sameType(mode, formatBits.dir)) makeDirectory(name, fields);
      else if (special.some(type => sameType(mode, type))) makeSpecial(name, fields);
      else drop(name, 'type');
      return undefined;
    },
    makeSymlink(name, target, fields) {
      cleanPath(name, 0);
      const error = rootfs.makeSymlink(name, target);
      own(name, fields, false);
      setTime(name, fields.mtime);
      if (error) drop(name, error);
    },
    endArchive: () => links.clear(),
    finish() {
      rootfs.close();
      for (const { name, mtime } of directories.reverse()) setTime(name, mtime);
    },
  };
}

function chown(inode: Inode, uid: number, gid: number): void {
  inode.builtIn = false;
  // -1 leaves it
  if (uid !== 0xffff_ffff) inode.uid = uid;
  if (gid !== 0xffff_ffff) inode.gid = gid;
}

function chmod(inode: Inode, mode: number): void {
  inode.mode = (inode.mode & 0o170000) | (mode & 0o7777);
}
