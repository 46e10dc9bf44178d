// SPDX-License-Identifier: GPL-2.0-only
/** What may be typed as SOURCE, and the version a top Makefile names. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseKernelVersion } from '../../src/tree/makefile.ts';
import { formatSource, parseDebianSource, readSource } from '../../src/tree/source.ts';
import { discard, makefile, makeSample, type Sample } from './sample.ts';

let sample: Sample;
beforeEach(() => {
  sample = makeSample();
});
afterEach(() => discard(sample));

describe('readSource()', () => {
  test('tells apart a folder, a file, a URL and a Debian package', async () => {
    const at = sample.folder;
    writeFileSync(path.join(at, 'linux.tar.xz'), '');
    expect(await readSource('linux-7.3.4', at)).toEqual({ kind: 'git', location: sample.files });
    expect(await readSource('linux-7.3.4#v7.3~2', at)).toEqual({
      kind: 'git',
      location: sample.files,
      revision: 'v7.3~2',
    });
    expect(await readSource('linux.tar.xz', at)).toEqual({
      kind: 'tarball',
      path: path.join(at, 'linux.tar.xz'),
    });
    expect(await readSource('https://example.org/l.git#master', at)).toEqual({
      kind: 'git',
      location: 'https://example.org/l.git',
      revision: 'master',
    });
    expect(await readSource('git@example.org:l.git', at)).toEqual({
      kind: 'git',
      location: 'git@example.org:l.git',
    });
  });

  test('a folder whose name holds a # is that folder', async () => {
    mkdirSync(path.join(sample.folder, 'a#b'));
    expect(await readSource('a#b', sample.folder)).toEqual({
      kind: 'git',
      location: path.join(sample.folder, 'a#b'),
    });
  });

  test.each([
    ['nosuch', 'there is no'],
    ['linux-7.3.4#', 'is not a source'],
    ['linux-7.3.4#--upload-pack=x', 'is not a source'],
    ['--upload-pack=x', 'is not a source'],
    ['https://example.org/linux-7.3.tar.xz', 'tarball on a server'],
    ['debian:', 'is not a source'],
    ['debian:a/b/c', 'is not a source'],
  ])('%s is refused', async (text, message) => {
    await expect(readSource(text, sample.folder)).rejects.toThrow(message);
  });
});

test.each([
  ['debian:linux-source-6.12', { kind: 'debian', package: 'linux-source-6.12' }],
  [
    'debian:trixie-backports/linux-source-7.3=7.3.4-1~bpo13+1',
    { kind: 'debian', suite: 'trixie-backports', package: 'linux-source-7.3', version: '7.3.4-1~bpo13+1' },
  ],
] as const)('%s is read and written back', (text, source) => {
  expect(parseDebianSource(text)).toEqual(source);
  expect(formatSource(source)).toBe(text);
});

describe('parseKernelVersion()', () => {
  test('words it as make kernelversion does', () => {
    expect(parseKernelVersion(makefile('4'))).toBe('7.3.4');
    expect(parseKernelVersion(makefile('0', '-rc1'))).toBe('7.3.0-rc1');
    expect(parseKernelVersion('VERSION = 7\nPATCHLEVEL = 4\nSUBLEVEL =\nEXTRAVERSION =\n')).toBe('7.4');
  });
  test('another Makefile has none', () => {
    expect(parseKernelVersion('VERSION = 1.2\nall:\n')).toBeUndefined();
    expect(parseKernelVersion('VERSION = 7\n')).toBeUndefined();
    expect(parseKernelVersion('')).toBeUndefined();
  });
});
