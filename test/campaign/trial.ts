// SPDX-License-Identifier: GPL-2.0-only
/** A tree of a few lines with a series 'trial' to build and boot: real git and images, stand-ins for make and QEMU. */
import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { openWorkspace, type Workspace } from '../../src/workspace.ts';
import { recorded } from '../boot/machine.ts';
import { layGuests } from '../guests.ts';
import { git } from '../kernel/repository.ts';
import { type Sample, sampleTree } from '../kernel/sample.ts';
import { putBack } from '../variables.ts';

export interface Trial {
  readonly workspace: Workspace;
  /** The clone, at its first commit. */
  readonly tree: string;
  /** What make was called with, one line each. */
  calls(): Promise<string[]>;
  /** Puts the environment back as it was and removes the files. */
  remove(): Promise<void>;
}

export interface TrialOptions {
  /** Beside those every trial has. */
  readonly files?: Readonly<Record<string, string>>;
  /** Beside base.config, by their file names. */
  readonly fragments?: Readonly<Record<string, string>>;
  /** Name the commit in initbench.toml, not only the clone. */
  readonly pinned?: boolean;
  /** Of the workspace. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Of this process, until remove(): what the stand-in QEMU is to do. */
  readonly process: Readonly<Record<string, string>>;
}

/** @throws whatever git or the file system says */
export async function makeTrial(options: TrialOptions): Promise<Trial> {
  const before = { ...process.env };
  const sample: Sample = await sampleTree();
  const tree = sample.worktree.path;
  const { root } = sample.workspace;
  const files = {
    Makefile: 'VERSION = 7\nPATCHLEVEL = 3\nSUBLEVEL = 4\nEXTRAVERSION =\n',
    Kbuild: 'obj-y += init/\n',
    'init/main.c': 'int main(void)\n{\n\treturn 0;\n}\n',
    'init/main.h': '\n',
    ...options.files,
  };
  for (const [file, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(tree, file)), { recursive: true });
    await writeFile(path.join(tree, file), text);
  }
  await appendFile(path.join(tree, 'Kconfig'), 'config X86_64\n\tbool "x86-64"\n');
  git(tree, 'init', '-q', '-b', 'main');
  git(tree, 'add', '-A');
  git(tree, 'commit', '-q', '-m', 'Linux 7.3.4');
  const fragments = {
    'base.config': 'CONFIG_EROFS_FS=y\nCONFIG_KERNEL_LZ4=y\nCONFIG_X86_64=y\n',
    ...options.fragments,
  };
  for (const [file, text] of Object.entries(fragments))
    await writeFile(path.join(root, 'kconfigs', file), text);
  const source = options.pinned ? `${tree}#${git(tree, 'rev-parse', 'HEAD')}` : tree;
  await writeFile(
    path.join(root, 'initbench.toml'),
    `tree = "7.3"\nseries = "trial"\nfragments = ["base"]\n[trees]\n"7.3" = "${source}"\n`,
  );
  execFileSync('cp', ['-r', path.resolve('vm'), path.join(root, 'vm')]);
  Object.assign(process.env, {
    PATH: `${path.resolve('test/bin/boot')}:${process.env.PATH}`,
    INITBENCH_TEST_CONSOLE: recorded('ready-initramfs'),
    ...options.process,
  });
  await layGuests(sample.workspace.cache);
  return {
    workspace: openWorkspace({ ...sample.workspace.environment, ...options.environment }, root),
    tree,
    calls: () => sample.calls(),
    async remove() {
      putBack(before);
      await sample.remove();
    },
  };
}
