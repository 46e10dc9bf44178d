// SPDX-License-Identifier: GPL-2.0-only
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { Interrupted, UserError } from '../../src/host/errors.ts';
import { collectPayload } from '../../src/image/collect.ts';
import type { Payload } from '../../src/image/image.ts';
import { packImage } from '../../src/image/pack.ts';
import { listFormats, listPayloads } from '../../src/image/registry.ts';
import { isStaticElf } from '../../src/image/busybox.ts';
import { folders } from '../../src/workspace.ts';
import { archive, dir as directory, file as member, link as symlink, types } from '../archives/member.ts';
import { finished, never, temporaryFolder, temporaryWorkspace } from './fixture.ts';

const workspace = temporaryWorkspace();
const collect = (spec: string, padBytes = 0) =>
  finished(collectPayload(workspace, spec, { padBytes }, never));
const pathsOf = ({ entries }: Payload) => entries.map(entry => entry.path);
const contentOf = (payload: Payload, name: string) => {
  const entry = payload.entries.find(candidate => candidate.path === name)!;
  return readFileSync(path.join(payload.folder, entry.content!));
};

/** A tree with an /init; returns its path. */
function tree(): string {
  const root = temporaryFolder();
  mkdirSync(path.join(root, 'sbin'));
  writeFileSync(path.join(root, 'sbin/real'), '#!/bin/sh\n', { mode: 0o755 });
  symlinkSync('sbin/real', path.join(root, 'init'));
  writeFileSync(path.join(root, 'a b'), 'space');
  linkSync(path.join(root, 'a b'), path.join(root, 'c'));
  return root;
}

describe('the registries', () => {
  test('list what is in the folders, sorted', async () => {
    expect((await listPayloads()).map(kind => kind.id)).toEqual([
      ...[
        'busybox',
        'cost',
        'cpio',
        'credentials',
        'debian',
        'dir',
        'glibc',
        'initrd',
        'microcode',
        'probe',
        'rootfs',
        'storage-init',
      ],
    ]);
    expect((await listFormats()).map(format => format.id)).toEqual([
      ...['as-is', 'cpio', 'cpio-gzip', 'cpio-lz4', 'cpio-zstd', 'cramfs'],
      ...['erofs', 'erofs-lz4hc', 'erofs-lz4hc-64k', 'ext2', 'ext4'],
    ]);
  });

  test('have files named like what is in them', async () => {
    const image = path.resolve(import.meta.dirname, '../../src/image');
    for (const [folder, items] of [
      ['payload', await listPayloads()],
      ['format', await listFormats()],
    ] as const) {
      expect(readdirSync(path.join(image, folder)).sort()).toEqual(items.map(({ id }) => `${id}.ts`).sort());
      for (const { summary } of items) expect(summary).toMatch(/^[^.]{10,70}$/);
    }
  });

  test.each([
    [
      'busybx',
      /no payload is called 'busybx'/,
      /busybox, cost, cpio:FILE, credentials, debian, dir:PATH, glibc, initrd:FILE, microcode, probe/,
    ],
    ['dir', /needs an argument/, /write dir:PATH/],
    ['probe:x', /takes no argument/, /write probe/],
  ])('answer %s with what exists', async (spec, message, hint) => {
    const error = await collect(spec).catch(caught => caught);
    expect(error).toBeInstanceOf(UserError);
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
  });

  test('answer an unknown format with the sorted list', async () => {
    const { product } = await collect('probe');
    const error = await finished(packImage(workspace, product, 'squashfs', never)).catch(caught => caught);
    expect(error.message).toBe("no format is called 'squashfs'");
    expect(error.hint).toMatch(/^there is: as-is, cpio, cpio-gzip, .*, ext4$/);
  });
});

