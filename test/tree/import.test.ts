// SPDX-License-Identifier: GPL-2.0-only
/** Tarballs become git trees: nothing lost, nothing of the archive's form left in the ids. */
import { linkSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { productOf } from '../../src/events.ts';
import { Interrupted, UserError } from '../../src/host/errors.ts';
import { git } from '../../src/host/git.ts';
import { commitArchive, importCommand, importTarball } from '../../src/tree/import.ts';
import { openRepository } from '../../src/tree/repository.ts';
import { type TarEntry, tarEntries } from '../../src/tree/tar.ts';
import { collect, discard, makeSample, run, type Sample } from './sample.ts';

const { signal } = new AbortController();
let sample: Sample;
let repository: string;
beforeEach(async () => {
  sample = makeSample();
  repository = await productOf(openRepository('t', sample.workspace, signal));
});
afterEach(() => discard(sample));

/** The git tree id of the files as git itself sees them on disk. */
function treeIdOnDisk(folder: string): string {
  const scratch = path.join(sample.folder, `disk${Math.random()}`);
  run(folder, 'git', 'init', '-q', '--bare', scratch);
  const at = ['git', `--git-dir=${scratch}`, `--work-tree=${folder}`, '-c', 'core.bare=false'];
  run(folder, ...at, 'add', '-A', '-f', '.');
  return run(folder, ...at, 'write-tree');
}

const tar = (file: string, ...words: string[]) => {
  run(sample.folder, 'tar', '-cf', file, ...words, 'linux-7.3.4');
  return path.join(sample.folder, file);
};
const imported = (file: string) => productOf(importTarball('t', repository, file, signal));

describe('importTarball()', () => {
  test('keeps every file, mode and link, whatever the format, the compression, the times and the owners', async () => {
    const wanted = treeIdOnDisk(sample.files);
    for (const format of ['gnu', 'pax', 'ustar']) {
      expect(await imported(tar(`${format}.tar`, `--format=${format}`)), format).toBe(wanted);
    }
    for (const suffix of ['gz', 'xz', 'zst', 'bz2']) {
      expect(await imported(tar(`l.tar.${suffix}`, '-a', '--owner=7', '--mtime=@5')), suffix).toBe(wanted);
    }
    expect(await git(repository, ['cat-file', 'blob', `${wanted}:ignored.o`], signal)).toBe(
      'kept all the same',
    );
  });

  test('takes a tarball without a top folder, and one made by git archive', async () => {
    const wanted = treeIdOnDisk(sample.files);
    run(sample.files, 'tar', '-cf', '../flat.tar', '.');
    expect(await imported(path.join(sample.folder, 'flat.tar'))).toBe(wanted);
    run(sample.files, 'git', 'init', '-q');
    run(sample.files, 'git', 'add', '-A', '-f');
    run(sample.files, 'git', 'commit', '-q', '-m', 'x');
    run(sample.files, 'git', 'archive', '--prefix=p/', '-o', '../archive.tar.gz', 'HEAD');
    expect(await imported(path.join(sample.folder, 'archive.tar.gz'))).toBe(wanted);
  });

  test('a hard link is a file, and a .git in the tarball is not in the tree', async () => {
    linkSync(path.join(sample.files, 'init/main.c'), path.join(sample.files, 'init/same.c'));
    const wanted = treeIdOnDisk(sample.files);
    run(sample.files, 'git', 'init', '-q');
    expect(await imported(tar('hard.tar'))).toBe(wanted);
  });

  test('says how far it is, in bytes of the file', async () => {
    const { events } = await collect(importTarball('t', repository, tar('l.tar.gz', '-a'), signal));
    const progress = events.filter(event => event.type === 'progress');
    expect(progress.at(-1)).toMatchObject({ label: 'import, 12 files' });
    expect(progress.at(-1)!.done).toBe(progress.at(-1)!.total);
  });

  test('a long run of padding after the archive does not block it', async () => {
    const file = tar('padded.tar');
    writeFileSync(file, Buffer.alloc(2 ** 20), { flag: 'a' });
    run(sample.folder, 'xz', 'padded.tar');
    expect(await imported(`${file}.xz`)).toBe(treeIdOnDisk(sample.files));
  });

  test('a damaged, a cut or another file is named as such', async () => {
    const file = tar('l.tar.xz', '-a');
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.subarray(0, bytes.length - 60));
    await expect(imported(file)).rejects.toThrow(/l\.tar\.xz is damaged: xz: .*Unexpected end of input/);
    const plain = tar('cut.tar');
    writeFileSync(plain, readFileSync(plain).subarray(0, 2000));
    await expect(imported(plain)).rejects.toThrow(/cut\.tar: (the archive ends|it is not a tar)/);
    writeFileSync(path.join(sample.folder, 'text'), 'hello\n'.repeat(200));
    await expect(imported(path.join(sample.folder, 'text'))).rejects.toThrow('it is not a tar archive');
    writeFileSync(path.join(sample.folder, 'none'), '');
    await expect(imported(path.join(sample.folder, 'none'))).rejects.toThrow('there is no file in it');
  });

  test('stops when the signal says so', async () => {
    const abort = new AbortController();
    writeFileSync(path.join(sample.files, 'large'), Buffer.alloc(2 ** 26));
    const work = importTarball('t', repository, tar('l.tar.gz', '-a'), abort.signal);
    await work.next();
    abort.abort();
    await expect(productOf(work)).rejects.toBeInstanceOf(Interrupted);
  });
});

