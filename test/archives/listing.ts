// SPDX-License-Identifier: GPL-2.0-only
/** What a root holds, one line a name: as the guest tells it (vm/check/content.c), as our unpacker has it, and as a
 *  payload has it. Equal roots give equal lists. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Entry, kindOf } from '../../src/image/entry.ts';
import type { Inode, Rootfs } from '../../src/image/archive/rootfs.ts';
import { parseLine } from '../vm-programs/programs.ts';

/** By path, bytes as latin1, without the slash in front; '' is the root. */
export type Listing = ReadonlyMap<string, string>;

interface About {
  readonly kind: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly links: number;
  /** Whatever names of one file have in common. */
  readonly inode: unknown;
  /** Undefined: whenever it was made. */
  readonly mtime: number | undefined;
  readonly more: string;
}

/** Where the tests keep what is no part of a case. */
export const ownFolder = '.initbench';
const isOwn = (at: string) => at === ownFolder || at.startsWith(`${ownFolder}/`);

/** `times`: whether the kernel keeps those of an archive. Where one side knows none, neither has one. */
function listed(found: ReadonlyMap<string, About>, times: ReadonlyMap<string, unknown> | undefined): Listing {
  const paths = [...found.keys()].sort();
  const first = new Map<unknown, string>();
  const lines = paths.map(at => {
    const { kind, mode, uid, gid, links, inode, mtime, more } = found.get(at)!;
    if (!first.has(inode)) first.set(inode, at);
    // a console's time is that of its last line
    const timed = times?.get(at) !== undefined && !(kind === 'char' && more === '5:1');
    const time = timed ? ` mtime ${mtime}` : '';
    const same = kind === 'dir' ? '' : ` as ${first.get(inode)}`;
    return [at, `${kind} ${mode.toString(8)} ${uid}:${gid} links ${links}${same}${time} ${more}`] as const;
  });
  return new Map(lines);
}

/** The lines `initbench: file`; with the times that `known` has. */
export function guestListing(
  lines: readonly string[],
  known: ReadonlyMap<string, unknown> | undefined,
): Listing {
  const found = new Map<string, About>();
  for (const line of lines) {
    if (!line.startsWith('initbench: file ')) continue;
    const { values } = parseLine(line);
    const at = values.path!.slice(1);
    if (isOwn(at)) continue;
    found.set(at, {
      kind: values.kind ?? `errno ${values.errno}`,
      mode: Number(values.mode),
      uid: Number(values.uid),
      gid: Number(values.gid),
      links: at === '' ? 0 : Number(values.links),
      inode: values.inode,
      mtime: Number(values.mtime),
      more: moreOf(values.kind!, values),
    });
  }
  return listed(found, known);
}

function moreOf(
  kind: string,
  { bytes, sha256, target, major, minor }: Readonly<Record<string, string>>,
): string {
  if (kind === 'file') return `${bytes} bytes ${sha256}`;
  if (kind === 'symlink') return `-> ${target}`;
  return kind === 'char' || kind === 'block' ? `${major}:${minor}` : '';
}

const sha256Of = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

function* inodesOf(directory: Inode, above = ''): Generator<readonly [string, Inode]> {
  for (const [name, inode] of directory.children!) {
    yield [above + name, inode];
    if (inode.children) yield* inodesOf(inode, `${above}${name}/`);
  }
}

const all = ({ root }: Rootfs) => [['', root] as const, ...inodesOf(root)].filter(([at]) => !isOwn(at));

/** The times that are known of what was unpacked. */
export const timesOf = (rootfs: Rootfs): ReadonlyMap<string, unknown> =>
  new Map(all(rootfs).map(([at, { mtime }]) => [at, mtime]));

export function rootfsListing(rootfs: Rootfs, known: ReadonlyMap<string, unknown> | undefined): Listing {
  const found = new Map<string, About>();
  for (const [at, inode] of all(rootfs)) {
    const { mode, uid, gid, mtime, links, target, content, bytes, children, device } = inode;
    const kind = kindOf(mode)!;
    const folders = [...(children?.values() ?? [])].filter(child => child.children).length;
    found.set(at, {
      ...{ kind, uid, gid, inode, mtime },
      mode: mode & 0o7777,
      links: at === '' ? 0 : children ? 2 + folders : links,
      more: moreOf(kind, {
        ...(content !== undefined && { bytes: `${bytes}`, sha256: sha256Of(content) }),
        ...(target !== undefined && { target }),
        ...(device && { major: `${device.major}`, minor: `${device.minor}` }),
      }),
    });
  }
  return listed(found, known);
}

/** Without times, and without the root: no payload has them. */
export function payloadListing(entries: readonly Entry[]): Listing {
  const names = new Map<number, number>();
  for (const { link } of entries) if (link) names.set(link, (names.get(link) ?? 0) + 1);
  const folders = new Map<string, number>();
  for (const { path, kind } of entries) {
    const above = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    if (kind === 'dir') folders.set(above, (folders.get(above) ?? 0) + 1);
  }
  const found = new Map<string, About>();
  for (const entry of entries) {
    const { path: at, kind, mode, uid, gid, mtime, link, bytes, sha256, target, device } = entry;
    if (isOwn(at)) continue;
    found.set(at, {
      ...{ kind, uid, gid, mtime, inode: link ?? entry },
      mode: mode & 0o7777,
      links: kind === 'dir' ? 2 + (folders.get(at) ?? 0) : link ? names.get(link)! : 1,
      more: moreOf(kind, {
        ...(kind === 'file' && { bytes: `${bytes}`, sha256: sha256! }),
        ...(target !== undefined && { target }),
        ...(device && { major: `${device.major}`, minor: `${device.minor}` }),
      }),
    });
  }
  return listed(found, undefined);
}

/** What one has and the other has not, a line each; empty when they are equal. */
export function differences(expected: Listing, found: Listing): string[] {
  const paths = [...new Set([...expected.keys(), ...found.keys()])].sort();
  return paths.flatMap(at => {
    const [ours, guests] = [expected.get(at), found.get(at)];
    return ours === guests
      ? []
      : [`${JSON.stringify(at)}: ours ${ours ?? 'none'}, the guest's ${guests ?? 'none'}`];
  });
}
