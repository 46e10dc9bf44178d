// SPDX-License-Identifier: GPL-2.0-only
/** Which files of the tree have which extended attributes: inline and shared, short and long, on every kind of inode,
 *  and ACLs, which the kernel reads by itself. */
import { randomFrom } from '../../image/random.ts';
import type { Attribute, Graft } from './graft.ts';
import { treeFolder } from './tree.ts';

const text = (name: string, value: string): Attribute => ({ name, value: Buffer.from(value) });

function noise(name: string, bytes: number): Attribute {
  const random = randomFrom(0x78617474, bytes);
  return { name, value: Buffer.from(Uint8Array.from({ length: bytes }, random)) };
}

/** Entries of 8 bytes behind a version (include/uapi/linux/posix_acl_xattr.h): tag, permissions, id. */
function acl(
  name: string,
  entries: readonly (readonly [tag: number, bits: number, id?: number])[],
): Attribute {
  const value = Buffer.alloc(4 + entries.length * 8);
  value.writeUInt32LE(2, 0);
  for (const [index, [tag, bits, id = 0xffff_ffff]] of entries.entries()) {
    value.writeUInt16LE(tag, 4 + index * 8);
    value.writeUInt16LE(bits, 6 + index * 8);
    value.writeUInt32LE(id, 8 + index * 8);
  }
  return { name, value };
}

const capability: Attribute = {
  name: 'security.capability',
  value: Buffer.from('0100000200040000000000000000000000000000', 'hex'),
};
const everybody = [
  [1, 6],
  [2, 4, 1000],
  [4, 4],
  [16, 4],
  [32, 4],
] as const;
const common = [text('user.common', 'of several files'), noise('trusted.common', 600)];

const at = (path: string) => `${treeFolder}/${path}`;

export const grafts: readonly Graft[] = [
  { path: at('program/100'), own: [text('user.short', 'x'), capability], shared: common },
  { path: at('program/70000'), own: [text('trusted.empty', ''), noise('user.noise', 40)], shared: [] },
  { path: at('words/2048'), own: [], shared: common },
  { path: at('words/12288'), own: [noise('user.long', 2500)], shared: common.slice(1) },
  { path: at('noise/4097'), own: [acl('system.posix_acl_access', everybody)], shared: common.slice(0, 1) },
  {
    path: at('zeros/65536'),
    own: Array.from({ length: 12 }, (_, index) => text(`user.many-${index}`, 'y'.repeat(index))),
    shared: [],
  },
  { path: at('links/relative'), own: [text('security.link', 'of a symlink')], shared: common.slice(1) },
  { path: at('nodes/null'), own: [text('security.node', 'of a device')], shared: [] },
  {
    path: at('deep/a/b'),
    own: [text('user.folder', 'of a directory'), acl('system.posix_acl_default', everybody)],
    shared: common,
  },
];
