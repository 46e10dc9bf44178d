// SPDX-License-Identifier: GPL-2.0-only
/** A build as a value: command lines, the digest and what takes part in it, the commands to paste. */
import { describe, expect, test } from 'vitest';
import { parseFragment } from '../../src/kconfig/fragment.ts';
import { type Build, buildArgv, folderOf, kernelDigest, pasteableCommands } from '../../src/kernel/make.ts';

const build: Build = {
  name: 'base',
  tree: '7.3',
  version: '7.3.4',
  worktree: { path: '/cache/worktrees/7.3/base', commit: 'c', treeId: 't' },
  fragments: [
    parseFragment('CONFIG_A=y\n', 'base', '/src/kconfigs/base.config'),
    parseFragment('# CONFIG_B is not set\n', 'item'),
  ],
  variables: { KCFLAGS: '-O2 -g', LOCALVERSION: '-initbench' },
  arch: 'x86',
  toolchain: { compiler: 'gcc 12', linker: 'ld 2.40', assembler: 'as 2.40' },
  ccache: '/cache/ccache',
  jobs: 2,
};
const config = { digest: 'abc' };

test('the command line of the build', () => {
  expect(buildArgv(build)).toEqual([
    'make',
    'O=build-8a973e67',
    '-j2',
    '--output-sync=target',
    'CC=ccache gcc',
    'HOSTCC=ccache gcc',
    'KCFLAGS=-O2 -g',
    'LOCALVERSION=-initbench',
    'bzImage',
  ]);
  const { ccache: _, ...direct } = build;
  expect(buildArgv({ ...direct, arch: 'arm64' })).toEqual([
    'make',
    'O=build-8a973e67',
    '-j2',
    '--output-sync=target',
    'KCFLAGS=-O2 -g',
    'LOCALVERSION=-initbench',
    'Image',
  ]);
});

test('no word of it names the worktree', () => {
  expect(buildArgv(build).join(' ')).not.toContain(build.worktree.path);
});

describe('kernelDigest()', () => {
  const digest = (changed: Partial<Build>, text = 'abc') =>
    kernelDigest({ ...build, ...changed }, { digest: text });

  test('is the same for another folder, name, number of jobs, without ccache', () => {
    const { ccache: _, ...direct } = build;
    expect(kernelDigest(direct, config)).toBe(digest({}));
    expect(
      digest({ name: 'x', tree: 'y', jobs: 9, worktree: { path: '/else', commit: 'other', treeId: 't' } }),
    ).toBe(digest({}));
  });

  test.each<[string, Partial<Build>]>([
    ['tree', { worktree: { ...build.worktree, treeId: 'u' } }],
    ['variables', { variables: { ...build.variables, W: '1' } }],
    ['ARCH', { arch: 'x86_64' }],
    ['compiler', { toolchain: { ...build.toolchain, compiler: 'gcc 13' } }],
    ['linker', { toolchain: { ...build.toolchain, linker: 'ld 2.41' } }],
    ['assembler', { toolchain: { ...build.toolchain, assembler: 'as 2.41' } }],
  ])('changes with the %s', (_, changed) => {
    expect(digest(changed)).not.toBe(digest({}));
  });

  test('changes with the .config', () => {
    expect(digest({}, 'abd')).not.toBe(digest({}));
  });
});

test('the build directory stays while fragments are edited, and is another for other variables', () => {
  const edited = [parseFragment('CONFIG_A=m\n', 'base', '/src/kconfigs/base.config'), build.fragments[1]!];
  expect(folderOf({ ...build, fragments: edited })).toBe(folderOf(build));
  expect(folderOf({ ...build, variables: {} })).not.toBe(folderOf(build));
});

test('the commands to paste', () => {
  expect(pasteableCommands(build)).toMatchInlineSnapshot(`
    [
      "cd /cache/worktrees/7.3/base",
      "mkdir -p build-8a973e67",
      "printf %s '# CONFIG_B is not set
    ' > build-8a973e67/fragment-2.config",
      "env CCACHE_DIR=/cache/ccache CCACHE_MAXSIZE=4G CCACHE_DEPEND=1 CCACHE_NOHASHDIR=1 CCACHE_BASEDIR=/cache/worktrees/7.3/base 'CCACHE_IGNOREOPTIONS=-Wp,-MT,*' make O=build-8a973e67 'CC=ccache gcc' 'HOSTCC=ccache gcc' 'KCFLAGS=-O2 -g' LOCALVERSION=-initbench tinyconfig",
      "scripts/kconfig/merge_config.sh -m -O build-8a973e67 build-8a973e67/.config /src/kconfigs/base.config build-8a973e67/fragment-2.config",
      "env CCACHE_DIR=/cache/ccache CCACHE_MAXSIZE=4G CCACHE_DEPEND=1 CCACHE_NOHASHDIR=1 CCACHE_BASEDIR=/cache/worktrees/7.3/base 'CCACHE_IGNOREOPTIONS=-Wp,-MT,*' make O=build-8a973e67 'CC=ccache gcc' 'HOSTCC=ccache gcc' 'KCFLAGS=-O2 -g' LOCALVERSION=-initbench olddefconfig",
      "env CCACHE_DIR=/cache/ccache CCACHE_MAXSIZE=4G CCACHE_DEPEND=1 CCACHE_NOHASHDIR=1 CCACHE_BASEDIR=/cache/worktrees/7.3/base 'CCACHE_IGNOREOPTIONS=-Wp,-MT,*' make O=build-8a973e67 -j2 --output-sync=target 'CC=ccache gcc' 'HOSTCC=ccache gcc' 'KCFLAGS=-O2 -g' LOCALVERSION=-initbench bzImage",
      "# /cache/worktrees/7.3/base/build-8a973e67/arch/x86/boot/bzImage",
    ]
  `);
});
