// SPDX-License-Identifier: GPL-2.0-only
/** Payload: the files. Image: the packed payload. Both are frozen records named by digest. */
import { z } from 'zod';
import { list, number, object, text, texts } from '../document.ts';
import { type Digest, digestSchema, type Work } from '../events.ts';
import type { Workspace } from '../workspace.ts';
import type { Draft } from './draft.ts';
import { entrySchema } from './entry.ts';

/** What a payload was asked for with, to be held against what is there now: a difference means other files. */
const payloadOriginSchema = object({
  padBytes: number,
  arch: text,
  /** Over what decides its files: programs of vm/, busybox, a directory's state. */
  inputs: digestSchema,
});
export type PayloadOrigin = z.infer<typeof payloadOriginSchema>;

/** An init of a payload that says by itself when all is done: `end`, behind the marks it passes (vm/mark.c). */
const ownInitSchema = object({
  /** Words that it wants on the kernel command line where there is no real root for it to go to. */
  withoutRoot: texts,
});
export type OwnInit = z.infer<typeof ownInitSchema>;

const payloadSchema = object({
  /** busybox, dir, cpio, debian, probe. */
  id: text,
  /** As asked for: 'busybox', 'dir:/srv/x'. */
  name: text,
  digest: digestSchema,
  /** Holds the content of regular files. */
  folder: text,
  /** Sorted by path. */
  entries: list(entrySchema),
  /** Sum of the regular files' bytes. */
  bytes: number,
  /** Whose programs were asked for; absent in what is made of parts. */
  arch: text.exactOptional(),
  /** Absent in what is made of parts; no part of the stored record. */
  origin: payloadOriginSchema.exactOptional(),
  /** Its one file is an initrd that is booted byte for byte as it came: nothing of ours is in it, and what it holds is
   *  not known. */
  asIs: z.literal(true).exactOptional(),
  /** What the kernel must run: '/init', or the probe that then runs the payload's own init. */
  init: object({
    rdinit: text.exactOptional(),
    next: text.exactOptional(),
    own: ownInitSchema.exactOptional(),
  }),
});
export type Payload = z.infer<typeof payloadSchema>;

export const imageSchema = object({
  digest: digestSchema,
  /** The format's id: 'cpio-lz4', 'erofs-lz4hc', ... */
  format: text,
  payload: payloadSchema.unwrap().pick({ name: true, digest: true, origin: true }).readonly(),
  path: text,
  bytes: number,
  /** Offsets of what was concatenated, for formats that are segments. */
  segments: list(object({ what: text, offset: number, bytes: number })).exactOptional(),
});
export type Image = z.infer<typeof imageSchema>;

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
  readonly cost: string;
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
