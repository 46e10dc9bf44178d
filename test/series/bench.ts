// SPDX-License-Identifier: GPL-2.0-only
/** A sample workspace with a series of three patches and a cover letter in patches/mine, and hands to change them. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { vi } from 'vitest';
import { type Work, type WorkEvent } from '../../src/events.ts';
import type { Tree } from '../../src/tree/tree.ts';
import { addTree } from '../../src/tree/trees.ts';
import { folders, openWorkspace, type Workspace } from '../../src/workspace.ts';
import { collect, makeClone, makeSample, run, type Sample } from '../tree/sample.ts';

// Dozens of git processes a test: on a busy machine they take their time.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });

export const { signal } = new AbortController();

export interface Bench extends Sample {
  readonly clone: string;
  readonly tree: Tree;
}

export const blurb = 'What a person wrote.\n\nMore of it: 10% faster.';

/** init/version.c, init/new.c, init/main.c: one patch each. `ignore`: the tree's own .gitignore. */
export async function makeBench(settings = 'tree = "k"\n', ignore?: string): Promise<Bench> {
  const sample = makeSample(settings);
  const clone = makeClone(sample);
  if (ignore !== undefined) commitFile(clone, '.gitignore', ignore, 'packaging');
  const adding = addTree(sample.workspace, 'k', { kind: 'git', location: clone }, signal);
  const { product: tree } = await collect(adding);
  commitFile(clone, 'init/version.c', 'const char *version = "b";\n', 'init: name versión b\n\nIt is later.');
  commitFile(clone, 'init/new.c', 'int x;\nint y;\nint z;\n', 'init: add new\n\nAssisted-by: LLM');
  commitFile(clone, 'init/main.c', 'int start_kernel(void)\n{\n\treturn 1;\n}\n', 'init: return 1');
  const patches = patchFolder(sample.workspace);
  const options = [
    '--cover-letter',
    '--subject-prefix=PATCH RFC',
    '--zero-commit',
    '--no-signature',
    '-o',
    patches,
  ];
  run(clone, 'git', '-c', 'core.abbrev=7', 'format-patch', '-q', ...options, tree.commit);
  const cover = path.join(patches, '0000-cover-letter.patch');
  const text = readFileSync(cover, 'utf8').replace('*** SUBJECT HERE ***', 'init: three changes');
  writeFileSync(cover, text.replace('*** BLURB HERE ***', blurb));
  return { ...sample, clone, tree };
}

export const patchFolder = (workspace: Workspace, series = 'mine'): string =>
  path.join(folders.patches(workspace), series);

/** The settings read again: patches/<series>/series.toml may be new. */
export const reopened = (bench: Sample): Workspace =>
  openWorkspace(bench.workspace.environment, bench.workspace.root);

export function commitFile(repository: string, file: string, text: string, message: string): string {
  mkdirSync(path.dirname(path.join(repository, file)), { recursive: true });
  writeFileSync(path.join(repository, file), text);
  run(repository, 'git', 'add', '-f', file);
  run(repository, 'git', 'commit', '-q', '-m', message);
  return run(repository, 'git', 'rev-parse', 'HEAD');
}

/** Changes a commit of the branch as a person does: fixup and autosquash. */
export function amendFile(
  repository: string,
  file: string,
  text: string,
  commit: string,
  base: string,
): void {
  writeFileSync(path.join(repository, file), text);
  run(repository, 'git', 'add', '-f', file);
  run(repository, 'git', 'commit', '-q', '--fixup', commit);
  run(repository, 'git', '-c', 'sequence.editor=true', 'rebase', '-q', '-i', '--autosquash', base);
}

/** Every file of a folder, by name. */
export function filesIn(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(each => each.isFile());
  return Object.fromEntries(
    names
      .map(({ parentPath, name }) => path.join(parentPath, name))
      .sort()
      .map(file => [path.relative(folder, file), readFileSync(file, 'utf8')]),
  );
}

export async function productAnd<Product>(
  work: Work<Product>,
): Promise<{ product: Product; notices: string[]; events: WorkEvent[] }> {
  const { product, events } = await collect(work);
  const notices = events.flatMap(event => (event.type === 'notice' ? [event.message] : []));
  return { product, notices, events };
}
