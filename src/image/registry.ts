// SPDX-License-Identifier: GPL-2.0-only
/** The folders payload/ and format/ as registries: every module in them has one default export with an `id`. */
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { unknownName } from '../workspace.ts';
import type { Format, PayloadKind } from './image.ts';

/** The default exports of a folder, sorted by id. */
export async function loadRegistry<Item extends { readonly id: string }>(folder: URL): Promise<Item[]> {
  const names = (await readdir(fileURLToPath(folder))).filter(name => /(?<!\.d)\.(ts|js)$/.test(name));
  const modules = await Promise.all(
    names.map(name => import(new URL(name, `${folder.href}/`).href) as Promise<{ default: Item }>),
  );
  return modules.map(module => module.default).sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** The kinds of payload, sorted by id. */
export const listPayloads = () => loadRegistry<PayloadKind>(new URL('payload', import.meta.url));

/** The formats, sorted by id. */
export const listFormats = () => loadRegistry<Format>(new URL('format', import.meta.url));

/** @throws UserError with the sorted list when there is no such format */
export async function findFormat(id: string): Promise<Format> {
  const formats = await listFormats();
  const format = formats.find(candidate => candidate.id === id);
  if (!format) {
    throw unknownName(
      'format',
      id,
      formats.map(candidate => candidate.id),
    );
  }
  return format;
}
