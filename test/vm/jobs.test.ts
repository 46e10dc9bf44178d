// SPDX-License-Identifier: GPL-2.0-only
/** The workbench's jobs that change something, by their keys, on a series and a tree of their own: a commit is edited,
 *  refreshed, built and booted; then the series is exported, read, corrected where checkpatch points, and shown. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultSettings } from '../../src/tui/state.ts';
import { workspace } from './house.ts';
import { keysInDocs, openTerminal, type Terminal } from '../tui/tmux.ts';
import { makeWorkshop, patchText, type Workshop } from './workshop.ts';

const { series } = workspace.settings;
const changed = '0002-ovl-register-the-file-system-at-fs_initcall-when-bui.patch';
/** Longer than checkpatch likes. */
const long = `/* ${'early: the initrd is looked at before late initcalls; '.repeat(2)}*/`;

let shop: Workshop;
let edited: string;
let terminal: Terminal;

beforeAll(async () => {
  shop = await makeWorkshop();
  edited = shop.environment.INITBENCH_TEST_EDITED!;
  await mkdir(shop.environment.INITBENCH_STATE!);
  const kept = { version: 1, settings: { ...defaultSettings, series, pad: '0' }, marked: ['kernelspace'] };
  await writeFile(path.join(shop.environment.INITBENCH_STATE!, 'workbench.json'), JSON.stringify(kept));
  terminal = await openTerminal(shop.environment);
  await terminal.text(`'${process.execPath}' ${shop.root}/dist/main.js`);
  await terminal.keys('Enter');
  await terminal.until('[x] kernelspace', 60);
  await terminal.keys('b');
  await terminal.until(/kernelspace@\S+ .* ready/, 300);
  await terminal.keys('Escape');
  await terminal.until('═ 3 Flows');
  terminal.counted();
});

afterAll(async () => {
  await terminal?.close();
  await shop?.remove();
});

/** What the builds of the workshop compiled, by their logs. */
async function compiled({ environment }: Workshop): Promise<string[]> {
  const kernels = path.join(environment.INITBENCH_CACHE!, 'kernels');
  const logs = await Promise.all(
    (await readdir(kernels)).map(name =>
      readFile(path.join(kernels, name, 'build.log'), 'utf8').catch(() => ''),
    ),
  );
  return [...logs.join('\n').matchAll(/^ {2}CC {6}(\S+)$/gm)].map(match => match[1]!);
}

describe('the workbench', () => {
  test('iterate: edit a commit, refresh, build what changed, boot, see the change', async () => {
    const { keys, text, until, counted } = terminal;
    const before = await patchText(shop, changed);
    await keys('1', 'e');
    await until(/[#$] *\n*$/, 60);
    await text(`sed -i 's|^fs_initcall(ovl|${long}\\n&|' fs/overlayfs/super.c`);
    await text(' && git commit -q -a --fixup=:/^ovl:.register');
    await text(` && GIT_SEQUENCE_EDITOR=: git rebase -q -i --autosquash refs/initbench/edit/${series}/base`);
    await text(' && exit\n');
    await until('═ 1 Series', 60);
    await keys('R');
    await until('  wrote ', 60);
    const after = await patchText(shop, changed);
    expect(after).not.toBe(before);
    expect(after).toContain(`+${long}`);
    await keys('3', 'b');
    const shown = await until(/═ ended /, 300);
    expect(shown).toMatch(/kernelspace@\S+ .* [+-]0\.\d\d ready/);
    expect(counted()).toBe(await keysInDocs('Iterate'));
    expect(await compiled(shop)).toEqual(['fs/overlayfs/super.o']);
    await keys('Escape');
    await until('═ 3 Flows');
  });

  test('post: export, go to where checkpatch points, read a mail, dry run of the sending', async () => {
    const { keys, text, until, counted } = terminal;
    counted();
    await keys('5', 'e');
    await text(' --force');
    await keys('Enter');
    const shown = await until(/next: initbench send/, 60);
    expect(shown).toMatch(/STALE checkpatch +1 finding/);
    // the table is walked by its lines: what is shown is its beginning
    const at = shown.split('\n').findIndex(line => line.includes('fs/overlayfs/super.c:'));
    await text('j'.repeat(at - 1));
    await keys('Enter');
    await expect.poll(() => readFile(edited, 'utf8').catch(() => ''), { timeout: 60_000 }).not.toBe('');
    const [line, file] = (await readFile(edited, 'utf8')).trim().split('\n');
    const source = (await readFile(file!, 'utf8')).split('\n');
    expect(source[Number(line!.slice(1)) - 1]).toBe(long);
    await keys('5');
    await until('═ 5 Submission');
    await text('G');
    await keys('Enter');
    await until(/Subject: \[RFC PATCH|Subject: \[PATCH RFC/);
    await keys('5', 's');
    await until(/send \S+: done/, 60);
    await text('G');
    expect(await until(/nothing was sent; \d+ mails/)).toContain('next: initbench send');
    expect(counted()).toBe(await keysInDocs('Post'));
  });
});
