// SPDX-License-Identifier: GPL-2.0-only
/** The busybox of payloads: the host's own, or for guests of another architecture Debian's, fetched and kept. */
import { copyFile, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Digest, Work } from '../events.ts';
import { fetchPackage } from '../host/debian.ts';
import { exitCodes, UserError } from '../host/errors.ts';
import { capture, exec, missingTool } from '../host/exec.ts';
import { digestOfFile, exists, publishFolder, scratchFolder } from '../host/files.ts';
import { architectureOf, crossOf } from '../kernel/architecture.ts';
import { folders, type Workspace } from '../workspace.ts';
import type { Draft } from './draft.ts';
import type { PayloadRequest } from './image.ts';

type Request = Pick<PayloadRequest, 'workspace' | 'arch' | 'job' | 'signal'>;

/** Decides which busybox a payload has. @throws UserError when there is none */
export async function* busyboxDigest(request: Request): Work<Digest> {
  return await digestOfFile(yield* findBusybox(request));
}

/** busybox as /bin/busybox, and a symlink for each of its applets.
 *  @throws UserError when it needs libraries */
export async function* addBusybox(request: Request, draft: Draft): Work<void> {
  const file = yield* findBusybox(request);
  const bytes = await readFile(file);
  if (!isStaticElf(bytes)) {
    throw new UserError(`${file} is not a statically linked program`, {
      hint: 'install the static one: apt-get install busybox-static',
      exitCode: exitCodes.environment,
    });
  }
  draft.file('bin/busybox', bytes, { mode: 0o755 });
  for (const applet of await appletsOf(request, bytes)) draft.symlink(applet, '/bin/busybox');
}

/** Where applets belong, 'usr/bin/wc', sorted. The host cannot ask a program of another architecture: then those of
 *  its own busybox that stand in the table of names of the other. */
async function appletsOf({ workspace, arch, signal }: Request, bytes: Buffer): Promise<readonly string[]> {
  const own = await hostBusybox(workspace);
  const printed = (await capture([own, '--list-full'], { signal })).split('\n').sort();
  const applets = printed.filter(applet => /^(usr\/)?s?bin\/[^/]+$/.test(applet) && applet !== 'bin/busybox');
  if (!crossOf(arch)) return applets;
  return applets.filter(applet => bytes.includes(`\0${path.posix.basename(applet)}\0`));
}

/** Where the busybox of the request's architecture lies on the host. */
async function* findBusybox(request: Request): Work<string> {
  return crossOf(request.arch) ? yield* foreignBusybox(request) : await hostBusybox(request.workspace);
}

/** The busybox of the search path. */
async function hostBusybox({ environment }: Workspace): Promise<string> {
  for (const folder of (environment.PATH ?? '/usr/bin:/bin').split(':')) {
    const file = path.resolve(folder, 'busybox');
    if (await exists(file)) return file;
  }
  throw missingTool('busybox', 'the payload busybox');
}

/** Unpacked beside the other programs that are there for guests alone. */
async function* foreignBusybox({ workspace, arch, job, signal }: Request): Work<string> {
  const wanted = {
    package: 'busybox-static',
    architecture: architectureOf(arch).debian,
    kin: 'busybox',
    what: 'busybox',
    elsewhere: `use --payload dir:PATH or cpio:FILE with programs for ${arch}`,
    asked: `use a Debian host, or --payload dir:PATH with programs for ${arch}`,
  };
  const shelf = { top: folders.debian(workspace), scratch: workspace.cache };
  const { file } = yield* fetchPackage(job, shelf, wanted, signal);
  const folder = path.join(workspace.cache, 'guest', `busybox-${await digestOfFile(file)}`);
  yield* publishFolder(folder, async function* (target): Work<void> {
    const scratch = await scratchFolder('busybox');
    try {
      yield* exec(['dpkg-deb', '-x', file, scratch], { job, signal });
      const places = ['bin/busybox', 'usr/bin/busybox'].map(at => path.join(scratch, at));
      const found = (await exists(places[0]!)) ? places[0]! : places[1]!;
      await copyFile(found, path.join(target, 'busybox'));
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  });
  return path.join(folder, 'busybox');
}

/** An ELF program without an interpreter (elf(5): no PT_INTERP). */
export function isStaticElf(bytes: Buffer): boolean {
  if (bytes.length < 64 || bytes.toString('latin1', 0, 4) !== '\x7fELF') return false;
  const wide = bytes[4] === 2;
  const table = wide ? Number(bytes.readBigUInt64LE(32)) : bytes.readUInt32LE(28);
  const size = bytes.readUInt16LE(wide ? 54 : 42);
  const count = bytes.readUInt16LE(wide ? 56 : 44);
  for (let index = 0; index < count; index++) {
    const at = table + index * size;
    if (at + 4 > bytes.length || bytes.readUInt32LE(at) === 3) return false;
  }
  return true;
}
