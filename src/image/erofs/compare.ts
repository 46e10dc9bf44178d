// SPDX-License-Identifier: GPL-2.0-only
/** An EROFS image against the payload it was made from, entry by entry: names, types, modes, owners, devices, times,
 *  extended attributes, link targets, hard links and every byte of content. */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import path from 'node:path';
import type { Work } from '../../events.ts';
import { Interrupted } from '../../host/errors.ts';
import { type Entry, kindOf, type Xattr } from '../entry.ts';
import type { Payload } from '../image.ts';
import { erofsContent } from './compressed.ts';
import { type ErofsImage, type ErofsInode, erofsDevice, erofsTree, openErofs } from './inodes.ts';
import { erofsXattrs } from './xattrs.ts';

export interface Difference {
  readonly path: string;
  readonly what: string;
}

/** A reader of an open file. */
export function readerOf(fd: number): (offset: number, length: number) => Buffer {
  return (offset, length) => {
    const buffer = Buffer.allocUnsafe(length);
    let done = 0;
    while (done < length) {
      const got = readSync(fd, buffer, done, length - done, offset + done);
      if (got === 0) throw new Error(`the image ends at ${offset + done}, ${length - done} bytes early`);
      done += got;
    }
    return buffer;
  };
}

/** What differs; empty when the image holds the payload and nothing else. Stops after `limit` differences.
 *  @throws Error when the image cannot be read at all */
export async function* compareErofs(
  file: string,
  payload: Payload,
  job: string,
  signal: AbortSignal,
  limit = 10,
): Work<Difference[]> {
  const fd = openSync(file, 'r');
  try {
    const image = openErofs(readerOf(fd));
    const missing = new Map(payload.entries.map(entry => [entry.path, entry]));
    const links = new Map<number, number>();
    const names = linkCounts(payload.entries);
    const differences: Difference[] = [];
    let bytes = 0;
    let reported = 0;
    for (const { path: at, inode } of erofsTree(image)) {
      const entry = missing.get(at);
      missing.delete(at);
      const found = entry
        ? differencesOf(image, inode, entry, payload, links, names)
        : ['not in the payload'];
      differences.push(...found.map(what => ({ path: at, what })));
      if (differences.length >= limit) return differences;
      bytes += inode.bytes;
      if (bytes - reported < 4 << 20) continue;
      reported = bytes;
      yield { job, type: 'progress', done: bytes, total: Math.max(bytes, payload.bytes), label: 'compare' };
      await new Promise(setImmediate);
      if (signal.aborted) throw new Interrupted();
    }
    return [...differences, ...[...missing.keys()].map(at => ({ path: at, what: 'not in the image' }))];
  } finally {
    closeSync(fd);
  }
}

function linkCounts(entries: readonly Entry[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { link } of entries) if (link) counts.set(link, (counts.get(link) ?? 0) + 1);
  return counts;
}

function differencesOf(
  image: ErofsImage,
  inode: ErofsInode,
  entry: Entry,
  payload: Payload,
  links: Map<number, number>,
  names: ReadonlyMap<number, number>,
): string[] {
  const found: string[] = [];
  const check = (what: string, expected: unknown, actual: unknown) => {
    if (expected !== actual) found.push(`${what} is ${actual}, expected ${expected}`);
  };
  check('mode', entry.mode.toString(8), inode.mode.toString(8));
  check('uid', entry.uid, inode.uid);
  check('gid', entry.gid, inode.gid);
  check('mtime', 0, inode.mtime);
  check('attributes', textOf(entry.xattrs ?? []), textOf(erofsXattrs(image, inode)));
  if (kindOf(inode.mode) !== entry.kind) return found;
  if (entry.device) {
    const device = erofsDevice(inode);
    check('device', `${entry.device.major}:${entry.device.minor}`, `${device.major}:${device.minor}`);
  }
  if (entry.kind !== 'dir') check('link count', entry.link ? names.get(entry.link) : 1, inode.nlink);
  const first = entry.link ? links.get(entry.link) : undefined;
  if (first !== undefined) check('inode', first, inode.nid);
  else if (entry.link) links.set(entry.link, inode.nid);
  if (entry.kind === 'symlink') check('target', entry.target, erofsContent(image, inode).toString('latin1'));
  if (entry.kind !== 'file' || first === inode.nid) return found;
  check('size', entry.bytes, inode.bytes);
  if (entry.bytes !== inode.bytes) return found;
  const problem = contentProblem(image, inode, path.join(payload.folder, entry.content!));
  return problem ? [...found, problem] : found;
}

const textOf = (xattrs: readonly Xattr[]): string =>
  xattrs.map(({ name, value }) => `${name}=${value}`).join(' ') || 'none';

/** Undefined when the content is the same. */
function contentProblem(image: ErofsImage, inode: ErofsInode, file: string): string | undefined {
  const expected = readFileSync(file);
  try {
    return erofsContent(image, inode).equals(expected) ? undefined : 'content differs';
  } catch (error) {
    return `content cannot be read: ${(error as Error).message}`;
  }
}