describe('our own payloads', () => {
  test('probe: nothing but the probe and what it stands on', async () => {
    const { product } = await collect('probe');
    expect(pathsOf(product)).toEqual(['dev', 'dev/console', 'init', 'proc', 'sys']);
    expect(product.entries[1]).toMatchObject({ mode: 0o020600, device: { major: 5, minor: 1 } });
    expect(isStaticElf(contentOf(product, 'init'))).toBe(true);
    expect(product.init).toEqual({});
  });

  test('storage-init and rootfs have an init of their own and no probe', async () => {
    const stage = (await collect('storage-init')).product;
    expect(isStaticElf(contentOf(stage, 'init'))).toBe(true);
    const root = (await collect('rootfs')).product;
    expect(pathsOf(root)).toEqual(expect.arrayContaining(['sbin/init', 'bin/sh', 'dev', 'proc', 'tmp']));
    for (const payload of [stage, root])
      expect(pathsOf(payload).some(at => at.startsWith('.initbench'))).toBe(false);
  });

  test('busybox: applets, filler, the probe as /init; the same again from the cache', async () => {
    const first = await collect('busybox', 1 << 20);
    const second = await collect('busybox', 1 << 20);
    expect(second.product).toEqual(first.product);
    expect(second.events).toContainEqual(
      expect.objectContaining({ type: 'step', step: 'collect busybox', state: 'cached' }),
    );
    const elsewhere = await finished(
      collectPayload(temporaryWorkspace(), 'busybox', { padBytes: 1 << 20 }, never),
    );
    expect(elsewhere.product.digest).toBe(first.product.digest);
    expect((await collect('busybox')).product.digest).not.toBe(first.product.digest);
    const { entries } = first.product;
    const pad = entries.filter(({ path: at, kind }) => at.startsWith('pad/') && kind === 'file');
    expect(pad.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(1 << 20);
    expect(contentOf(first.product, 'init').equals(contentOf(first.product, '.initbench/probe'))).toBe(true);
    const [total, ...files] = contentOf(first.product, '.initbench/files').toString().trimEnd().split('\n');
    const listed = entries.filter(({ path: at, kind }) => kind === 'file' && !at.startsWith('.initbench/'));
    expect(total).toBe(`total ${listed.reduce((sum, { bytes }) => sum + bytes, 0)}`);
    expect([...files].sort()).toEqual(listed.map(({ path: at }) => `/${at}`).sort());
    expect(files).not.toEqual([...files].sort());
  });
});

describe('dir:PATH', () => {
  test('takes the tree as it is, root-owned, with the probe in front of its init', async () => {
    const root = tree();
    const server = createServer().listen(path.join(root, 'socket'));
    await new Promise(resolve => server.once('listening', resolve));
    if (process.getuid?.() === 0) execFileSync('mknod', [path.join(root, 'null'), 'c', '1', '3']);
    const { product, events } = await collect(`dir:${root}`);
    server.close();
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'notice', message: `/socket is a socket; left out` }),
    );
    expect(pathsOf(product)).toEqual(
      expect.arrayContaining(['.initbench/files', '.initbench/probe', 'a b', 'c', 'init', 'sbin/real']),
    );
    expect(pathsOf(product)).not.toContain('socket');
    expect(new Set(product.entries.map(({ uid }) => uid))).toEqual(new Set([0]));
    expect(product.init).toEqual({ rdinit: '/.initbench/probe', next: '/init' });
    const byName = new Map(product.entries.map(entry => [entry.path, entry]));
    expect(byName.get('c')!.link).toBe(byName.get('a b')!.link);
    if (process.getuid?.() === 0) expect(byName.get('null')!.device).toEqual({ major: 1, minor: 3 });
    expect(contentOf(product, '.initbench/files').toString()).toContain('/a\\040b\n');
    expect(product.bytes).toBe(
      5 + 10 + byName.get('.initbench/probe')!.bytes + byName.get('.initbench/files')!.bytes,
    );
  });

  test('is collected again when a file has changed', async () => {
    const root = tree();
    const before = (await collect(`dir:${root}`)).product;
    expect((await collect(`dir:${root}`)).product).toEqual(before);
    writeFileSync(path.join(root, 'a b'), 'other');
    expect((await collect(`dir:${root}`)).product.digest).not.toBe(before.digest);
  });

  test.each([
    ['no init', (root: string) => execFileSync('rm', [path.join(root, 'init')]), /\/init is not there/],
    [
      'a dangling init',
      (root: string) => execFileSync('rm', [path.join(root, 'sbin/real')]),
      /\/sbin\/real is not there/,
    ],
    [
      'an init that cannot be run',
      (root: string) => execFileSync('chmod', ['644', path.join(root, 'sbin/real')]),
      /not executable/,
    ],
    [
      'an init in a loop',
      (root: string) => execFileSync('ln', ['-sfn', 'init', path.join(root, 'init')]),
      /too many symlinks/,
    ],
  ])('is refused with %s, and leaves nothing behind', async (_, spoil, message) => {
    const root = tree();
    spoil(root);
    const error = await collect(`dir:${root}`).catch(caught => caught);
    expect(error).toBeInstanceOf(UserError);
    expect(error.message).toMatch(message);
    expect(readdirSync(folders.payloads(workspace)).filter(name => name.startsWith('.new'))).toEqual([]);
  });

  test('is refused when it is not there, no directory, or unreadable', async () => {
    await expect(collect('dir:/no/such/folder')).rejects.toThrow(/cannot read \/no\/such\/folder: ENOENT/);
    await expect(collect('dir:/etc/passwd')).rejects.toThrow(/is not a directory/);
  });
});

