// SPDX-License-Identifier: GPL-2.0-only
/** A directory tree of the host as it is now; its owners become root. */
import type { Stats } from 'node:fs';
import { lstat, readdir, readFile, readlink, realpath } from 'node:fs/promises';
import path from 'node:path';
import type { Work } from '../../events.ts';
import { Interrupted, UserError } from '../../host/errors.ts';
import { requireSpace } from '../../host/files.ts';
import { type Draft, kindOf, utf8 } from '../draft.ts';
import type { Entry, PayloadKind, PayloadRequest } from '../image.ts';

interface Found {
  /** Relative to the root. */
  readonly path: string;
  readonly file: string;
  readonly status: Stats;
}

export default {
  id: 'dir',
  summary: 'a directory tree with its own /init; owners become root',
  argument: 'PATH',
  probe: 'before-init',
  async inputs({ argument }) {
    const root = await requireDirectory(argument);
    const found: unknown[] = [];
    for await (const { path: at, status } of walk(root)) {
      const { mode, size, mtimeMs, ctimeMs, ino, rdev } = status;
      found.push([at, mode, size, mtimeMs, ctimeMs, ino, rdev]);
    }
    return { root, found };
  },
  collect: addDirectory,
} satisfies PayloadKind;

async function* addDirectory({ argument, job, signal }: PayloadRequest, draft: Draft): Work<void> {
  const root = await requireDirectory(argument);
  const links = new Map<string, Entry>();
  let done = 0;
  for await (const { path: at, file, status } of walk(root)) {
    if (signal.aborted) throw new Interrupted();
    const kind = kindOf(status.mode)!;
    const meta = { mode: status.mode & 0o7777, mtime: Math.max(0, Math.floor(status.mtimeMs / 1000)) };
    const inode = `${status.dev}:${status.ino}`;
    const known = status.nlink > 1 ? links.get(inode) : undefined;
    if (kind === 'socket') {
      yield { job, type: 'notice', level: 'warning', message: `${file} is a socket; left out` };
    } else if (kind === 'dir') {
      draft.directory(at, meta);
    } else if (known) {
      draft.link(at, known);
    } else {
      if (kind === 'symlink')
        draft.symlink(at, utf8(await readable(file, () => readlink(file, 'buffer')), file), meta);
      else if (kind !== 'file') draft.node(at, kind, ...deviceOf(status), meta);
      else {
        await requireSpace(draft.folder, status.size, `a copy of ${file}`);
        const bytes = await readable(file, () => readFile(file));
        draft.file(at, bytes, meta);
        done += bytes.length;
        yield { job, type: 'progress', done, label: 'copy' };
      }
      if (status.nlink > 1) links.set(inode, draft.get(at)!);
    }
  }
}

/** Parents first, each directory's names in order. Never leaves the tree: symlinks are not followed. */
async function* walk(root: string, below = ''): AsyncGenerator<Found> {
  const folder = path.join(root, below);
  const names = await readable(
    folder,
    () => readdir(folder, { encoding: 'buffer' }) as unknown as Promise<Buffer[]>,
  );
  for (const name of names.map(bytes => utf8(bytes, `a name in ${folder}`)).sort()) {
    const at = below ? `${below}/${name}` : name;
    const file = path.join(root, at);
    const status = await readable(file, () => lstat(file));
    yield { path: at, file, status };
    if (status.isDirectory()) yield* walk(root, at);
  }
}

/** glibc's major() and minor(). */
function deviceOf({ rdev }: Stats): [major: number, minor: number] {
  const number = BigInt(rdev);
  const major = ((number >> 8n) & 0xfffn) | ((number >> 32n) & 0xfffff000n);
  const minor = (number & 0xffn) | ((number >> 12n) & 0xffffff00n);
  return [Number(major), Number(minor)];
}

async function requireDirectory(argument: string): Promise<string> {
  const root = await readable(argument, () => realpath(argument));
  if ((await readable(root, () => lstat(root))).isDirectory()) return root;
  throw new UserError(`${argument} is no directory`, { hint: 'name the root of a tree that has an /init' });
}

async function readable<Value>(file: string, read: () => Promise<Value>): Promise<Value> {
  try {
    return await read();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined || code.startsWith('ERR_')) throw error;
    throw new UserError(`cannot read ${file}: ${code}`, {
      hint: 'make it readable for you, or leave it out of the tree',
    });
  }
}
