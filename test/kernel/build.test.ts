// SPDX-License-Identifier: GPL-2.0-only
/** From fragments to a kernel in the cache, with a stand-in make: what is called, what is kept, how builds end. */
import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { WorkEvent } from '../../src/events.ts';
import { productOf } from '../../src/events.ts';
import { exitCodes, Interrupted } from '../../src/host/errors.ts';
import { findFragments } from '../../src/kconfig/find.ts';
import { buildKernel } from '../../src/kernel/build.ts';
import { type Build, folderOf } from '../../src/kernel/make.ts';
import { type BuildRequest, configure, planBuild } from '../../src/kernel/plan.ts';
import { BuildFailed } from '../../src/kernel/run.ts';
import { readMemory } from '../../src/kernel/seed.ts';
import { readKernel } from '../../src/kernel/store.ts';
import { removeHalfMade } from '../../src/kernel/unfinished.ts';
import type { Worktree } from '../../src/tree/tree.ts';
import type { Workspace } from '../../src/workspace.ts';
import {
  addWorktree,
  bin,
  checkedOut,
  collect,
  committed,
  recorded,
  type Sample,
  sampleTree,
} from './sample.ts';

const signal = new AbortController().signal;
let sample: Sample;
let worktree: Worktree;
beforeEach(async () => {
  sample = await sampleTree();
  worktree = await checkedOut(sample);
});
afterEach(() => sample.remove());

async function plan(workspace: Workspace, request: Partial<BuildRequest> = {}): Promise<Build> {
  const fragments = await findFragments(workspace, ['base'], 'x86');
  const all = { name: 'base', tree: '7.3', version: '7.3.4', fragments, variables: [], jobs: 2, ...request };
  return productOf(planBuild(workspace, worktree, all, signal));
}

/** The sample's tree with one more file in it. */
async function changedTree(file: string): Promise<Worktree> {
  await mkdir(path.dirname(path.join(worktree.path, file)), { recursive: true });
  await writeFile(path.join(worktree.path, file), 'new\n');
  return committed(worktree);
}

async function made(workspace: Workspace, request: Partial<BuildRequest> = {}, stop = signal) {
  const build = await plan(workspace, request);
  const config = await productOf(configure(workspace, build, stop));
  return { build, config, ...(await collect(buildKernel(workspace, build, config, stop))) };
}

const targets = (calls: readonly string[]) => calls.map(call => call.split(' ').at(-1));
const pause = () => new Promise(resolve => setTimeout(resolve, 20));

/** An orphan stays a zombie until init has seen to it. */
async function isGone(pid: number): Promise<boolean> {
  for (let attempt = 0; attempt < 250; attempt++) {
    try {
      process.kill(pid, 0);
    } catch {
      return true;
    }
    await pause();
  }
  return false;
}

const progressOf = (events: readonly WorkEvent[]) => events.filter(event => event.type === 'progress');

