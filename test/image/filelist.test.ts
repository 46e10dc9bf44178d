// SPDX-License-Identifier: GPL-2.0-only
import { expect, test } from 'vitest';
import { escapePath, formatFileList } from '../../src/image/filelist.ts';
import { findExecutable } from '../../src/image/init.ts';
import { bytesOf, payloadOf } from './fixture.ts';

test('escapePath() writes what is not printable ASCII, and the backslash, in octal', () => {
  expect(escapePath('a b\\c\nd')).toBe('a\\040b\\134c\\012d');
  expect(escapePath(bytesOf('grün'))).toBe('gr\\303\\274n');
  expect(escapePath('plain-1.0~+,%')).toBe('plain-1.0~+,%');
});

test('formatFileList() counts hard links once and leaves out what is not a file', () => {
  const { entries } = payloadOf(draft => {
    const file = draft.file('b', Buffer.alloc(10));
    draft.link('a', file);
    draft.symlink('l', 'a');
    draft.directory('.initbench');
    draft.file('.initbench/probe', Buffer.alloc(99));
    draft.file('c', Buffer.alloc(5));
  });
  const [total, ...files] = formatFileList(entries).trimEnd().split('\n');
  expect(total).toBe('total 15');
  expect(files.sort()).toEqual(['/a', '/c']);
});

test.each([
  ['a file', 'bin/sh', undefined],
  ['a relative symlink', 'init', undefined],
  ['an absolute symlink through a directory link', 'deep', undefined],
  ['nothing', 'none', '/none is not there'],
  ['a directory', 'usr', '/usr is a directory'],
  ['a file that is not a directory', 'bin/sh/x', '/usr/bin/sh is not a directory'],
  ['data', 'data', '/data is not executable'],
  ['a device', 'null', '/null is not a regular file'],
  ['a loop', 'loop', 'too many symlinks at /loop'],
  ['a way out of the root', 'out', undefined],
])('findExecutable(): %s', (_, start, problem) => {
  const { entries } = payloadOf(draft => {
    for (const at of ['usr', 'usr/bin']) draft.directory(at);
    draft.file('usr/bin/sh', Buffer.from('x'), { mode: 0o755 });
    draft.symlink('bin', 'usr/bin');
    draft.symlink('init', 'bin/sh');
    draft.symlink('deep', '/bin/../bin/sh');
    draft.symlink('out', '../../bin/sh');
    draft.symlink('loop', 'loop');
    draft.node('null', 'char', 1, 3);
    draft.file('data', Buffer.from('x'));
  });
  const byPath = new Map(entries.map(entry => [entry.path, entry]));
  expect(findExecutable(byPath, start)).toBe(problem);
});
