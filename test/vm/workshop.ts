// SPDX-License-Identifier: GPL-2.0-only
/** A checkout of initbench with state and cache of its own, for tests that edit a series and write its patches. Its tree
 *  is what the series touches and what git, checkpatch and get_maintainer want, of the real one; its make hands out the
 *  kernel of the real series, so that boots are real and a build takes no minute. */
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { productOf } from '../../src/events.ts';
import { capture, captureBuffer } from '../../src/host/exec.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { prepareKernel } from '../../src/kernel/prepare.ts';
import { prepareTree } from '../../src/tree/trees.ts';
import { folders } from '../../src/workspace.ts';
import { signal, workspace } from './house.ts';

export interface Workshop {
  readonly folder: string;
  /** The checkout; dist/main.js is in it. */
  readonly root: string;
  readonly environment: Readonly<Record<string, string>>;
  remove(): Promise<void>;
}

/** Whatever a kernel tree is known by, and the programs that look at patches. */
const always = [
  ...[
    'COPYING',
    'CREDITS',
    'Kbuild',
    'Kconfig',
    'MAINTAINERS',
    'Makefile',
    'README',
    'scripts/checkpatch.pl',
  ],
  ...['scripts/get_maintainer.pl', 'scripts/spelling.txt', 'scripts/const_structs.checkpatch'],
  ...['scripts/kconfig/merge_config.sh', 'Documentation/index.rst', 'arch/Kconfig', 'drivers/Kconfig'],
  ...[
    'include/linux/init.h',
    'fs/Kconfig',
    'init/Kconfig',
    'ipc/Makefile',
    'kernel/Makefile',
    'lib/Makefile',
  ],
];

export async function makeWorkshop(): Promise<Workshop> {
  const { series, tree: treeName, fragments } = workspace.settings;
  const tree = await productOf(prepareTree(workspace, treeName, signal));
  const kernel = await productOf(
    prepareKernel(workspace, { kernel: series, tree: treeName, fragments }, signal),
  );
  const folder = await mkdtemp(path.join(tmpdir(), 'initbench-test-'));
  const at = (...names: readonly string[]) => path.join(folder, ...names);
  await mkdir(at('root'));
  for (const name of ['dist', 'vm', 'kconfigs', 'package.json', `patches/${series}`]) {
    await cp(path.join(workspace.root, name), at('root', name), { recursive: true });
  }
  await symlink(path.join(workspace.root, 'node_modules'), at('root', 'node_modules'));
  await mkdir(at('cache'));
  for (const shared of ['images', 'payloads', 'padded', 'guest', 'sources']) {
    await symlink(path.join(workspace.cache, shared), at('cache', shared));
  }
  await smallTree(tree.commit, path.join(workspace.root, 'patches', series), at('linux'));
  await writeFile(
    at('root', 'initbench.toml'),
    [
      ...[`tree = "${treeName}"`, `series = "${series}"`, `fragments = ${JSON.stringify(fragments)}`],
      ...['[trees]', `"${treeName}" = "${at('linux')}"`, '[seriesTrees]', `${series} = "${treeName}"`, ''],
    ].join('\n'),
  );
  await writeFile(at('gitconfig'), '[user]\n\tname = A Developer\n\temail = dev@example.org\n');
  await mkdir(at('bin'));
  await program(at('bin', 'make'), await makeLines(kernel));
  // as an editor that takes +LINE: what it was called with, and back
  await program(at('bin', 'nano'), ['printf "%s\\n" "$@" > "$INITBENCH_TEST_EDITED"']);
  return {
    folder,
    root: at('root'),
    environment: {
      PATH: `${at('bin')}:${process.env.PATH ?? ''}`,
      SHELL: '/bin/sh',
      EDITOR: 'nano',
      GIT_CONFIG_GLOBAL: at('gitconfig'),
      INITBENCH_STATE: at('state'),
      INITBENCH_CACHE: at('cache'),
      INITBENCH_TEST_EDITED: at('edited'),
      LANG: 'C.UTF-8',
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

const program = async (file: string, lines: readonly string[]) => {
  await writeFile(file, ['#!/bin/sh', 'set -e', ...lines, ''].join('\n'));
  await chmod(file, 0o755);
};

/** What the patches change, as it is before them, in a repository of its own. */
async function smallTree(commit: string, patches: string, target: string): Promise<void> {
  const repository = folders.repository(workspace);
  const git = (...words: readonly string[]) => capture(['git', '-C', repository, ...words], { signal });
  const texts = await capture(['sh', '-c', 'cat "$1"/0*.patch', 'sh', patches], { signal });
  const touched = [...texts.matchAll(/^diff --git a\/(\S+) /gm)].map(match => match[1]!);
  const there = (await git('ls-tree', '-r', '--name-only', commit)).split('\n');
  const wanted = [...new Set([...always, ...touched])].filter(file => there.includes(file));
  const tar = await captureBuffer(['git', '-C', repository, 'archive', commit, ...wanted], { signal });
  await mkdir(target);
  await capture(['tar', '-x', '-C', target], { stdin: tar, signal });
  const own = ['git', '-C', target, '-c', 'user.name=T', '-c', 'user.email=t@example.org'];
  await capture([...own, 'init', '-q', '-b', 'main'], { signal });
  await capture([...own, 'add', '-A', '-f'], { signal });
  await capture([...own, 'commit', '-q', '-m', 'Linux'], { signal });
}

/** make for a kernel, in the words it is called with; any other make is the real one. */
async function makeLines({ files, release }: Kernel): Promise<readonly string[]> {
  const real = await capture(['sh', '-c', 'command -v make'], { signal });
  const image = 'arch/x86/boot/bzImage';
  return [
    'for word; do case $word in O=*) out=${word#O=} ;; esac; target=$word; done',
    `[ -n "$out" ] || exec ${real} "$@"`,
    `mkdir -p "$out/${path.dirname(image)}" "$out/include/config"`,
    'case $target in',
    'tinyconfig) echo > "$out/.config" ;;',
    `olddefconfig) cp ${files.config} "$out/.config" ;;`,
    '*)',
    // newer than the last image, as make would see it
    `  find fs init -name '*.c' -newer "$out/${image}" 2> /dev/null | sort | sed 's/^/  CC      /; s/c$/o/'`,
    `  cp ${files.image} "$out/${image}"`,
    `  cp ${files.vmlinux} ${files.systemMap} "$out"`,
    `  echo ${release} > "$out/include/config/kernel.release"`,
    'esac',
  ];
}

/** The files of the checkout's series, by name. */
export const patchText = (shop: Workshop, file: string): Promise<string> =>
  readFile(path.join(shop.root, 'patches', workspace.settings.series, file), 'utf8');