describe('configure()', () => {
  test('tinyconfig, merge, olddefconfig; a second time make is not called', async () => {
    const build = await plan(sample.workspace);
    const config = await productOf(configure(sample.workspace, build, signal));
    expect(config).toMatchObject({ fragments: ['base'], redefined: [], lost: [] });
    expect(config.text).toContain('CONFIG_EROFS_FS=y\nCONFIG_KERNEL_LZ4=y\n');
    expect(targets(await sample.calls())).toEqual(['tinyconfig', 'olddefconfig']);
    const again = await collect(configure(sample.workspace, build, signal));
    expect(again.product).toEqual(config);
    expect(again.events).toMatchObject([{ type: 'step', step: 'configure base', state: 'cached' }]);
    expect(await sample.calls()).toHaveLength(2);
  });

  test('another compiler, variable, fragment or tree is another .config', async () => {
    const { workspace } = sample;
    const configured = async (w: Workspace, request: Partial<BuildRequest> = {}) =>
      productOf(configure(w, await plan(w, request), signal));
    await configured(workspace);
    await configured(sample.with({ INITBENCH_TEST_GCC: '13.1.0' }));
    await configured(workspace, { variables: ['KCFLAGS=-g'] });
    await configured(workspace, {
      fragments: await findFragments(workspace, ['base', 'CONFIG_CRYPTO=y'], 'x86'),
    });
    const moved = { ...(await plan(workspace)), worktree: await changedTree('init/Kconfig') };
    await productOf(configure(workspace, moved, signal));
    expect(await sample.calls()).toHaveLength(10);
  });

  test('a tree that differs in C files and documentation has the same .config', async () => {
    const { workspace } = sample;
    const first = await productOf(configure(workspace, await plan(workspace), signal));
    await changedTree('Documentation/x.rst');
    const changed = await changedTree('init/main.c');
    const moved = { ...(await plan(workspace)), worktree: changed };
    const second = await productOf(configure(workspace, moved, signal));
    expect(second).toEqual(first);
    expect(await sample.calls()).toHaveLength(2);
    const script = await changedTree('scripts/kconfig/conf.c');
    await productOf(configure(workspace, { ...(await plan(workspace)), worktree: script }, signal));
    expect(await sample.calls()).toHaveLength(4);
  });

  test('fragments that are no plain file are copied into the build directory', async () => {
    const odd = path.join(worktree.path, '..', 'my own.config');
    await writeFile(odd, 'CONFIG_CRYPTO=y\n');
    const fragments = await findFragments(sample.workspace, ['base', odd, 'CONFIG_EROFS_FS=n'], 'x86');
    const build = await plan(sample.workspace, { fragments });
    const config = await productOf(configure(sample.workspace, build, signal));
    expect(config.text).toContain('CONFIG_CRYPTO=y');
    expect(config.redefined).toEqual([
      {
        option: 'CONFIG_EROFS_FS',
        first: { value: 'y', fragment: 'base' },
        last: { value: 'n', fragment: 'item' },
      },
    ]);
    expect(config.lost).toEqual([]);
  });

  test('lost options keep their reason in the cache', async () => {
    const fragments = await findFragments(sample.workspace, ['base', 'CONFIG_EROFS_SF=y'], 'x86');
    const build = await plan(sample.workspace, { fragments });
    const lost = [
      {
        option: 'CONFIG_EROFS_SF',
        fragment: 'item',
        requested: 'y',
        actual: undefined,
        because: 'Kconfig has no EROFS_SF; there is EROFS_FS',
      },
    ];
    expect((await productOf(configure(sample.workspace, build, signal))).lost).toEqual(lost);
    expect((await productOf(configure(sample.workspace, build, signal))).lost).toEqual(lost);
  });

  test('an unknown fragment answers with those there are', async () => {
    await expect(findFragments(sample.workspace, ['bse'], 'x86')).rejects.toMatchObject({
      message: "no fragment is called 'bse'",
      hint: 'there is: base, debug',
    });
    await expect(findFragments(sample.workspace, ['./no.config'], 'x86')).rejects.toThrow(
      /there is no fragment .*no\.config/,
    );
  });

  test('a name brings what its architecture adds to it, behind it', async () => {
    const kconfigs = path.join(sample.workspace.root, 'kconfigs');
    await writeFile(path.join(kconfigs, 'base.arm64.config'), 'CONFIG_CRYPTO=y\n');
    await writeFile(path.join(kconfigs, 'memmap.x86.config'), 'CONFIG_64BIT=y\n');
    const names = async (words: readonly string[], srcarch: string) =>
      (await findFragments(sample.workspace, words, srcarch)).map(({ name }) => name);
    expect(await names(['base', 'debug'], 'arm64')).toEqual(['base', 'base.arm64', 'debug']);
    expect(await names(['base', 'memmap'], 'x86')).toEqual(['base', 'memmap.x86']);
    await expect(names(['memmap'], 'arm64')).rejects.toThrow("no fragment is called 'memmap'");
  });

  test('and what its tree and its series add', async () => {
    const kconfigs = path.join(sample.workspace.root, 'kconfigs');
    await writeFile(path.join(kconfigs, 'debug.7.3.config'), 'CONFIG_64BIT=y\n');
    await writeFile(path.join(kconfigs, 'debug.mine.config'), 'CONFIG_CRYPTO=y\n');
    const names = async (...others: readonly string[]) =>
      (await findFragments(sample.workspace, ['debug', 'base'], 'x86', others)).map(({ name }) => name);
    expect(await names('7.3', 'mine')).toEqual(['debug', 'debug.7.3', 'debug.mine', 'base']);
    expect(await names('6.12', 'base')).toEqual(['debug', 'base']);
    expect(await names()).toEqual(['debug', 'base']);
  });
});

