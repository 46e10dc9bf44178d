// SPDX-License-Identifier: GPL-2.0-only
/** A payload while its files are being collected: entries by path, contents stored under running numbers. */
import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Digest, sanitise } from '../events.ts';
import { type Entry, formatBits, type Xattr } from './entry.ts';
import { copySparse, measureFile } from './sparse.ts';

/** Permissions and owner; root's, and mtime 0, where nothing is said. */
export interface Meta {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: number;
  readonly xattrs?: readonly Xattr[];
}

/** A path given twice replaces what was there. */
export interface Draft {
  readonly folder: string;
  directory(path: string, meta?: Meta): void;
  /** Returns the entry, which link() can give another name. */
  file(path: string, bytes: Buffer, meta?: Meta): Entry;
  /** The same with the content of a file of the host: a copy, or the file itself, which must lie on the same disk. */
  fileFrom(path: string, source: string | Buffer, how: 'copy' | 'move', meta?: Meta): Entry;
  symlink(path: string, target: string, meta?: Meta): void;
  node(
    path: string,
    kind: 'char' | 'block' | 'fifo' | 'socket',
    major: number,
    minor: number,
    meta?: Meta,
  ): void;
  link(path: string, file: Entry): void;
  get(path: string): Entry | undefined;
  /** Removes a path and what is below it. */
  remove(path: string): void;
  /** Sorted by path, bytewise. */
  entries(): Entry[];
}

/** A name or target for people: what its bytes are as UTF-8; those that are none, and controls, as \\xNN. */
export function shownName(name: string): string {
  const text = Buffer.from(name, 'latin1').toString('utf8');
  const sound = Buffer.from(text).toString('latin1') === name;
  const escaped = (part: string) =>
    part.replace(/[^\x20-\x7e]/g, byte => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return sound ? sanitise(text) : escaped(name);
}

const sorted = (xattrs: readonly Xattr[]): Xattr[] => xattrs.toSorted((a, b) => (a.name < b.name ? -1 : 1));

const byPath = (a: Entry, b: Entry): number => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);

/** A string that has a character which is no byte was decoded somewhere: nothing would find its file again. */
function requireBytes(text: string): string {
  if (/[^\x00-\xff]/.test(text)) throw new Error(`${text} is not a name: names are bytes, one per character`);
  return text;
}

/** A draft whose contents go to `folder`/files. */
export function newDraft(folder: string): Draft {
  const entries = new Map<string, Entry>();
  let contents = 0;
  let links = 0;
  mkdirSync(path.join(folder, 'files'), { recursive: true });
  const base = (at: string, kind: Entry['kind'], meta: Meta, mode: number, bytes = 0) => ({
    path: requireBytes(at),
    kind,
    mode: formatBits[kind] | ((meta.mode ?? mode) & 0o7777),
    uid: meta.uid ?? 0,
    gid: meta.gid ?? 0,
    mtime: meta.mtime ?? 0,
    bytes,
    ...(meta.xattrs && meta.xattrs.length > 0 ? { xattrs: sorted(meta.xattrs) } : {}),
  });
  const enter = (at: string, meta: Meta, content: string, about: { bytes: number; sha256: Digest }) => {
    const { bytes, sha256 } = about;
    const entry: Entry = { ...base(at, 'file', meta, 0o644, bytes), content, sha256 };
    forget(entries.get(at));
    entries.set(at, entry);
    return entry;
  };
  /** Content that no entry names any more. */
  const forget = (entry: Entry | undefined) => {
    if (entry?.content && !entry.link) rmSync(path.join(folder, entry.content));
  };
  return {
    folder,
    directory: (at, meta = {}) => void entries.set(at, base(at, 'dir', meta, 0o755)),
    symlink: (at, target, meta = {}) =>
      void entries.set(at, {
        ...base(at, 'symlink', { ...meta, mode: 0o777 }, 0o777, target.length),
        target: requireBytes(target),
      }),
    node: (at, kind, major, minor, meta = {}) =>
      void entries.set(at, {
        ...base(at, kind, meta, 0o600),
        ...(kind === 'char' || kind === 'block' ? { device: { major, minor } } : {}),
      }),
    file(at, bytes, meta = {}) {
      const content = `files/${++contents}`;
      writeFileSync(path.join(folder, content), bytes);
      const sha256 = createHash('sha256').update(bytes).digest('hex') as Digest;
      return enter(at, meta, content, { bytes: bytes.length, sha256 });
    },
    fileFrom(at, source, how, meta = {}) {
      const content = `files/${++contents}`;
      const target = path.join(folder, content);
      if (how === 'copy') return enter(at, meta, content, copySparse(source, target));
      renameSync(source, target);
      return enter(at, meta, content, measureFile(target));
    },
    link(at, file) {
      const current = entries.get(file.path) ?? file;
      const link = current.link ?? ++links;
      entries.set(current.path, { ...current, link });
      entries.set(at, { ...current, link, path: requireBytes(at) });
    },
    get: at => entries.get(at),
    remove(at) {
      for (const [known, entry] of entries) {
        if (known !== at && !known.startsWith(`${at}/`)) continue;
        forget(entry);
        entries.delete(known);
      }
    },
    entries: () => [...entries.values()].sort(byPath),
  };
}
