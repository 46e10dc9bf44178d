// SPDX-License-Identifier: GPL-2.0-only
/** A directory tree of the host as it is now; its owners become root. */
import type { Stats } from 'node:fs';
import { lstat, readdir, readlink, realpath } from 'node:fs/promises';
import type { Work } from '../../events.ts';
import { Interrupted, UserError } from '../../host/errors.ts';
import { captureBuffer } from '../../host/exec.ts';
import { requireSpace } from '../../host/files.ts';
import { type Draft, shownName } from '../draft.ts';
import { type Entry, kindOf } from '../entry.ts';
import type { PayloadKind, PayloadRequest } from '../image.ts';
import { getfattrArgv, isCarried, parseGetfattr } from '../xattrs.ts';

interface Found {
  /** Relative to the root; bytes, one per character. */
  readonly path: string;
  /** Absolute; the bytes that the host knows it by. */
  readonly file: Buffer;
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
    return { version, root, found };
  },
  collect: addDirectory,
} satisfies PayloadKind;

/** Raise it when the same tree gives other entries. */
const version = 2;

async function* addDirectory({ argument, job, signal }: PayloadRequest, draft: Draft): Work<void> {
  const root = await requireDirectory(argument);
  const xattrs = parseGetfattr(await captureBuffer(getfattrArgv, { cwd: root, signal }));
  const left = new Set(
    [...xattrs.values()]
      .flat()
      .map(({ name }) => name)
      .filter(name => !isCarried(name)),
  );
  for (const { name } of xattrs.get('') ?? []) left.add(`${name} of the root`);
  if (left.size > 0) {
    const message = `${argument}: extended attributes are left out: ${[...left].map(shownName).join(', ')}`;
    yield { job, type: 'notice', level: 'warning', message };
  }
  const links = new Map<string, Entry>();
  let done = 0;
  for await (const { path: at, file, status } of walk(root)) {
    if (signal.aborted) throw new Interrupted();
    const kind = kindOf(status.mode)!;
    const meta = {
      mode: status.mode & 0o7777,
      mtime: Math.max(0, Math.floor(status.mtimeMs / 1000)),
      xattrs: (xattrs.get(at) ?? []).filter(({ name }) => isCarried(name)),
    };
    const inode = `${status.dev}:${status.ino}`;
    const known = status.nlink > 1 ? links.get(inode) : undefined;
    if (kind === 'socket') {
      yield { job, type: 'notice', level: 'warning', message: `/${shownName(at)} is a socket; left out` };
    } else if (kind === 'dir') {
      draft.directory(at, meta);
    } else if (known) {
      draft.link(at, known);
    } else {
      if (kind === 'symlink') {
        const target = await readable(at, () => readlink(file, 'buffer'));
        draft.symlink(at, target.toString('latin1'), meta);
      } else if (kind !== 'file') {
        draft.node(at, kind, ...deviceOf(status), meta);
      } else {
        await requireSpace(draft.folder, diskBytes(status), `a copy of ${shownName(at)}`);
        const { bytes } = await readable(at, () => draft.fileFrom(at, file, 'copy', meta));
        done += bytes;
        yield { job, type: 'progress', done, label: 'copy' };
      }
      if (status.nlink > 1) links.set(inode, draft.get(at)!);
    }
  }
}

/** Holes cost nothing in a copy. */
const diskBytes = ({ size, blocks }: Stats) => Math.min(size, blocks * 512);

/** Parents first, each directory's names in order. Never leaves the tree: symlinks are not followed. */
async function* walk(root: string): AsyncGenerator<Found> {
  yield* walkBelow(Buffer.from(root), '');
}

async function* walkBelow(folder: Buffer, above: string): AsyncGenerator<Found> {
  const names = await readable(above, () => readdir(folder, 'buffer'));
  for (const name of names.sort((a, b) => a.compare(b))) {
    const at = above + name.toString('latin1');
    const file = Buffer.concat([folder, slash, name]);
    const status = await readable(at, () => lstat(file));
    yield { path: at, file, status };
    if (status.isDirectory()) yield* walkBelow(file, `${at}/`);
  }
}

const slash = Buffer.from('/');

/** glibc's major() and minor(). */
function deviceOf({ rdev }: Stats): [major: number, minor: number] {
  const number = BigInt(rdev);
  const major = ((number >> 8n) & 0xfffn) | ((number >> 32n) & 0xfffff000n);
  const minor = (number & 0xffn) | ((number >> 12n) & 0xffffff00n);
  return [Number(major), Number(minor)];
}

async function requireDirectory(argument: string): Promise<string> {
  try {
    const root = await realpath(argument);
    if ((await lstat(root)).isDirectory()) return root;
  } catch (error) {
    throw unreadable(argument, error);
  }
  throw new UserError(`${argument} is not a directory`, {
    hint: 'name the root of a tree that has an /init',
  });
}

/** `at`: of the tree. */
async function readable<Value>(at: string, read: () => Value | Promise<Value>): Promise<Value> {
  try {
    return await read();
  } catch (error) {
    throw unreadable(`/${shownName(at)} of the tree`, error);
  }
}

function unreadable(what: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined || code.startsWith('ERR_')) return error;
  return new UserError(`cannot read ${what}: ${code}`, {
    hint: 'make it readable for you, or leave it out of the tree',
  });
}
