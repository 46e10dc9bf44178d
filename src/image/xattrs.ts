// SPDX-License-Identifier: GPL-2.0-only
/** Extended attributes of files (xattr(7)): read from the host with getfattr(1), and given to staged files with
 *  setfattr(1), which under fakeroot needs no privilege and no file system that has them. */
import { fileURLToPath } from 'node:url';
import { UserError } from '../host/errors.ts';
import type { Xattr } from './entry.ts';

/** Every attribute below the current directory that may be seen; symlinks are not followed. */
export const getfattrArgv = [
  ...['getfattr', '--recursive', '--physical', '--no-dereference'],
  ...['--dump', '--match=-', '--encoding=hex', '.'],
];

/** Attributes by path, '' for the top, as getfattr prints them. Names and paths are bytes, one per character.
 *  @throws UserError when it prints something else */
export function parseGetfattr(printed: Buffer): Map<string, Xattr[]> {
  const found = new Map<string, Xattr[]>();
  let attributes: Xattr[] | undefined;
  for (const line of printed.toString('latin1').split('\n')) {
    const file = /^# file: (?:\.\/)?(.*)$/.exec(line)?.[1];
    const [, name, value] = /^([^=]+)=0x((?:[0-9a-f]{2})*)$/.exec(line) ?? [];
    if (file !== undefined) {
      attributes = [];
      found.set(file === '.' ? '' : unquote(file), attributes);
    } else if (name !== undefined && attributes) {
      attributes.push({ name: unquote(name), value: value! });
    } else if (line !== '') {
      throw new UserError(`getfattr printed '${line.slice(0, 80)}', which is not an attribute`, {
        hint: 'use another version of attr (2.5 is known to work)',
      });
    }
  }
  return found;
}

/** What setfattr --restore reads; `root` stands in front of the paths. */
export function formatRestore(
  root: string,
  files: readonly { readonly path: string; readonly xattrs?: readonly Xattr[] }[],
): Buffer {
  const top = Buffer.from(root).toString('latin1');
  const blocks = files
    .filter(({ xattrs }) => xattrs !== undefined)
    .map(({ path, xattrs }) => {
      const lines = xattrs!.map(({ name, value }) => `${quote(name, '=')}=0x${value}`);
      return [`# file: ${quote(`${top}/${path}`)}`, ...lines, ''].join('\n');
    });
  return Buffer.from(`${blocks.join('\n')}\n`, 'latin1');
}

/** Bytes that would end a line, or a name, as \ooo. */
const quote = (text: string, more = ''): string =>
  text.replace(/[\\\n\r=]/g, byte =>
    byte === '=' && more === '' ? byte : `\\${byte.charCodeAt(0).toString(8).padStart(3, '0')}`,
  );

const unquote = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

/** Those that are of the file: `trusted` ones belong to who made the file system, and others to the host. */
export const isCarried = (name: string): boolean =>
  /^(?:user|security)\./.test(name) || /^system\.posix_acl_(?:access|default)$/.test(name);

const script = fileURLToPath(new URL('../../src/image/with-xattrs.sh', import.meta.url));

/** The command with the attributes of a file that formatRestore() made; one process of fakeroot remembers them. */
export const withXattrsArgv = (dump: string, argv: readonly string[]): string[] => [script, dump, ...argv];
