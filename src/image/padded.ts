// SPDX-License-Identifier: GPL-2.0-only
/** An image with zeros behind it, so that it lies elsewhere in memory: padding to every kernel, whatever the format. */
import { copyFile, mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { digestOf, exists, requireSpace } from '../host/files.ts';
import { ourselves, tagOf } from '../host/owner.ts';
import { folders, type Workspace } from '../workspace.ts';
import type { Image } from './image.ts';

const page = 4096;
/** Copies of large images would fill the disk: the oldest go, unless they were asked for just now. */
const budgetBytes = 2 * 2 ** 30;
const freshMs = 60_000;

/** The image, filled up to a page and `pages` more. The copy may be gone a minute later: it is asked for again
 *  before each boot. @throws UserError when the disk is too full */
export async function paddedImage(workspace: Workspace, image: Image, pages: number): Promise<Image> {
  const folder = folders.padded(workspace);
  const bytes = (Math.ceil(image.bytes / page) + pages) * page;
  const digest = digestOf({ image: image.digest, bytes });
  const file = path.join(folder, digest);
  const padded = { ...image, digest, path: file, bytes };
  if (workspace.dryRun) return padded;
  const now = new Date();
  if (await exists(file)) {
    await utimes(file, now, now).catch(() => {});
    return padded;
  }
  await mkdir(folder, { recursive: true });
  await prune(folder, bytes);
  await requireSpace(folder, bytes, `a copy of an image of ${image.payload.name}`);
  const scratch = `${file}.${tagOf(ourselves)}-${Math.trunc(performance.now() * 1000)}`;
  try {
    await copyFile(image.path, scratch);
    const handle = await open(scratch, 'r+');
    await handle.truncate(bytes).finally(() => handle.close());
    await rename(scratch, file);
  } catch (error) {
    await rm(scratch, { force: true });
    throw error;
  }
  return padded;
}

async function prune(folder: string, wanted: number): Promise<void> {
  const files: { file: string; size: number; at: number }[] = [];
  for (const name of await readdir(folder)) {
    const file = path.join(folder, name);
    const about = await stat(file).catch(() => undefined);
    if (about) files.push({ file, size: about.size, at: about.mtimeMs });
  }
  let total = files.reduce((sum, { size }) => sum + size, wanted);
  for (const { file, size, at } of files.sort((a, b) => a.at - b.at)) {
    if (total <= budgetBytes || Date.now() - at < freshMs) return;
    await rm(file, { force: true });
    total -= size;
  }
}
