// SPDX-License-Identifier: GPL-2.0-only
/** Kernel sources as Debian packages them: fetched, kept, unpacked to the tarball that lies inside. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Work } from '../events.ts';
import { fetchPackage, type PackageFile } from '../host/debian.ts';
import { UserError } from '../host/errors.ts';
import { exec } from '../host/exec.ts';
import { folders, type Workspace } from '../workspace.ts';
import type { TreeSource } from './tree.ts';

/** The package from the cache, or fetched into it; `etc` is where the host's configuration lies.
 *  @throws NoLongerOffered, UserError when the host has no Debian archive or cannot reach it */
export async function* fetchDebianSource(
  job: string,
  workspace: Workspace,
  source: TreeSource & { kind: 'debian' },
  signal: AbortSignal,
  etc = '/etc',
): Work<PackageFile> {
  const shelf = { top: folders.debian(workspace), scratch: workspace.cache };
  const wanted = {
    package: source.package,
    ...(source.suite !== undefined && { suite: source.suite }),
    ...(source.version !== undefined && { version: source.version }),
    kin: 'linux-source-',
    what: 'kernel source',
    elsewhere: 'use a git clone, a git URL or a tarball instead',
    asked: `name one: debian:SUITE/${source.package}`,
  };
  const found = yield* fetchPackage(job, shelf, wanted, signal, etc);
  if (found.kept) {
    const message = `${source.package} ${found.version} was fetched before; remove ${found.file} to fetch it again`;
    yield { job, type: 'notice', level: 'info', message };
  }
  return found;
}

/** Unpacks the package into `scratch` and returns the tarball inside. @throws UserError when it has none */
export async function* unpackDebianSource(
  job: string,
  deb: string,
  scratch: string,
  signal: AbortSignal,
): Work<string> {
  yield* exec(['dpkg-deb', '-x', deb, scratch], { job, signal });
  const folder = path.join(scratch, 'usr', 'src');
  const found = (await readdir(folder).catch(() => [])).find(name =>
    /^linux-source-[^/]*\.tar(\.\w+)?$/.test(name),
  );
  if (found) return path.join(folder, found);
  throw new UserError(`${path.basename(deb)} holds no kernel source`, {
    hint: 'name a package that does, such as linux-source-6.12; linux-source only depends on one',
  });
}
