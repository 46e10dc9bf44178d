// SPDX-License-Identifier: GPL-2.0-only
/** The series in patches/: one folder each, read as `git format-patch` wrote it. */

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../host/errors.ts';
import { digestOf, exists } from '../host/files.ts';
import { folders, unknownName, type Workspace } from '../workspace.ts';
import { coverName } from './cover.ts';
import { addedLinesOf, diffstatOf } from './diffstat.ts';
import { parseMail, stripPrefixes, stripSignature } from './mail.ts';
import type { Patch, Series } from './series.ts';

/** Names of the folders that hold patches, sorted. */
export async function seriesNames(workspace: Workspace): Promise<string[]> {
  const root = folders.patches(workspace);
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  const names = await Promise.all(
    entries
      .filter(entry => entry.isDirectory() && isSeriesName(entry.name))
      .map(async ({ name }) => ((await patchFiles(path.join(root, name))).length > 0 ? name : [])),
  );
  return names.flat().sort();
}

/** All series, by name. */
export async function listSeries(workspace: Workspace): Promise<Series[]> {
  return Promise.all((await seriesNames(workspace)).map(name => readSeries(workspace, name)));
}

/** The series that a kernel may carry. @throws UserError when there is none of that name in patches/ */
export async function requireSeries(
  workspace: Workspace,
  name: string,
  kind: 'series' | 'kernel',
): Promise<void> {
  const names = await seriesNames(workspace);
  if (names.includes(name)) return;
  if (isSeriesName(name) && (await exists(path.join(folders.series(workspace), name, 'record.json')))) {
    throw new UserError(`${name} is not in patches/ yet`, {
      hint: `initbench series refresh ${name} writes its commits there`,
    });
  }
  throw unknownName(kind, name, kind === 'kernel' ? ['base', ...names] : names);
}

/** @throws UserError when there is no such series, or a patch of it is not a patch */
export async function readSeries(workspace: Workspace, name: string): Promise<Series> {
  await requireSeries(workspace, name, 'series');
  const folder = path.join(folders.patches(workspace), name);
  const files = await patchFiles(folder);
  const contents = await Promise.all(files.map(file => readFile(path.join(folder, file))));
  const cover = await coverOf(folder);
  return {
    name,
    folder,
    ...(cover ? { cover } : {}),
    patches: files.map((file, index) => patchOf(folder, file, contents[index]!.toString('utf8'))),
    tree: workspace.settings.seriesTrees[name] ?? workspace.settings.tree,
    digest: seriesDigest(contents),
  };
}

/** The names of the fragments that a series brings: its own, 'mine', and what it adds to others, 'verify.mine'. */
export async function fragmentsOf(workspace: Workspace, series: string): Promise<readonly string[]> {
  const files = await readdir(folders.kconfigs(workspace)).catch(() => [] as string[]);
  return files
    .filter(file => file === `${series}.config` || file.endsWith(`.${series}.config`))
    .map(file => file.slice(0, -'.config'.length));
}

/** The lines that all patches of a series add, by file. */
export async function readAddedLines(series: Series): Promise<Record<string, string[]>> {
  const added: Record<string, string[]> = {};
  for (const patch of series.patches) {
    const { body } = parseMail(await readFile(patch.path, 'utf8'));
    for (const file of addedLinesOf(body)) (added[file.path] ??= []).push(...file.lines);
  }
  return added;
}

/** Over the patches' bytes in order; file names and the cover letter do not count. */
export function seriesDigest(patches: readonly Uint8Array[]) {
  return digestOf(patches.map(bytes => createHash('sha256').update(bytes).digest('hex')));
}

/** A series' name is a word in refs and paths; 'base' is the unpatched kernel. */
export const isSeriesName = (name: string) =>
  /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name) && !/\.\.|\.lock$|\.$/.test(name) && name !== 'base';

/** In the order they apply; the cover letter is none of them. */
async function patchFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  return names.filter(name => name.endsWith('.patch') && !coverName.test(name)).sort();
}

async function coverOf(folder: string): Promise<Series['cover']> {
  const file = (await readdir(folder))
    .filter(name => coverName.test(name))
    .sort()
    .at(-1);
  if (!file) return undefined;
  const { subject, body } = parseMail(await readFile(path.join(folder, file), 'utf8'));
  return { subject: stripPrefixes(subject), body: stripSignature(body).trimEnd() };
}

function patchOf(folder: string, file: string, text: string): Patch {
  const { subject, body } = parseMail(text);
  try {
    return { file, path: path.join(folder, file), subject: stripPrefixes(subject), files: diffstatOf(body) };
  } catch (error) {
    throw new UserError(`${path.join(folder, file)} is not a patch: ${(error as Error).message}`, {
      hint: 'write it again with git format-patch',
    });
  }
}
