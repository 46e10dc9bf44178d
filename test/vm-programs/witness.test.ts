// SPDX-License-Identifier: GPL-2.0-only
/** vm/witness on the host (INITBENCH_DRY=1): which checks it runs, and that its digests and walks are right. */
import { createHash } from 'node:crypto';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { build, run } from './programs.ts';

let folder: string;
let witness: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'initbench-test-'));
  build(path.join(folder, 'out'), ['witness']);
  witness = path.join(folder, 'out/witness');
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const dry = (checks: string, env: Record<string, string> = {}) =>
  run(witness, { INITBENCH_DRY: '1', INITBENCH_CHECK: checks, ...env });

test('checks run in the order asked for, an unknown one is an error', async () => {
  const { lines, exitCode } = await dry('memory,nonsense,mounts');
  expect(lines.filter(line => line.name === 'check').map(line => line.values.name)).toEqual([
    'memory',
    'mounts',
  ]);
  expect(lines.find(line => line.name === 'error')?.values).toMatchObject({ what: 'check', errno: '2' });
  expect(exitCode).toBe(1);
});

test('digests are SHA-256, at every length around a block', async () => {
  const sizes = [0, 1, 55, 56, 63, 64, 65, 119, 120, 128, 65536, 70001];
  const files = sizes.map(size => {
    const content = Buffer.from(Array.from({ length: size }, (_, index) => (index * 7) & 0xff));
    const file = path.join(folder, `size${size}`);
    writeFileSync(file, content);
    return { file, sha256: createHash('sha256').update(content).digest('hex'), bytes: String(size) };
  });
  const { lines } = await dry('content', { INITBENCH_PATHS: files.map(({ file }) => file).join(',') });
  const found = lines.filter(line => line.name === 'file').map(line => line.values);
  expect(found.map(({ path: file, sha256, bytes }) => ({ file, sha256, bytes }))).toEqual(files);
});

test('a walk names everything below, once', async () => {
  const top = path.join(folder, 'tree');
  mkdirSync(path.join(top, 'a/b'), { recursive: true });
  writeFileSync(path.join(top, 'a/b/file'), 'x');
  linkSync(path.join(top, 'a/b/file'), path.join(top, 'other'));
  symlinkSync('a/b', path.join(top, 'link'));
  const { lines } = await dry('tree', { INITBENCH_TREE: top });
  const found = lines.filter(line => line.name === 'file').map(line => line.values);
  expect(found.map(values => values.path!.slice(top.length)).sort()).toEqual([
    '/a',
    '/a/b',
    '/a/b/file',
    '/link',
    '/other',
  ]);
  expect(found.find(values => values.path!.endsWith('/link'))).toMatchObject({
    kind: 'symlink',
    target: 'a/b',
  });
  expect(found.find(values => values.path!.endsWith('/other'))).toMatchObject({ links: '2' });
});

test('a path that is not there is said so', async () => {
  const { lines } = await dry('content,read,resident', { INITBENCH_PATHS: '/no/such/file' });
  for (const name of ['file', 'read', 'resident']) {
    expect(lines.find(line => line.name === name)?.values).toMatchObject({ errno: '2' });
  }
});
