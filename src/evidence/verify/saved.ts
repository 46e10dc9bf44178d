// SPDX-License-Identifier: GPL-2.0-only
/** The matrix that `series verify` saved last: where it is, and whether it is about the patches as they are now. */
import path from 'node:path';
import { readIfThere, writeWhole } from '../../host/files.ts';
import type { Series } from '../../series/series.ts';
import { folders, type Workspace } from '../../workspace.ts';
import type { Matrix } from './matrix.ts';

/** `part`: of some requirements only; such a matrix does not replace the whole one. */
const fileOf = (workspace: Workspace, series: string, tree: string, part = false): string =>
  path.join(folders.campaigns(workspace), `verify-${series}-${tree}${part ? '-part' : ''}.json`);

/** Returns the file. */
export async function saveMatrix(
  workspace: Workspace,
  matrix: Matrix,
  { part }: { readonly part: boolean },
): Promise<string> {
  const file = fileOf(workspace, matrix.series.name, matrix.tree, part);
  await writeWhole(file, `${JSON.stringify(matrix, null, 2)}\n`);
  return file;
}

/** The whole matrix; undefined when there is none of these patches. */
export async function savedMatrix(
  workspace: Workspace,
  series: Series,
  tree: string,
): Promise<Matrix | undefined> {
  const text = await readIfThere(fileOf(workspace, series.name, tree));
  const matrix = text === undefined ? undefined : (JSON.parse(text) as Matrix);
  return matrix?.series.digest === series.digest ? matrix : undefined;
}
