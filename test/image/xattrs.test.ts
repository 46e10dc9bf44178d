// SPDX-License-Identifier: GPL-2.0-only
/** Extended attributes from a tree of the host into an EROFS image, whatever their names and values are. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, openSync, closeSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { collectPayload } from '../../src/image/collect.ts';
import type { Xattr } from '../../src/image/entry.ts';
import { compareErofs, readerOf } from '../../src/image/erofs/compare.ts';
import { erofsTree, openErofs } from '../../src/image/erofs/inodes.ts';
import { erofsXattrs } from '../../src/image/erofs/xattrs.ts';
import type { Image, Payload } from '../../src/image/image.ts';
import { packImage } from '../../src/image/pack.ts';
import { formatRestore, parseGetfattr } from '../../src/image/xattrs.ts';
import { finished, never, payloadOf, temporaryFolder, temporaryWorkspace } from './fixture.ts';

const workspace = temporaryWorkspace();
const packed = async (payload: Payload): Promise<Image> =>
  (await finished(packImage(workspace, payload, 'erofs', never))).product;

function xattrsIn(image: Image): Record<string, readonly Xattr[]> {
  const fd = openSync(image.path, 'r');
  try {
    const erofs = openErofs(readerOf(fd));
    return Object.fromEntries(
      [...erofsTree(erofs)].map(({ path, inode }) => [path, erofsXattrs(erofs, inode)]),
    );
  } finally {
    closeSync(fd);
  }
}

const acl = '0200000001000700ffffffff02000600e803000004000500ffffffff10000700ffffffff20000500ffffffff';
const capability = '0100000200200000000000000000000000000000';

describe('extended attributes', () => {
  test('of a tree of the host are in the payload and in its image', async () => {
    const root = temporaryFolder();
    const at = (name: string) => path.join(root, name);
    writeFileSync(at('init'), '#!/bin/sh\n', { mode: 0o755 });
    writeFileSync(at('plain'), 'x');
    mkdirSync(at('a = b'));
    const set = (file: string, name: string, value: string) =>
      execFileSync('setfattr', ['-n', name, '-v', `0x${value}`, at(file)]);
    set('init', 'user.note', '68656c6c6f');
    set('init', 'user.empty', '');
    set('init', 'system.posix_acl_access', acl);
    set('a = b', 'system.posix_acl_default', acl);
    const privileged = process.getuid!() === 0;
    if (privileged) set('init', 'security.capability', capability);
    if (privileged) set('init', 'trusted.mine', '01');
    set('.', 'user.root', '01');

    const { product, events } = await finished(
      collectPayload(workspace, `dir:${root}`, { padBytes: 0 }, never),
    );
    const own = [
      ...(privileged ? [{ name: 'security.capability', value: capability }] : []),
      { name: 'system.posix_acl_access', value: acl },
      { name: 'user.empty', value: '' },
      { name: 'user.note', value: '68656c6c6f' },
    ];
    const entries = Object.fromEntries(product.entries.map(entry => [entry.path, entry.xattrs]));
    expect(entries).toMatchObject({ init: own, 'a = b': [{ name: 'system.posix_acl_default', value: acl }] });
    expect(entries.plain).toBeUndefined();
    const left = privileged ? 'trusted.mine, user.root of the root' : 'user.root of the root';
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'notice',
        message: `${root}: extended attributes are left out: ${left}`,
      }),
    );
    expect(xattrsIn(await packed(product))).toMatchObject({ init: own, plain: [] });
  });

  const bytes = (min: number, max: number, least = 1) =>
    fc
      .array(fc.integer({ min: least, max: 255 }), { minLength: min, maxLength: max })
      .map(codes => String.fromCharCode(...codes));
  const xattr = fc.record({
    name: fc.oneof(
      bytes(1, 40).map(rest => `user.${rest}`),
      bytes(1, 20).map(rest => `security.${rest}`),
    ),
    value: bytes(0, 300, 0).map(text => Buffer.from(text, 'latin1').toString('hex')),
  });
  const files = fc.uniqueArray(
    fc.record({
      name: bytes(1, 30).filter(name => !/[/]|^\.\.?$/.test(name)),
      xattrs: fc.uniqueArray(xattr, { selector: ({ name }) => name, maxLength: 5 }),
    }),
    { selector: ({ name }) => name, minLength: 1, maxLength: 5 },
  );

  test('of any names and values are in the image', async () => {
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(files, async made => {
        const payload = payloadOf(draft => {
          for (const { name, xattrs } of made) draft.file(name, Buffer.from('x'), { xattrs });
        });
        const image = await packed(payload);
        const { product } = await finished(compareErofs(image.path, payload, 'test', never));
        expect(product).toEqual([]);
        runs++;
      }),
      { numRuns: 8 },
    );
    expect(runs).toBe(8);
  }, 120_000);

  test('are written down and read back', () => {
    fc.assert(
      fc.property(files, made => {
        const listed = made.map(({ name, xattrs }) => ({ path: name, ...(xattrs.length > 0 && { xattrs }) }));
        const read = parseGetfattr(formatRestore('.', listed));
        expect([...read]).toEqual(
          made.filter(({ xattrs }) => xattrs.length > 0).map(({ name, xattrs }) => [name, xattrs]),
        );
      }),
    );
    expect(() => parseGetfattr(Buffer.from('nonsense\n'))).toThrow(/is not an attribute/);
  });

  test('that differ are a difference', async () => {
    const made = (value: string) =>
      payloadOf(draft => void draft.file('f', Buffer.from('x'), { xattrs: [{ name: 'user.a', value }] }));
    const image = await packed(made('01'));
    const { product } = await finished(compareErofs(image.path, made('02'), 'test', never));
    expect(product).toEqual([{ path: 'f', what: 'attributes is user.a=01, expected user.a=02' }]);
  });
});
