// SPDX-License-Identifier: GPL-2.0-only
/** A dry run changes nothing and refuses nothing, whatever is there already: it prints what would be made and the
 *  commands. The program as it is built, on stand-ins for make and QEMU; git is real. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { withLock } from '../../src/host/lock.ts';
import { json, openScene, type Scene } from '../crash/deeds.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.close());

/** Every file of cache and state with its time and content. */
function everything(): Record<string, string> {
  const found: Record<string, string> = {};
  for (const top of ['work/cache', 'work/state']) {
    const folder = path.join(scene.bench.folder, top);
    if (!existsSync(folder)) continue;
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const file = path.join(entry.parentPath, entry.name);
      const about = entry.isFile() ? `${statSync(file).mtimeMs} ${readFileSync(file, 'latin1')}` : '';
      found[path.relative(scene.bench.folder, file)] = about;
    }
  }
  return found;
}

interface Step {
  readonly job: string;
  readonly step: string;
  readonly state: 'cached' | 'planned';
}

const payload = () => ['--payload', `dir:${path.join(scene.bench.folder, 'payload')}`];
const verbs: readonly (readonly [name: string, words: () => readonly string[]])[] = [
  ['build', () => ['build', 'trial']],
  ['boot', () => ['boot', 'kernelspace', ...payload()]],
  ['compare', () => ['compare', 'initramfs', 'kernelspace', '--variants', '2', ...payload()]],
  ['sweep', () => ['sweep', 'initramfs', 'kernelspace', '--used', '10', ...payload()]],
  ['start', () => ['start', ...payload()]],
];

describe.each(['empty', 'tree', 'kernels'] as const)('with the store %s', from => {
  // Once for all verbs: none of them changes anything.
  beforeAll(() => scene.begin({ from }));

  test.each(verbs)('%s --dry-run changes nothing', async (name, words) => {
    const before = everything();
    const ended = await scene.bench.run([...words(), '--dry-run', '--json']);
    expect({ code: ended.code, err: ended.err }).toMatchObject({ code: 0 });
    const after = everything();
    // The folders themselves are made by whoever opens the workspace.
    expect(after).toEqual(before);

    const document = json(ended) as { steps: Step[]; commands?: string[] };
    const planned = document.steps
      .filter(({ state }) => state === 'planned')
      .map(({ job, step }) => `${job}: ${step}`);
    const expected = {
      tree: planned.some(each => each.startsWith('tree t: fetch ')),
      apply: planned.includes('series trial: apply'),
      build: planned.includes('build trial: build trial'),
      pack: planned.some(each => /^image .*: pack /.test(each)),
    };
    expect(expected).toEqual({
      tree: from === 'empty',
      apply: from !== 'kernels',
      build: from !== 'kernels',
      pack: name !== 'build',
    });
    if (name !== 'sweep') {
      const command = name === 'build' ? /make O=build-.* bzImage/ : /^qemu-system-x86_64 .*-kernel /;
      expect(document.commands!.some(each => command.test(each))).toBe(true);
    }

    if (name !== 'compare') return;
    const { out } = await scene.bench.run([...words(), '--dry-run']);
    // In a shell, what would be made first is a comment.
    const comments = out.split('\n').filter(line => line.startsWith('#   '));
    expect(comments).toHaveLength(planned.length);
  });
});

test('this checkout has a dry run of its flows where nothing was made', async () => {
  await scene.begin({ from: 'empty' });
  const places = { INITBENCH_CACHE: scratch('cache'), INITBENCH_STATE: scratch('state') };
  const rows = [
    'initramfs',
    'userspace',
    'kernelspace',
    'memmap',
    'loop',
    'file-backed',
    'kernelspace-segments',
  ];
  const env = { ...process.env, ...places, PATH: scene.bench.path };
  const program = path.resolve('dist/main.js');
  const out = execFileSync(process.execPath, [program, 'compare', ...rows, '--dry-run', '--json'], {
    ...{ env, encoding: 'utf8' },
  });
  const { commands } = JSON.parse(out) as { commands: string[] };
  expect(commands.filter(each => each.startsWith('qemu-system-x86_64 '))).toHaveLength(rows.length + 2);
});

const scratch = (name: string) => path.join(scene.bench.folder, 'tmp', name);

test('what was made before is in the command itself, and nothing has to be made', async () => {
  await scene.begin({ from: 'kernels' });
  const words = ['boot', 'kernelspace', ...payload()];
  expect((await scene.bench.run([...words, '--json'])).code).toBe(0);
  const { out } = await scene.bench.run([...words, '--dry-run']);
  expect(out).toMatch(/^qemu-system-x86_64 /);
  expect(out).not.toMatch(/[<>]/);
  for (const [, file] of out.matchAll(/-(?:kernel|initrd) (\S+)/g)) expect(existsSync(file!)).toBe(true);
});

test('what is made is booted while somebody builds in the same worktrees', async () => {
  await scene.begin({ from: 'kernels' });
  const holders = ['base', 'trial'].map(label =>
    withLock(
      path.join(scene.bench.folder, 'work/cache/worktrees/t', label),
      new AbortController().signal,
      async function* () {
        yield 'held';
      },
    ),
  );
  expect(await Promise.all(holders.map(holder => holder.next()))).toHaveLength(2);
  // The lock holds others up.
  const waits = scene.bench.run(['build', 'base', '-q', '--', 'KCFLAGS=-g']);
  const compared = await scene.bench.run(['compare', 'initramfs', 'kernelspace', '-q', ...payload()]);
  expect(compared).toMatchObject({ code: 0, err: '' });
  for (const holder of holders) await holder.next();
  const built = await waits;
  expect(built.code).toBe(0);
  expect(built.err).toMatch(/^warning: waiting for \S+\/worktrees\/t\/base: process \d+ has it since /);
});

test('what cannot be is refused in a dry run, too', async () => {
  await scene.begin({ from: 'empty' });
  const ended = await scene.bench.run(['boot', 'no-such-flow', '--dry-run']);
  expect(ended.code).toBe(2);
});
