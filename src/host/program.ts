// SPDX-License-Identifier: GPL-2.0-only
/** Where the name of a program leads. */
import { constants } from 'node:fs';
import { access, realpath } from 'node:fs/promises';
import path from 'node:path';

/** The file that is run in the end, through PATH, links and Debian's alternatives; the name where there is none. */
export async function programOf(name: string, searchPath = process.env.PATH ?? ''): Promise<string> {
  const places = name.includes('/') ? [name] : searchPath.split(':').map(folder => path.join(folder, name));
  for (const place of places) {
    try {
      await access(place, constants.X_OK);
      return await realpath(place);
    } catch {
      // not here
    }
  }
  return name;
}
