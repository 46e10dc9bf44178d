// SPDX-License-Identifier: GPL-2.0-only
/** What a requirement's initrd is made of, written down as data: segments, the files in them, and how those get into a
 *  payload. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Draft } from '../../image/draft.ts';
import type { GuestPrograms } from '../../image/image.ts';
import { randomFrom } from '../../image/random.ts';

/** One member; directories above it come by themselves. */
export type Item = {
  readonly path: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: number;
} & (
  | { readonly text: string }
  | { readonly bytes: Buffer }
  /** So many bytes that no compressor makes smaller, the same each time. */
  | { readonly noise: number }
  /** So many bytes that compress well. */
  | { readonly prose: number }
  | { readonly program: 'witness' | 'probe' }
  /** A file of the host, which the workspace needs installed anyway. */
  | { readonly host: string }
  /** A program of the host, with the libraries it needs where it looks for them. */
  | { readonly tool: string }
  /** The kernel that is booted, as a boot loader takes it. */
  | { readonly kernel: true }
  /** A packed segment as a file. */
  | { readonly segment: Segment }
  | { readonly dir: true }
  | { readonly symlink: string }
  | { readonly link: string }
  | { readonly device: 'char' | 'block'; readonly major: number; readonly minor: number }
  | { readonly fifo: true }
);

/** A piece of an initrd. Pieces start at multiples of four, behind `zeros` exactly there. */
export type Segment =
  /** Files of our own, as a cpio or an image. */
  | { readonly files: readonly Item[]; readonly format: string }
  /** A payload of the workbench: 'busybox' with so much filler, 'debian', ... */
  | { readonly payload: string; readonly padBytes?: number; readonly format: string }
  /** Bytes as they are. */
  | { readonly raw: Buffer; readonly what: string }
  /** Another segment, changed on purpose; `how` names the change. */
  | { readonly from: Segment; readonly how: string; readonly change: (bytes: Buffer) => Buffer }
  /** Zeros up to the next page. */
  | 'align'
  | { readonly zeros: number };

/** What every root here has: a console, the directories to mount on, the witness as /init. */
export const witnessRoot: readonly Item[] = [
  { path: 'dev/console', device: 'char', major: 5, minor: 1 },
  { path: 'proc', dir: true },
  { path: 'sys', dir: true },
  { path: 'mnt', dir: true },
  { path: 'init', program: 'witness', mode: 0o755 },
];

export function addItems(draft: Draft, items: readonly Item[], guest: GuestPrograms): void {
  for (const item of items) {
    for (const folder of parentsOf(item.path)) if (!draft.get(folder)) draft.directory(folder);
    addItem(draft, item, guest);
  }
}

function parentsOf(at: string): string[] {
  const parent = path.posix.dirname(at);
  return parent === '.' ? [] : [...parentsOf(parent), parent];
}

function addItem(draft: Draft, item: Item, guest: GuestPrograms): void {
  const { path: at, ...meta } = item;
  if ('dir' in item) draft.directory(at, meta);
  else if ('symlink' in item) draft.symlink(at, item.symlink, meta);
  else if ('link' in item) draft.link(at, draft.get(item.link)!);
  else if ('device' in item) draft.node(at, item.device, item.major, item.minor, meta);
  else if ('fifo' in item) draft.node(at, 'fifo', 0, 0, meta);
  else draft.file(at, contentOf(item, guest), meta);
}

function contentOf(item: Item, guest: GuestPrograms): Buffer {
  if ('text' in item) return Buffer.from(item.text);
  if ('bytes' in item) return item.bytes;
  if ('program' in item) return readFileSync(guest[item.program]);
  if ('host' in item) return readFileSync(item.host);
  if ('noise' in item) return noise(item.path, item.noise);
  if ('prose' in item) return prose(item.path, item.prose);
  throw new Error(`${item.path} has no content`);
}

const seedOf = (name: string) => [...name].reduce((sum, one) => (sum * 31 + one.charCodeAt(0)) | 0, 17);

function noise(name: string, bytes: number): Buffer {
  const random = randomFrom(seedOf(name));
  const buffer = Buffer.alloc(Math.ceil(bytes / 4) * 4);
  for (let at = 0; at < buffer.length; at += 4) buffer.writeUInt32LE(random(), at);
  return buffer.subarray(0, bytes);
}

function prose(name: string, bytes: number): Buffer {
  const random = randomFrom(seedOf(name));
  const parts: string[] = [];
  for (let length = 0; length < bytes;) {
    const line = `${name} ${random() % 1000} the quick brown fox jumps over the lazy dog\n`;
    parts.push(line);
    length += line.length;
  }
  return Buffer.from(parts.join('')).subarray(0, bytes);
}
