// SPDX-License-Identifier: GPL-2.0-only
/** Which objects a change makes anew, from the dependencies kbuild left beside them. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  affectedObjects,
  differingOptions,
  objectsOf,
  parseDependencies,
  readDependencies,
} from '../../src/kernel/affected.ts';

/** As fixdep of Linux 7.3 writes it. */
const cmd = (
  object: string,
  source: string,
  files: readonly string[],
) => `savedcmd_${object} := gcc -c -o ${object} ${source}

source_${object} := ${source}

deps_${object} := \\
    $(wildcard include/config/EROFS_FS_XATTR) \\
${files.map(file => `  ${file} \\\n`).join('')}
${object}: $(deps_${object})

$(deps_${object}):
`;

const all = [
  cmd('fs/erofs/super.o', '../fs/erofs/super.c', ['../include/linux/fs.h', '../fs/erofs/internal.h']),
  cmd('fs/erofs/zdata.o', '../fs/erofs/zdata.c', ['../fs/erofs/internal.h', 'include/generated/bounds.h']),
  cmd('init/initramfs.o', '../init/initramfs.c', ['../include/linux/fs.h']),
  cmd('arch/x86/boot/cmdline.o', '../arch/x86/boot/cmdline.c', ['../include/linux/fs.h']),
  cmd('arch/x86/entry/entry.o', '../arch/x86/entry/entry.S', ['../include/linux/fs.h']),
  cmd('lib/crc32.o', '../lib/crc32.c', ['../lib/crc32-impl.c']),
].map(text => parseDependencies(text)!);

describe('parseDependencies()', () => {
  test('reads the source and the files of the tree, not what the build generated', () => {
    expect(all[1]).toEqual({
      object: 'fs/erofs/zdata.o',
      source: 'fs/erofs/zdata.c',
      files: new Set(['fs/erofs/zdata.c', 'fs/erofs/internal.h']),
    });
  });

  test('knows what is about no source of the tree', () => {
    expect(parseDependencies('savedcmd_fs/built-in.a := rm -f fs/built-in.a\n')).toBeUndefined();
    expect(parseDependencies(cmd('lib/crc32table.o', 'lib/crc32table.c', []))).toBeUndefined();
  });
});

const affected = (...changed: string[]) => affectedObjects(all, changed).map(({ object }) => object);

describe('affectedObjects()', () => {
  test('a source makes its own object, also one that another includes', () => {
    expect(affected('fs/erofs/super.c')).toEqual(['fs/erofs/super.o']);
    expect(affected('lib/crc32-impl.c')).toEqual(['lib/crc32.o']);
  });

  test('a header makes those that include it, but nothing from assembly or for another world', () => {
    expect(affected('fs/erofs/internal.h')).toEqual(['fs/erofs/super.o', 'fs/erofs/zdata.o']);
    expect(affected('include/linux/fs.h')).toEqual(['fs/erofs/super.o', 'init/initramfs.o']);
  });

  test('documentation makes nothing', () => {
    expect(affected('Documentation/filesystems/erofs.rst')).toEqual([]);
  });
});

test('readDependencies() finds them at any depth', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'initbench-test-'));
  try {
    await mkdir(path.join(folder, 'fs/erofs'), { recursive: true });
    await writeFile(
      path.join(folder, 'fs/erofs/.super.o.cmd'),
      cmd('fs/erofs/super.o', '../fs/erofs/super.c', []),
    );
    await writeFile(path.join(folder, 'fs/.built-in.a.cmd'), 'savedcmd_fs/built-in.a := true\n');
    expect((await readDependencies(folder)).map(({ object }) => object)).toEqual(['fs/erofs/super.o']);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

describe('objectsOf(): what a change of files and options makes anew', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'initbench-again-'));
    const put = async (object: string, text: string) => {
      const file = path.join(folder, path.dirname(object), `.${path.basename(object)}.cmd`);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, text);
    };
    const options = (text: string, ...names: string[]) =>
      text.replace('EROFS_FS_XATTR', names.join(') \\\n    $(wildcard include/config/'));
    await put('fs/erofs/super.o', options(cmd('fs/erofs/super.o', '../fs/erofs/super.c', ['../include/linux/fs.h']), 'EROFS_FS_ZIP', 'SMP'));
    await put('fs/erofs/zip.o', options(cmd('fs/erofs/zip.o', '../fs/erofs/zip.c', ['../fs/erofs/a+b.h']), 'EROFS_FS'));
    await put('init/main.o', options(cmd('init/main.o', '../init/main.c', ['../include/linux/fs.h', '../init/z.h']), 'SMP'));
    await put('fs/built-in.a', 'savedcmd_fs/built-in.a := rm -f fs/built-in.a\n');
  }); // prettier-ignore
  afterEach(() => rm(folder, { recursive: true }));

  test.each<[string, string[], string[], string[]]>([
    ['nothing', [], [], []],
    ['a source', ['fs/erofs/super.c'], [], ['fs/erofs/super.o']],
    ['a header', ['include/linux/fs.h'], [], ['fs/erofs/super.o', 'init/main.o']],
    ['the last one in a list', ['init/z.h'], [], ['init/main.o']],
    ['a name with what a pattern would mean', ['fs/erofs/a+b.h'], [], ['fs/erofs/zip.o']],
    ['an option', [], ['SMP'], ['fs/erofs/super.o', 'init/main.o']],
    ['an option whose name begins another', [], ['EROFS_FS'], ['fs/erofs/zip.o']],
    ['a file whose name ends another', ['erofs/super.c', 'per.c'], [], ['fs/erofs/super.o']],
    ['both', ['fs/erofs/zip.c'], ['SMP'], ['fs/erofs/super.o', 'fs/erofs/zip.o', 'init/main.o']],
  ])('%s', async (_title, files, options, expected) => {
    expect([...(await objectsOf(folder, { files, options }))].sort()).toEqual(expected);
  });
});

test('differingOptions() takes what is off for absent, as auto.conf leaves it out', () => {
  const before = 'CONFIG_A=y\nCONFIG_B=m\nCONFIG_C="x"\nCONFIG_D=1\n';
  const after = '#\n# Linux\n#\nCONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C="y"\nCONFIG_D=1\nCONFIG_E=y\n';
  expect(differingOptions(before, after)).toEqual(['B', 'C', 'E']);
  expect(differingOptions(after, after)).toEqual([]);
});