describe('buildKernel()', () => {
  test('keeps the kernel with everything it was made from', async () => {
    const { product: kernel, build, config, events } = await made(sample.workspace);
    expect(kernel).toMatchObject({
      name: 'base',
      tree: '7.3',
      version: '7.3.4',
      commit: worktree.commit,
      treeId: worktree.treeId,
      release: '7.3.4-initbench',
      configDigest: config.digest,
      fragments: ['base'],
      sections: { text: 1000, data: 200, bss: 30 },
      toolchain: {
        compiler: 'gcc (stand-in) 12.2.0',
        linker: 'GNU ld (stand-in) 2.40',
        assembler: 'GNU assembler (stand-in) 2.40',
      },
      jobs: 2,
    });
    expect(kernel.variables).not.toHaveProperty('CC');
    expect(kernel.makeArgv).toContain('CC=ccache gcc');
    expect(kernel.warnings[0]).toMatch(/^fs\/erofs\/\w+\.[ch]:\d+:\d+: warning: /);
    for (const file of Object.values(kernel.files)) expect((await readFile(file)).length).toBeGreaterThan(0);
    expect(await readFile(kernel.files.config, 'utf8')).toBe(config.text);
    expect(await readFile(kernel.files.log, 'utf8')).toContain('CC      fs/erofs/super.o');
    const bars = progressOf(events);
    expect(bars.length).toBeGreaterThan(50);
    expect(bars.at(-1)).toMatchObject({ done: kernel.steps!.steps, total: kernel.steps!.steps });
    expect(bars.slice(0, -1).every(({ done, total = Infinity }) => done < total)).toBe(true);
    expect(await readdir(path.dirname(kernel.files.image))).not.toContain('.new-');
    expect(folderOf(build)).toMatch(/^build-[0-9a-f]{8}$/);
  });

  test('the same build again is read, not made, under the name that asks', async () => {
    const first = await made(sample.workspace);
    const calls = await sample.calls();
    const second = await made(sample.workspace, { name: 'renamed', jobs: 7 });
    expect(second.product).toEqual({ ...first.product, name: 'renamed' });
    expect(second.events).toMatchObject([
      { step: 'build renamed', state: 'cached', product: first.product.digest },
    ]);
    expect(await sample.calls()).toEqual(calls);
  });

  test('a moved cache is still read', async () => {
    const { product } = await made(sample.workspace);
    const moved = `${sample.workspace.cache}-moved`;
    await mkdir(moved);
    const from = path.dirname(product.files.image);
    for (const file of await readdir(from)) await copyFile(path.join(from, file), path.join(moved, file));
    expect((await readKernel(moved))?.files.image).toBe(path.join(moved, 'bzImage'));
  });

  test('a build that fails throws the first errors and keeps its log until one succeeds', async () => {
    const failing = sample.with({
      INITBENCH_TEST_BUILD_LOG: recorded('error.log'),
      INITBENCH_TEST_BUILD_FAILS: '1',
    });
    const failed = await made(failing).catch(error => error as BuildFailed);
    expect(failed).toBeInstanceOf(BuildFailed);
    const { message, errors, logPath, exitCode } = failed as BuildFailed;
    expect(exitCode).toBe(exitCodes.build);
    expect(errors[0]).toBe(
      "fs/erofs/super.c:84:19: error: 'struct erofs_sb_info' has no member named 'no_such_member'",
    );
    expect(message).toContain(errors[0]);
    expect(await readFile(logPath, 'utf8')).toContain('no_such_member');
    expect(await readdir(path.join(sample.workspace.cache, 'kernels'))).toEqual([]);

    const { product } = await made(sample.workspace);
    expect(product.warnings.join('\n')).not.toContain('erofs_broken');
    await expect(readFile(logPath)).rejects.toThrow('ENOENT');
  });

  test('after an interrupt nothing of make is left, and the next build goes on from there', async () => {
    const { product: known } = await made(sample.workspace);
    // Nothing to start from: the steps of the first build are known, its objects are gone.
    await rm(path.join(worktree.path, folderOf(await plan(sample.workspace))), { recursive: true });
    const changed = await changedTree('init/main.c');
    const second = addWorktree(sample.workspace, `${worktree.path}2`, changed);

    const [pidFile, half] = ['pid', 'half.log'].map(name => path.join(sample.workspace.cache, name)) as [
      string,
      string,
    ];
    const lines = (await readFile(recorded('warnings.log'), 'utf8')).split('\n');
    await writeFile(half, `${lines.slice(0, 60).join('\n')}\n`);
    const hanging = sample.with({ INITBENCH_TEST_BUILD_LOG: half, INITBENCH_TEST_BUILD_HANGS: pidFile });
    const build = { ...(await plan(hanging)), worktree: second };
    const config = await productOf(configure(hanging, build, signal));
    const stop = new AbortController();
    const ended = productOf(buildKernel(hanging, build, config, stop.signal)).catch(error => error);
    while (!(await readFile(pidFile, 'utf8').catch(() => ''))) await pause();
    stop.abort();
    expect(await ended).toBeInstanceOf(Interrupted);
    expect(await isGone(Number(await readFile(pidFile, 'utf8')))).toBe(true);
    expect(await readdir(path.join(sample.workspace.cache, 'kernels'))).toHaveLength(1);

    const { events, product } = await collect(buildKernel(sample.workspace, build, config, signal));
    expect(progressOf(events)[0]!.total).toBe(known.steps!.steps - 60);
    expect(product.steps).toEqual(known.steps);
  });

  test('a later build of the same directory keeps warnings of what was not compiled again', async () => {
    const { product: first } = await made(sample.workspace);
    const again = path.join(sample.workspace.cache, 'again.log');
    await writeFile(again, '  CC      fs/erofs/super.o\n  LD      vmlinux.o\n');
    const changed = await changedTree('init/main.c');
    const workspace = sample.with({ INITBENCH_TEST_BUILD_LOG: again });
    const build = { ...(await plan(workspace)), worktree: changed };
    const config = await productOf(configure(workspace, build, signal));
    const kernel = await productOf(buildKernel(workspace, build, config, signal));
    expect(kernel.warnings.filter(warning => warning.includes('erofs_left_over'))).toEqual([]);
    expect(kernel.warnings.length).toBeGreaterThan(0);
    expect(first.warnings.length).toBeGreaterThan(kernel.warnings.length);
    expect(kernel.steps).toBeUndefined();
  });
});

