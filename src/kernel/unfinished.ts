// SPDX-License-Identifier: GPL-2.0-only
/** What a build that was killed has left half made. kbuild writes down a target's command (.NAME.cmd) after it has made
 *  the target: a target that is newer than its command, or has none, was being written. kbuild itself takes it for
 *  finished, when it had made it once before. */
import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';

/** Removes such targets below a build directory, and returns them; what kbuild keeps no command of it makes by its own
 *  temporary files. */
export async function removeHalfMade(folder: string): Promise<string[]> {
  const removed: string[] = [];
  const walk = async (below: string): Promise<void> => {
    for (const entry of await readdir(below, { withFileTypes: true })) {
      const file = path.join(below, entry.name);
      // `source` leads out of the directory.
      if (entry.isDirectory()) await walk(file);
      const target = /^\.(.+)\.cmd$/.exec(entry.name)?.[1];
      if (!entry.isFile() || target === undefined) continue;
      const made = await stat(path.join(below, target)).catch(() => undefined);
      if (!made?.isFile() || made.mtimeMs <= (await stat(file)).mtimeMs) continue;
      await rm(path.join(below, target));
      removed.push(path.relative(folder, path.join(below, target)));
    }
  };
  await walk(folder);
  return removed;
}
