// SPDX-License-Identifier: GPL-2.0-only
/** Payload: the files. Image: the packed payload. Both are frozen records named by digest. */
import type { Digest, Work } from '../events.ts';
import type { Workspace } from '../workspace.ts';
import type { Draft } from './draft.ts';

/** One member of a payload. Owners, modes and device numbers are data: nothing on the host has to have them. */
export interface Entry {
  /** Relative, no leading slash, no '.' or '..' component; '' never occurs. Bytes, one per character (latin1): a name
   *  has no encoding, and the programs that read it back have to find the same file. */
  readonly path: string;
  /** Format bits and permissions as in stat(2) st_mode. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds. */
  readonly mtime: number;
  readonly kind: 'file' | 'dir' | 'symlink' | 'char' | 'block' | 'fifo' | 'socket';
  readonly bytes: number;
  /** Regular files: where the content lies in the payload's folder, relative to it. */
  readonly content?: string;
  /** Regular files: of the content. */
  readonly sha256?: Digest;
  /** Symlinks: bytes, as the path. */
  readonly target?: string;
  readonly device?: { readonly major: number; readonly minor: number };
  /** Hard links to one file carry the same number (> 0). */
  readonly link?: number;
  /** Sorted by name; absent: none. */
  readonly xattrs?: readonly Xattr[];
}

/** An extended attribute: its whole name, bytes as in a path, and its value in hexadecimal digits. */
export interface Xattr {
  readonly name: string;
  readonly value: string;
}

/** What a payload was asked for with, to be held against what is there now: a difference means other files. */
export interface PayloadOrigin {
  readonly padBytes: number;
  readonly arch: string;
  /** Over what decides its files: programs of vm/, busybox, a directory's state. */
  readonly inputs: Digest;
}

/** An init of a payload that says by itself when all is done: `end`, behind the marks it passes (vm/mark.c). */
export interface OwnInit {
  /** Words that it wants on the kernel command line where there is no real root for it to go to. */
  readonly withoutRoot: readonly string[];
}

export interface Payload {
  /** busybox, dir, cpio, debian, probe. */
  readonly id: string;
  /** As asked for: 'busybox', 'dir:/srv/x'. */
  readonly name: string;
  readonly digest: Digest;
  /** Holds the content of regular files. */
  readonly folder: string;
  /** Sorted by path. */
  readonly entries: readonly Entry[];
  /** Sum of the regular files' bytes. */
  readonly bytes: number;
  /** Whose programs were asked for; absent in what is made of parts. */
  readonly arch?: string;
  /** Absent in what is made of parts; no part of the stored record. */
  readonly origin?: PayloadOrigin;
  /** Its one file is an initrd that is booted byte for byte as it came: nothing of ours is in it, and what it holds is
   *  not known. */
  readonly asIs?: true;
  /** What the kernel must run: '/init', or the probe that then runs the payload's own init. */
  readonly init: {
    readonly rdinit?: string;
    readonly next?: string;
    readonly own?: OwnInit;
  };
}

export interface Image {
  readonly digest: Digest;
  /** The format's id: 'cpio-lz4', 'erofs-lz4hc', ... */
  readonly format: string;
  readonly payload: Pick<Payload, 'name' | 'digest' | 'origin'>;
  readonly path: string;
  readonly bytes: number;
  /** Offsets of what was concatenated, for formats that are segments. */
  readonly segments?: readonly { readonly what: string; readonly offset: number; readonly bytes: number }[];
}

export interface PayloadOptions {
  /** Bytes of filler the busybox payload gets. */
  readonly padBytes: number;
  /** Whose programs its files are, as kernels are called: 'x86_64', 'arm64'. Default: the host's. */
  readonly arch?: string;
}

/** A kind of payload: src/image/payload/<id>.ts; the folder is the registry. */
export interface PayloadKind {
  /** Absent: nothing is known of its own init, which is let run for a while. */
  readonly ownInit?: OwnInit;
  readonly id: string;
  readonly summary: string;
  /** 'dir:PATH' has an argument, 'busybox' none. */
  readonly argument?: string;
  /** How the probe gets in: not at all, as the payload's /init, or in front of the /init the payload has. */
  readonly probe: 'none' | 'is-init' | 'before-init';
  /** The file it collects is the initrd itself. */
  readonly asIs?: true;
  /** What decides the files, as a small JSON value: the same inputs are collected once. With events where they have
   *  to be fetched. */
  inputs(request: Omit<PayloadRequest, 'guest'>): Work<unknown> | Promise<unknown>;
  /** Adds the files to the draft; with events where it takes time. */
  collect(request: PayloadRequest, draft: Draft): Work<void> | Promise<void>;
}

export interface PayloadRequest {
  readonly workspace: Workspace;
  /** The job its events carry. */
  readonly job: string;
  /** What stands behind the colon; '' without one. */
  readonly argument: string;
  readonly options: PayloadOptions;
  readonly arch: string;
  readonly guest: GuestPrograms;
  readonly signal: AbortSignal;
}

/** The programs of vm/, built: absolute paths. */
export interface GuestPrograms {
  readonly digest: Digest;
  readonly probe: string;
  readonly storageInit: string;
  readonly mark: string;
  readonly arrival: string;
  readonly glibcInit: string;
  readonly witness: string;
  readonly walker: string;
}

/** A way of packing: src/image/format/<id>.ts; the folder is the registry. */
export interface Format {
  readonly id: string;
  readonly summary: string;
  /** What decompressing costs is comparable within a family only. */
  readonly family: 'none' | 'lz4' | 'gzip' | 'zstd' | 'unknown';
  readonly container: 'cpio' | 'erofs' | 'ext2' | 'ext4' | 'cramfs';
  /** It carries extended attributes. */
  readonly xattrs?: true;
  /** Programs it needs; their versions are part of the image's digest. */
  readonly tools: readonly string[];
  /** What else decides the bytes of the image. */
  readonly parameters: Readonly<Record<string, string | number>>;
  /** Disk space it needs while it works, for `payload.bytes`; the image included. */
  spaceBytes(payload: Payload): number;
  /** Writes the image of the payload to `target` (a path that does not exist yet). */
  write(request: PackRequest): Work<void>;
}

export interface PackRequest {
  readonly workspace: Workspace;
  /** The job its events carry. */
  readonly job: string;
  readonly payload: Payload;
  readonly target: string;
  readonly signal: AbortSignal;
}