describe('cpio:FILE', () => {
  test('keeps owners, devices and times, and ends in the same images', async () => {
    const busybox = (await collect('busybox')).product;
    const packed = (await finished(packImage(workspace, busybox, 'cpio-zstd', never))).product;
    const { product, events } = await collect(`cpio:${packed.path}`);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'notice', message: expect.stringContaining('zstd at 0') }),
    );
    const strip = ({ entries }: Payload) => entries.map(({ content, ...rest }) => rest);
    expect(strip(product)).toEqual(strip(busybox));
    expect((await collect(`cpio:${packed.path}`)).events.at(-1)).toMatchObject({ state: 'cached' });
    const plain = async (payload: Payload) =>
      (await finished(packImage(workspace, payload, 'cpio', never))).product;
    expect(readFileSync((await plain(product)).path).equals(readFileSync((await plain(busybox)).path))).toBe(
      true,
    );
  });

  test('says what a kernel leaves out, and stops where a kernel stops', async () => {
    const file = path.join(temporaryFolder(), 'x.img');
    const init = member('init', '#!/bin/sh', { mode: types.file | 0o755 });
    writeFileSync(file, archive(init, member('no/where', 'x'), member('n'.repeat(300), 'x')));
    const { events, product } = await collect(`cpio:${file}`);
    expect(pathsOf(product)).toEqual(expect.arrayContaining(['init']));
    const warnings = events.flatMap(event => (event.type === 'notice' ? [event.message] : []));
    expect(warnings.at(-1)).toMatch(
      /a kernel leaves out "no\/where" \(its directory, .*\), "n{300}" \(a name of more than 255 bytes/,
    );
    writeFileSync(file, archive(init, member('a', 'x', { magic: '070702', check: 1 })));
    const error = await collect(`cpio:${file}`).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).message).toMatch(
      /a kernel stops at offset 128: bad data checksum \(\/a: its bytes add up to 120, its header says 1\)$/,
    );
    expect((error as UserError).hint).toContain('--payload initrd:FILE');
  });

  test('names that are no UTF-8 go through every format and come back', async () => {
    const file = path.join(temporaryFolder(), 'x.img');
    const init = member('init', '#!/bin/sh', { mode: types.file | 0o755 });
    writeFileSync(
      file,
      archive(init, directory('\xff'), member('\xff/caf\xe9', 'x'), symlink('l', '\xff/caf\xe9')),
    );
    const { product } = await collect(`cpio:${file}`);
    expect(pathsOf(product)).toEqual(expect.arrayContaining(['\xff', '\xff/caf\xe9', 'l']));
    expect(contentOf(product, '.initbench/files').toString()).toContain('/\\377/caf\\351\n');
    await finished(packImage(workspace, product, 'erofs', never));
    const packed = (await finished(packImage(workspace, product, 'cpio-gzip', never))).product;
    const again = (await collect(`cpio:${packed.path}`)).product;
    expect(pathsOf(again)).toEqual(pathsOf(product));
  });

  test('is refused when it is not a file', async () => {
    await expect(collect('cpio:/etc')).rejects.toThrow(/not a regular file/);
    await expect(collect('cpio:/no/such')).rejects.toThrow(/cannot read/);
  });
});

describe('initrd:FILE', () => {
  test('is the file, byte for byte, whatever it holds', async () => {
    const file = path.join(temporaryFolder(), 'x.img');
    const bytes = Buffer.from('not even an archive');
    writeFileSync(file, bytes);
    const { product } = await collect(`initrd:${file}`);
    expect(product).toMatchObject({ asIs: true, bytes: bytes.length, init: {} });
    const image = (await finished(packImage(workspace, product, 'as-is', never))).product;
    expect(readFileSync(image.path)).toEqual(bytes);
    expect(image).toMatchObject({ format: 'as-is', bytes: bytes.length });
    const probe = (await collect('probe')).product;
    await expect(finished(packImage(workspace, probe, 'as-is', never))).rejects.toThrow(/is not an initrd/);
  });
});

test('an aborted collection leaves nothing behind and says that it was interrupted', async () => {
  const controller = new AbortController();
  const fresh = temporaryWorkspace();
  const work = collectPayload(fresh, 'busybox', { padBytes: 16 << 20 }, controller.signal);
  const run = async () => {
    for await (const event of work) if (event.type === 'progress') controller.abort();
  };
  await expect(run()).rejects.toBeInstanceOf(Interrupted);
  expect(readdirSync(folders.payloads(fresh))).toEqual(['inputs']);
  expect(existsSync(folders.images(fresh))).toBe(false);
});

test('a cached payload of 16 MiB is back within 100 ms of our CPU time', async () => {
  await collect('busybox', 16 << 20);
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    // The clock on the wall would measure what else the machine does.
    const started = process.cpuUsage();
    await collect('busybox', 16 << 20);
    const { user, system } = process.cpuUsage(started);
    times.push((user + system) / 1000);
  }
  expect(Math.min(...times)).toBeLessThan(100);
});