describe('a worktree that others use too', () => {
  test('one that another initbench has moved on is brought back before make runs', async () => {
    const first = await plan(sample.workspace);
    const config = await productOf(configure(sample.workspace, first, signal));
    await changedTree('init/main.c');
    const { product, events } = await collect(buildKernel(sample.workspace, first, config, signal));
    expect(product).toMatchObject({ commit: worktree.commit, treeId: worktree.treeId });
    expect(events).toContainEqual(expect.objectContaining({ step: 'check out', state: 'done' }));
    expect(await readFile(product.files.image, 'utf8')).not.toContain('new');
  });

  test('one that is changed while make runs gives no kernel, and no build starts from its objects', async () => {
    const { build: known } = await made(sample.workspace);
    const other = await changedTree('init/main.c');
    const pidFile = path.join(sample.workspace.cache, 'pid');
    const hanging = sample.with({ INITBENCH_TEST_BUILD_HANGS: pidFile });
    const build = { ...(await plan(hanging)), worktree: other };
    const config = await productOf(configure(hanging, build, signal));
    const ended = productOf(buildKernel(hanging, build, config, signal)).catch(error => error);
    while (!(await readFile(pidFile, 'utf8').catch(() => ''))) await pause();
    execFileSync('git', ['-C', worktree.path, 'checkout', '-q', '--detach', worktree.commit]);
    process.kill(Number(await readFile(pidFile, 'utf8')));
    expect(await ended).toMatchObject({
      exitCode: exitCodes.environment,
      message: expect.stringContaining('was changed while it was in use: it is at'),
    });
    expect(await readdir(path.join(sample.workspace.cache, 'kernels'))).toHaveLength(1);
    expect(await readMemory(path.join(worktree.path, folderOf(known)))).toBeUndefined();
    const { product } = await collect(buildKernel(sample.workspace, build, config, signal));
    expect(await readFile(product.files.image, 'utf8')).toContain('new');
  });

  test('a second build of the same tree waits for the first and says for whom', async () => {
    const pidFile = path.join(sample.workspace.cache, 'pid');
    const hanging = sample.with({ INITBENCH_TEST_BUILD_HANGS: pidFile });
    const build = await plan(hanging);
    const config = await productOf(configure(hanging, build, signal));
    const first = productOf(buildKernel(hanging, build, config, signal));
    while (!(await readFile(pidFile, 'utf8').catch(() => ''))) await pause();
    const second = collect(buildKernel(sample.workspace, build, config, signal));
    await new Promise(resolve => setTimeout(resolve, 800));
    process.kill(Number(await readFile(pidFile, 'utf8')));
    const { events, product } = await second;
    expect(product.digest).toBe((await first).digest);
    expect(events).toContainEqual(
      expect.objectContaining({ message: expect.stringContaining(`process ${process.pid} has it since`) }),
    );
    expect((await sample.calls()).filter(call => call.endsWith('bzImage'))).toHaveLength(1);
  });

  test('what was being written when make was killed is made again', async () => {
    const { build } = await made(sample.workspace);
    const folder = path.join(worktree.path, folderOf(build));
    const [object, command] = ['init/main.o', 'init/.main.o.cmd'].map(file => path.join(folder, file)) as [
      string,
      string,
    ];
    await utimes(object, new Date(1_000_000), new Date(1_000_000));
    await utimes(command, new Date(1_000_000), new Date(1_000_000));
    expect(await removeHalfMade(folder)).toEqual([]);
    await writeFile(object, 'half');
    expect(await removeHalfMade(folder)).toEqual(['init/main.o']);
    await expect(readFile(object)).rejects.toThrow('ENOENT');
  });
});

