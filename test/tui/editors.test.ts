// SPDX-License-Identifier: GPL-2.0-only
/** Editors and the line to start at: by the program that runs in the end, whatever it was called by. */
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { programOf } from '../../src/host/program.ts';
import { lineWords } from '../../src/tui/editors.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'initbench-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

// what packages of Debian install as alternatives of `editor`
test.each([
  ...[
    'nano',
    'vim.basic',
    'vim.tiny',
    'vim.nox',
    'vim.gtk3',
    'nvim',
    'nvi',
    'elvis-tiny',
    'joe',
    'jmacs',
    'jpico',
  ],
  ...[
    'jstar',
    'rjoe',
    'mg',
    'ne',
    'mcedit',
    'micro',
    'kak',
    'ed',
    'zile',
    'jed',
    'le',
    'tilde',
    'e3',
    'emacs-gtk',
  ],
  ...['emacs', 'emacs-nox', 'emacsclient', 'sensible-editor', 'levee', 'vi', 'gvim', 'view'],
])('%s takes +LINE', name => {
  expect(lineWords(`/usr/bin/${name}`, '/x/super.c', 12)).toEqual(['+12', '/x/super.c']);
});

test.each([
  ['code', ['--goto', '/x:12']],
  ['hx', ['/x:12']],
  ['cat', []],
  ['my-own-script', []],
])('%s has its own way, or none that is known', (name, words) => {
  expect(lineWords(name, '/x', 12)).toEqual(words);
});

describe('programOf()', () => {
  test('follows alternatives, through PATH', async () => {
    const bin = path.join(folder, 'bin');
    const etc = path.join(folder, 'alternatives');
    await Promise.all([mkdir(bin), mkdir(etc)]);
    await writeFile(path.join(bin, 'vim.tiny'), '#!/bin/sh\n');
    await chmod(path.join(bin, 'vim.tiny'), 0o755);
    await symlink(path.join(bin, 'vim.tiny'), path.join(etc, 'editor'));
    await symlink(path.join(etc, 'editor'), path.join(bin, 'editor'));
    const found = await programOf('editor', `/nowhere:${bin}`);
    expect(found).toBe(path.join(bin, 'vim.tiny'));
    expect(lineWords(found, 'x', 3)).toEqual(['+3', 'x']);
    expect(await programOf(path.join(bin, 'editor'), '')).toBe(path.join(bin, 'vim.tiny'));
  });

  test('is the name itself where there is none', async () => {
    expect(await programOf('no-such-editor', folder)).toBe('no-such-editor');
  });
});
