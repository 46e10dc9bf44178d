// SPDX-License-Identifier: GPL-2.0-only
/** The programs of vm/, compiled once for all tests of a run: each cache that a test makes would compile them anew, which
 *  takes longer than most tests. */
import { cpSync } from 'node:fs';
import path from 'node:path';
import { inject } from 'vitest';
import { productOf } from '../src/events.ts';
import { buildGuestPrograms } from '../src/image/guest.ts';
import { hostArch } from '../src/kernel/architecture.ts';
import { openWorkspace } from '../src/workspace.ts';

/** Puts them into a cache whose workspace has our vm/, for the compiler that this process finds on its PATH. */
export async function layGuests(cache: string): Promise<void> {
  const { signal } = new AbortController();
  const shared = openWorkspace({ ...process.env, INITBENCH_CACHE: inject('shared') }, path.resolve('.'));
  const { digest, probe } = await productOf(buildGuestPrograms(shared, hostArch(), signal));
  cpSync(path.dirname(probe), path.join(cache, 'guest', digest), {
    recursive: true,
    preserveTimestamps: true,
  });
}
