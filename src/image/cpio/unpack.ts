// SPDX-License-Identifier: GPL-2.0-only
/** An initramfs as the kernel would unpack it (init/initramfs.c): segments one after the other, plain or compressed,
 *  zeros between them, the members of all of them into one tree. */
import { UserError } from '../../host/errors.ts';
import { kindOf } from '../draft.ts';
import { erofsMagicOffset, isErofs } from '../erofs/superblock.ts';
import { compressionAt, decompress } from './compression.ts';
import { damaged, type NewcMember, parseNewc } from './newc.ts';
import { newRootfs, type Rootfs } from './rootfs.ts';

export interface Unpacked {
  readonly rootfs: Rootfs;
  /** In order: where each segment starts, and how it is packed. */
  readonly segments: readonly {
    readonly offset: number;
    readonly compression: string;
    readonly members: number;
  }[];
  /** Names the kernel would have dropped. */
  readonly dropped: readonly string[];
}

/** @throws UserError with the offset when a segment is damaged or unknown; `what` names the file */
export async function unpackInitramfs(bytes: Buffer, what: string, signal: AbortSignal): Promise<Unpacked> {
  const rootfs = newRootfs();
  const segments: { offset: number; compression: string; members: number }[] = [];
  const dropped: string[] = [];
  let at = skipZeros(bytes, 0);
  while (at < bytes.length) {
    const offset = at;
    let members: number;
    let compression = 'none';
    if (bytes[at] === 0x30 && at % 4 === 0) {
      ({ end: at, members } = unpackArchive(bytes, at, what, rootfs, dropped));
    } else {
      const found = compressionAt(bytes, at);
      if (!found) throw unknownSegment(bytes, at, what);
      compression = found;
      const { data, end } = await decompress(bytes, at, found, what, signal);
      members = unpackArchives(data, `${what}: in the ${found} segment at offset ${at}`, rootfs, dropped);
      at = end;
    }
    segments.push({ offset, compression, members });
    at = skipZeros(bytes, at);
  }
  if (segments.length === 0) throw damaged(what, 0, 'nothing but zeros');
  return { rootfs, segments, dropped };
}

function skipZeros(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at] === 0) at++;
  return at;
}

function unknownSegment(bytes: Buffer, at: number, what: string): UserError {
  if (isErofs(bytes, at - erofsMagicOffset)) {
    return new UserError(
      `${what}: an EROFS image at offset ${at - erofsMagicOffset}, which is no initramfs`,
      {
        hint: 'name the initramfs that the image was made from',
      },
    );
  }
  return damaged(what, at, 'neither a cpio header nor a known compression');
}

/** The content of a compressed segment: archives, zeros between them. */
function unpackArchives(bytes: Buffer, what: string, rootfs: Rootfs, dropped: string[]): number {
  let members = 0;
  for (let at = skipZeros(bytes, 0); at < bytes.length; at = skipZeros(bytes, at)) {
    const archive = unpackArchive(bytes, at, what, rootfs, dropped);
    members += archive.members;
    at = archive.end;
  }
  return members;
}

function unpackArchive(
  bytes: Buffer,
  start: number,
  what: string,
  rootfs: Rootfs,
  dropped: string[],
): { end: number; members: number } {
  /** First name of files with several links, by what the kernel hashes. */
  const links = new Map<string, string>();
  const archive = parseNewc(bytes, start, what);
  let members = 0;
  for (;;) {
    const { done, value } = archive.next();
    if (done) return { end: value, members };
    members++;
    if (!unpackMember(value, what, rootfs, links)) dropped.push(value.name.toString('latin1'));
  }
}

function unpackMember(member: NewcMember, what: string, rootfs: Rootfs, links: Map<string, string>): boolean {
  const { mode, uid, gid, mtime, data, offset } = member;
  const name = member.name.toString('latin1');
  const meta = { mode, uid, gid, mtime };
  const kind = kindOf(mode);
  if (!kind) throw damaged(what, offset, `a member of unknown type (mode ${mode.toString(8)})`);
  if (kind === 'symlink') {
    if (data.length === 0 || data.length >= 4096) return false;
    return rootfs.put(name, { ...meta, target: data });
  }
  if (kind === 'dir') return rootfs.put(name, meta);
  const device = { major: member.rmajor, minor: member.rminor };
  const node = kind === 'file' ? { ...meta, data } : { ...meta, device };
  if (member.nlink < 2) return rootfs.put(name, node);
  const key = `${member.major}:${member.minor}:${member.ino}:${mode & 0o170000}`;
  const first = links.get(key);
  if (first === undefined) {
    links.set(key, name);
    return rootfs.put(name, node);
  }
  if (!rootfs.link(name, first)) return false;
  return kind !== 'file' || data.length === 0 || rootfs.put(name, node);
}
