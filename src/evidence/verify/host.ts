// SPDX-License-Identifier: GPL-2.0-only
/** Programs of the host that a root of a requirement needs as they are, with their libraries. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { capture, missingTool } from '../../host/exec.ts';
import { exists } from '../../host/files.ts';
import { isStaticElf } from '../../image/busybox.ts';
import type { Workspace } from '../../workspace.ts';
import type { Item } from './files.ts';

/** Where an ordinary user's PATH does not look. */
const moreFolders = ['/usr/sbin', '/sbin'];

/** The program and what ldd(1) names. @throws UserError (environment) when the host has no such program */
export async function toolFiles(
  workspace: Workspace,
  item: Extract<Item, { readonly tool: string }>,
  signal: AbortSignal,
): Promise<Item[]> {
  const { tool, ...about } = item;
  const host = await findTool(workspace, tool);
  const program: Item = { mode: 0o755, ...about, host };
  if (isStaticElf(await readFile(host))) return [program];
  const libraries = parseLdd(await capture(['ldd', host], { signal }));
  return [program, ...libraries.map(at => ({ path: at.slice(1), host: at, mode: 0o755 }))];
}

async function findTool({ environment }: Workspace, name: string): Promise<string> {
  for (const folder of [...(environment.PATH ?? '').split(':'), ...moreFolders]) {
    const file = path.resolve(folder, name);
    if (await exists(file)) return file;
  }
  throw missingTool(name, 'requirements that boot it');
}

/** Absolute paths in what ldd(1) printed; the kernel's own page is none. Pure. */
export const parseLdd = (printed: string): string[] =>
  printed.split('\n').flatMap(line => /(?:^|=>)\s+(\/\S+) \(0x/.exec(line)?.[1] ?? []);
