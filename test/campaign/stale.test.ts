// SPDX-License-Identifier: GPL-2.0-only
/** Stale: a boot whose tree, patches, fragments, payload, packing or QEMU are not what they were. */
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { BootRun } from '../../src/boot/boot.ts';
import { qemuVersion } from '../../src/boot/qemu/argv.ts';
import { staleness } from '../../src/campaign/stale.ts';
import { payloadInputs } from '../../src/image/collect.ts';
import { imageDigest } from '../../src/image/publish.ts';
import { findFormat } from '../../src/image/registry.ts';
import { findFragments } from '../../src/kconfig/find.ts';
import { fragmentsDigest } from '../../src/kconfig/fragment.ts';
import { readSeries } from '../../src/series/read.ts';
import { treeDocument } from '../../src/tree/trees.ts';
import { openWorkspace, type Workspace } from '../../src/workspace.ts';
import { never, temporaryFolder } from '../image/fixture.ts';
import { run } from '../measure/runs.ts';

const before = process.env.PATH;
beforeAll(() => void (process.env.PATH = `${path.resolve('test/bin/boot')}:${before}`));
afterAll(() => void (process.env.PATH = before));

let workspace: Workspace;
let root: string;
let made: BootRun;
let init: string;
beforeEach(async () => {
  root = temporaryFolder();
  cpSync('vm', path.join(root, 'vm'), { recursive: true });
  mkdirSync(path.join(root, 'patches/mine'), { recursive: true });
  mkdirSync(path.join(root, 'kconfigs'));
  writeFileSync(path.join(root, 'kconfigs/base.config'), 'CONFIG_A=y\n');
  writeFileSync(path.join(root, 'kconfigs/mine.config'), 'CONFIG_B=y\n');
  patch('one');
  init = path.join(root, 'payload/init');
  mkdirSync(path.dirname(init));
  writeFileSync(init, '#!/bin/sh\n', { mode: 0o755 });
  workspace = openWorkspace(
    { ...process.env, INITBENCH_CACHE: path.join(root, 'cache'), INITBENCH_STATE: path.join(root, 'state') },
    root,
  );
  tree('a'.repeat(40));
  made = await boot();
});

function patch(line: string): void {
  writeFileSync(
    path.join(root, 'patches/mine/0001-one.patch'),
    `From: A <a@b>\nSubject: [PATCH] one\n\n---\n a | 1 +\n\ndiff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -0,0 +1 @@\n+${line}\n-- \n2.39\n`,
  );
}

function tree(commit: string): void {
  const folder = path.join(workspace.state, 'trees');
  mkdirSync(folder, { recursive: true });
  const source = { kind: 'git', location: '/srv/linux' } as const;
  const record = treeDocument.of({ name: 't', version: '7.3', commit, treeId: 'b', source });
  writeFileSync(path.join(folder, 't.json'), JSON.stringify(record));
}

/** A run of what is there now. */
async function boot(): Promise<BootRun> {
  const fragments = ['base', 'mine'];
  const origin = {
    base: 'a'.repeat(40),
    series: (await readSeries(workspace, 'mine')).digest,
    fragments,
    fragmentsDigest: fragmentsDigest(await findFragments(workspace, fragments, 'x86', ['t', 'mine'])),
  };
  const asked = { padBytes: 0, arch: 'x86_64' };
  const name = `dir:${path.dirname(init)}`;
  const inputs = (await payloadInputs(workspace, name, asked, never))!;
  const digest = await imageDigest('p', await findFormat('cpio-lz4'), never);
  const payload = { name, digest: 'p', origin: { ...asked, inputs } };
  return {
    ...run({}),
    kernel: { ...run({}).kernel, name: 'mine', tree: 't', arch: 'x86_64', origin },
    images: [{ role: 'payload', format: 'cpio-lz4', digest, bytes: 1, payload }],
    argv: ['qemu-system-x86_64'],
    qemuVersion: await qemuVersion('qemu-system-x86_64', never),
  };
}

const reasons = async (of = made) =>
  (await staleness(workspace, never)(of)).map(({ what, reason }) => `${what}: ${reason}`);

test('nothing has changed', async () => {
  expect(await reasons()).toEqual([]);
});

test('a record of an earlier initbench tells less, and that is not held against it', async () => {
  expect(await reasons({ ...run({}), argv: ['qemu'] })).toEqual([]);
});

test.each<[string, () => void, string]>([
  ['a patch', () => patch('two'), 'kernel: patches/mine changed'],
  [
    'a series that is gone',
    () => rmSync(path.join(root, 'patches/mine'), { recursive: true }),
    'kernel: patches/mine is gone',
  ],
  ['the tree', () => tree('c'.repeat(40)), 'kernel: the tree t changed'],
  ['a removed tree', () => rmSync(path.join(workspace.state, 'trees/t.json')), 'kernel: the tree t is gone'],
  [
    'an option',
    () => writeFileSync(path.join(root, 'kconfigs/base.config'), 'CONFIG_A=m\n'),
    'config: kconfigs of base, mine changed',
  ],
  [
    'what a tree adds to a fragment',
    () => writeFileSync(path.join(root, 'kconfigs/base.t.config'), 'CONFIG_C=y\n'),
    'config: kconfigs of base, mine changed',
  ],
  ['a file of the payload', () => writeFileSync(init, '#!/bin/bash\n'), 'changed'],
  ['the payload', () => rmSync(path.dirname(init), { recursive: true }), 'is gone'],
  ['a guest program', () => writeFileSync(path.join(root, 'vm/probe.c'), ''), 'changed'],
])('%s', async (_what, change, reason) => {
  change();
  const said = await reasons();
  expect(said).toHaveLength(1);
  expect(said[0]).toContain(reason);
});

test('a comment in a fragment is not a change', async () => {
  writeFileSync(path.join(root, 'kconfigs/base.config'), '# why\nCONFIG_A=y\n');
  expect(await reasons()).toEqual([]);
});

test('what packs an image, and another QEMU', async () => {
  const [image] = made.images;
  expect(await reasons({ ...made, images: [{ ...image!, digest: 'x' }] })).toEqual([
    'image: what packs cpio-lz4 changed',
  ]);
  expect(await reasons({ ...made, qemuVersion: '6.0' })).toEqual([
    expect.stringMatching(/^qemu: QEMU was 6\.0, is /),
  ]);
});

test('no program is run because a record names it', async () => {
  expect(await reasons({ ...made, argv: [path.join(root, 'payload/init')], qemuVersion: '1' })).toEqual([]);
});
