// SPDX-License-Identifier: GPL-2.0-only
/** Names what a configuration can follow from in a tree, so that a patch to C files alone is not configured anew. */
import type { Digest } from '../events.ts';
import { digestOf } from '../host/files.ts';
import { git } from '../host/git.ts';

/** What neither Kconfig nor a Makefile on the way to it reads. Kconfig runs programs below scripts/, some in C. */
const isNoInput = (path: string): boolean =>
  /^Documentation\/|^MAINTAINERS$|\.(c|h|S|rs|dts|dtsi|rst|txt|yaml|json)$/.test(path) &&
  !path.startsWith('scripts/');

/** Over mode, content and path of every file of a tree that its configuration may depend on. */
export async function configInputs(repository: string, treeId: string, signal: AbortSignal): Promise<Digest> {
  return inputsDigest(await git(repository, ['ls-tree', '-r', '-z', treeId], signal));
}

/** Reads `git ls-tree -r -z`: 'MODE TYPE OBJECT\tPATH'. */
export function inputsDigest(listing: string): Digest {
  return digestOf(
    listing.split('\0').filter(line => line !== '' && !isNoInput(line.slice(line.indexOf('\t') + 1))),
  );
}