describe('what is missing', () => {
  test('without ccache it builds, and a notice says what that costs', async () => {
    const tools = path.join(sample.workspace.cache, 'bin');
    await mkdir(tools);
    for (const tool of (await readdir(bin)).filter(name => name !== 'ccache')) {
      await symlink(path.join(bin, tool), path.join(tools, tool));
    }
    const workspace = sample.with({ PATH: tools });
    const fragments = await findFragments(workspace, ['base'], 'x86');
    const request = { name: 'base', tree: '7.3', version: '7.3.4', fragments, variables: [] };
    const { product: build, events } = await collect(planBuild(workspace, worktree, request, signal));
    expect(build.ccache).toBeUndefined();
    expect(events).toMatchObject([
      { type: 'notice', level: 'warning', message: expect.stringContaining('ccache is not installed') },
    ]);
    await rm(path.join(tools, 'bison'));
    await expect(collect(planBuild(workspace, worktree, request, signal))).rejects.toMatchObject({
      message: 'bison is not installed; building a kernel needs it',
      exitCode: exitCodes.environment,
    });
  });

  test('a compressor that the .config asks for is named before make is called', async () => {
    const tools = path.join(sample.workspace.cache, 'bin');
    await mkdir(tools);
    for (const tool of (await readdir(bin)).filter(name => name !== 'lz4')) {
      await symlink(path.join(bin, tool), path.join(tools, tool));
    }
    const build = await plan(sample.workspace);
    const config = await productOf(configure(sample.workspace, build, signal));
    await expect(productOf(buildKernel(sample.with({ PATH: tools }), build, config, signal))).rejects.toThrow(
      'lz4 is not installed',
    );
  });

  test('kbuild cannot work below a path with a blank', async () => {
    const request = { name: 'base', tree: '7.3', version: '7.3.4', fragments: [], variables: [] };
    const elsewhere = { ...worktree, path: '/my cache/tree' };
    await expect(productOf(planBuild(sample.workspace, elsewhere, request, signal))).rejects.toMatchObject({
      hint: 'set INITBENCH_CACHE to a folder without',
    });
  });
});
