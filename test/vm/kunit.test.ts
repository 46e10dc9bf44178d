// SPDX-License-Identifier: GPL-2.0-only
/** The series' KUnit suites by the tree's kunit.py on User-Mode Linux, and the series broken in every way that a test can
 *  find. `npm run test:all` on x86-64 hosts. */
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createTwoFilesPatch } from 'diff';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kunitPassed, type KunitProduct, kunitSeries } from '../../src/campaign/kunit/kunit.ts';
import { kunit } from '../../src/commands/kunit.ts';
import { exitCodes } from '../../src/host/errors.ts';
import { git } from '../../src/host/git.ts';
import { hostArch } from '../../src/kernel/architecture.ts';
import { folders, openWorkspace, type Workspace } from '../../src/workspace.ts';
import { ended, everything, request, signal, workspace } from './house.ts';

const { series } = request();
const asked = { series, timeoutMs: 120_000 };

describe.runIf(everything && hostArch() === 'x86_64')('KUnit', () => {
  let whole: KunitProduct;
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'initbench-test-'));
    whole = (await ended(kunitSeries(workspace, asked, signal))).product;
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  const suites = (product: KunitProduct) => (product.end?.kind === 'ran' ? product.end.suites : []);

  test('the suites of the series are there, and none of their tests fails', () => {
    const own = whole.files.flatMap(file => file.suites);
    expect(own.length).toBeGreaterThan(0);
    expect(suites(whole).map(({ name }) => name)).toEqual(expect.arrayContaining(own));
    const failed = suites(whole).flatMap(({ name, tests }) =>
      tests.filter(({ result }) => result === 'failed').map(one => `${name}.${one.name}`),
    );
    expect(failed).toEqual([]);
    expect(kunitPassed(whole)).toBe(true);
    expect(suites(whole).every(({ ms }) => ms !== undefined && ms > 0)).toBe(true);
  });

  test('one of them by its name', async () => {
    const [name] = whole.files.flatMap(file => file.suites);
    const { product } = await ended(kunitSeries(workspace, { ...asked, filter: name! }, signal));
    expect(suites(product).map(suite => suite.name)).toEqual([name]);
  });

  /** The series with one more patch, which puts a line before the first expectation of its test. */
  async function broken(line: string): Promise<Workspace> {
    const { file } = whole.files[0]!;
    const before = await git(folders.repository(workspace), ['show', `${whole.commit}:${file}`], signal);
    const after = before.replace(/\n\tKUNIT_EXPECT_/, `\n\t${line}$&`);
    expect(after).not.toBe(before);
    const at = path.join(root, String(line.length));
    const patches = path.join(at, 'patches', series);
    await mkdir(path.dirname(patches), { recursive: true });
    await cp(path.join(workspace.root, 'patches', series), patches, { recursive: true });
    await symlink(path.join(workspace.root, 'kconfigs'), path.join(at, 'kconfigs'));
    await cp(path.join(workspace.root, 'initbench.toml'), path.join(at, 'initbench.toml'));
    const diff = createTwoFilesPatch(`a/${file}`, `b/${file}`, `${before}\n`, `${after}\n`);
    const mail = [
      'From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001',
      ...['From: T <t@example.org>', 'Date: Tue, 1 Dec 2026 00:00:00 +0000', 'Subject: [PATCH] break a test'],
      ...['', 'Break it.', '---', `diff --git a/${file} b/${file}`],
      diff.replace(/^=+\n/, ''),
    ];
    await writeFile(path.join(patches, '9999-break-a-test.patch'), mail.join('\n'));
    return openWorkspace({ ...workspace.environment }, at);
  }

  test.each([
    ['a test that fails', 'KUNIT_EXPECT_EQ(test, 1, 2);', exitCodes.failed, /Expected 1 == 2/],
    [
      'a panic in a test',
      'panic("the end, on purpose");',
      exitCodes.failed,
      /panicked in the middle of .*: the end, on purpose/,
    ],
    ['a test that never ends', 'for (;;) cpu_relax();', exitCodes.failed, /stopped after 20 s \(--timeout\)/],
    [
      'a test that does not compile',
      'no_such_function_at_all();',
      exitCodes.build,
      /does not build.*\n.*\.c:\d+:\d+: error: /,
    ],
  ])('%s', async (_what, line, code, reads) => {
    const within = await broken(line);
    const { product } = await ended(kunitSeries(within, { ...asked, timeoutMs: 20_000 }, signal));
    expect(kunit.text(product, 100).join('\n')).toMatch(reads);
    expect(kunit.exitCode!(product)).toBe(code);
    if (product.end) expect(await readFile(product.end.log, 'utf8')).toContain('KUnit Kernel');
  });
});
