// SPDX-License-Identifier: GPL-2.0-only
/** A payload while its files are being collected: entries by path, contents stored under running numbers. */
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Digest } from '../events.ts';
import { UserError } from '../host/errors.ts';
import type { Entry } from './image.ts';

/** Permissions and owner; root's, and mtime 0, where nothing is said. */
export interface Meta {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: number;
}

/** A path given twice replaces what was there. */
export interface Draft {
  readonly folder: string;
  directory(path: string, meta?: Meta): void;
  /** Returns the entry, which link() can give another name. */
  file(path: string, bytes: Buffer, meta?: Meta): Entry;
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

/** Format bits of st_mode (inode(7)). */
export const formatBits = {
  fifo: 0o010000,
  char: 0o020000,
  dir: 0o040000,
  block: 0o060000,
  file: 0o100000,
  symlink: 0o120000,
  socket: 0o140000,
} as const satisfies Record<Entry['kind'], number>;

/** The kind of an st_mode; undefined when its format bits are none of the seven. */
export function kindOf(mode: number): Entry['kind'] | undefined {
  const bits = mode & 0o170000;
  return (Object.keys(formatBits) as Entry['kind'][]).find(kind => formatBits[kind] === bits);
}

/** Bytewise order of UTF-8 paths. */
export function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return Buffer.compare(Buffer.from(a.path), Buffer.from(b.path));
}

/** @throws UserError when bytes are no UTF-8 */
export function utf8(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new UserError(`${what} is no UTF-8: ${JSON.stringify(Buffer.from(bytes).toString('latin1'))}`, {
      hint: 'rename the file: a payload keeps its paths as UTF-8',
    });
  }
}

/** A draft whose contents go to `folder`/files. */
export function newDraft(folder: string): Draft {
  const entries = new Map<string, Entry>();
  let contents = 0;
  let links = 0;
  mkdirSync(path.join(folder, 'files'), { recursive: true });
  const base = (at: string, kind: Entry['kind'], meta: Meta, mode: number, bytes = 0) => ({
    path: at,
    kind,
    mode: formatBits[kind] | ((meta.mode ?? mode) & 0o7777),
    uid: meta.uid ?? 0,
    gid: meta.gid ?? 0,
    mtime: meta.mtime ?? 0,
    bytes,
  });
  /** Content that no entry names any more. */
  const forget = (entry: Entry | undefined) => {
    if (entry?.content && !entry.link) rmSync(path.join(folder, entry.content));
  };
  return {
    folder,
    directory: (at, meta = {}) => void entries.set(at, base(at, 'dir', meta, 0o755)),
    symlink: (at, target, meta = {}) =>
      void entries.set(at, {
        ...base(at, 'symlink', { ...meta, mode: 0o777 }, 0o777, Buffer.byteLength(target)),
        target,
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
      const entry: Entry = { ...base(at, 'file', meta, 0o644, bytes.length), content, sha256 };
      forget(entries.get(at));
      entries.set(at, entry);
      return entry;
    },
    link(at, file) {
      const current = entries.get(file.path) ?? file;
      const link = current.link ?? ++links;
      entries.set(current.path, { ...current, link });
      entries.set(at, { ...current, link, path: at });
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
