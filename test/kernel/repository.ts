// SPDX-License-Identifier: GPL-2.0-only
/** A kernel in a git repository of its own, small enough for tests, and a series for it in the checkout. */
import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Sample } from './sample.ts';

export const git = (folder: string, ...words: readonly string[]) =>
  execFileSync(
    'git',
    [
      '-C',
      folder,
      '-c',
      'user.name=Test',
      '-c',
      'user.email=test@example.org',
      '-c',
      'commit.gpgsign=false',
      ...words,
    ],
    { encoding: 'utf8' },
  ).trim();

/** Makes the sample's tree a repository and patches/trial a series that adds an option to its Kconfig. */
export async function asRepository({ worktree, workspace }: Sample): Promise<void> {
  const tree = worktree.path;
  await writeFile(path.join(tree, 'Makefile'), 'VERSION = 7\nPATCHLEVEL = 3\nSUBLEVEL = 4\nEXTRAVERSION =\n');
  await writeFile(path.join(tree, 'Kbuild'), 'obj-y += init/\n');
  await mkdir(path.join(tree, 'init'));
  await writeFile(path.join(tree, 'init/main.c'), 'int main(void)\n{\n\treturn 0;\n}\n');
  git(tree, 'init', '-q', '-b', 'main');
  git(tree, 'add', '-A');
  git(tree, 'commit', '-q', '-m', 'Linux 7.3.4');
  await writeFile(path.join(tree, 'init/main.c'), 'int main(void)\n{\n\treturn 1;\n}\n');
  await appendFile(path.join(tree, 'Kconfig'), 'config TRIAL\n\tbool "trial"\n');
  git(tree, 'add', '-A');
  git(tree, 'commit', '-q', '-m', 'init: try something');
  git(tree, 'format-patch', '-q', '-1', '-o', path.join(workspace.root, 'patches/trial'));
  git(tree, 'reset', '-q', '--hard', 'HEAD^');
  await writeFile(
    path.join(workspace.root, 'initbench.toml'),
    `tree = "7.3"\nseries = "trial"\nfragments = ["base"]\n[trees]\n"7.3" = "${tree}"\n`,
  );
}

/** Commits a change that the trial series conflicts with. */
export async function diverge({ worktree }: Sample): Promise<void> {
  await writeFile(path.join(worktree.path, 'init/main.c'), 'int main(void)\n{\n\treturn 2;\n}\n');
  git(worktree.path, 'commit', '-q', '-a', '-m', 'init: something else');
}