test('the commit of an archive is the same on every machine', async () => {
  process.env.GIT_AUTHOR_NAME = 'Somebody Else';
  utimesSync(path.join(sample.files, 'Makefile'), 1, 1);
  const treeId = await imported(tar('l.tar'));
  const commit = await commitArchive(repository, treeId, 'Linux 7.3.4\n', signal);
  delete process.env.GIT_AUTHOR_NAME;
  expect(await git(repository, ['cat-file', 'commit', commit], signal)).toBe(
    `tree ${treeId}\nauthor initbench <initbench@localhost> 946684800 +0000\n` +
      'committer initbench <initbench@localhost> 946684800 +0000\n\nLinux 7.3.4',
  );
});

describe('importCommand()', () => {
  const entry = (name: string, kind: TarEntry['kind'] = 'file'): TarEntry => ({
    ...{ name, kind, mode: 0o644, link: '', data: Buffer.from('x') },
  });
  test.each(['../x', 'a/../../x', '/'])('refuses %s', name => {
    expect(() => importCommand(entry(name))).toThrow(UserError);
  });
  test('refuses devices', () => {
    expect(() => importCommand(entry('dev/null', 'other'))).toThrow('no source tree');
  });
  test('quotes what fast-import would read otherwise', () => {
    expect(String(importCommand(entry('./a/"b\\\n'))![0])).toBe('M 100644 inline "a/\\"b\\\\\\n"\ndata 1\n');
  });
});

test('tarEntries() gives names of any length and links to them, a byte at a time', async () => {
  const long = `${'d/'.repeat(60)}${'n'.repeat(120)}`;
  mkdirSync(path.join(sample.files, path.dirname(long)), { recursive: true });
  writeFileSync(path.join(sample.files, long), 'deep\n');
  run(sample.files, 'ln', '-s', long, 'deeplink');
  for (const format of ['gnu', 'pax']) {
    const bytes = readFileSync(tar(`${format}.tar`, `--format=${format}`));
    const pieces = async function* () {
      for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7);
    };
    const entries: TarEntry[] = [];
    for await (const each of tarEntries(pieces())) entries.push(each);
    const found = entries.find(each => each.name.endsWith('n'.repeat(120)));
    expect(found?.name, format).toBe(`linux-7.3.4/${long}`);
    expect(String(found?.data)).toBe('deep\n');
    expect(entries.find(each => each.name.endsWith('deeplink'))).toMatchObject({
      kind: 'symlink',
      link: long,
    });
  }
});
