// SPDX-License-Identifier: GPL-2.0-only
/** One member of a payload: its path, its metadata and where its content is. */
import { z } from 'zod';
import { list, number, object, text } from '../document.ts';
import { digestSchema } from '../events.ts';

/** An extended attribute: its whole name, bytes as in a path, and its value in hexadecimal digits. */
const xattrSchema = object({
  name: text,
  value: text,
});
export type Xattr = z.infer<typeof xattrSchema>;

/** One member of a payload. Owners, modes and device numbers are data: nothing on the host has to have them. */
export const entrySchema = object({
  /** Relative, no leading slash, no '.' or '..' component; '' never occurs. Bytes, one per character (latin1): a name
   *  has no encoding, and the programs that read it back have to find the same file. */
  path: text,
  /** Format bits and permissions as in stat(2) st_mode. */
  mode: number,
  uid: number,
  gid: number,
  /** Seconds. */
  mtime: number,
  kind: z.enum(['file', 'dir', 'symlink', 'char', 'block', 'fifo', 'socket']),
  bytes: number,
  /** Regular files: where the content lies in the payload's folder, relative to it. */
  content: text.exactOptional(),
  /** Regular files: of the content. */
  sha256: digestSchema.exactOptional(),
  /** Symlinks: bytes, as the path. */
  target: text.exactOptional(),
  device: object({ major: number, minor: number }).exactOptional(),
  /** Hard links to one file carry the same number (> 0). */
  link: number.exactOptional(),
  /** Sorted by name; absent: none. */
  xattrs: list(xattrSchema).exactOptional(),
});
export type Entry = z.infer<typeof entrySchema>;

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
