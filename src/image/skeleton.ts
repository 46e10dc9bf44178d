// SPDX-License-Identifier: GPL-2.0-only
/** What payloads of our own have in common: a console, a root's directories, busybox with its applets. */
import { readFileSync } from 'node:fs';
import { access } from 'node:fs/promises';
import path from 'node:path';
import { exitCodes, UserError } from '../host/errors.ts';
import { capture, missingTool } from '../host/exec.ts';
import { digestOfFile } from '../host/files.ts';
import type { Workspace } from '../workspace.ts';
import type { Draft } from './draft.ts';

/** /dev/console, which init's standard streams are opened from (char 5:1, Documentation/admin-guide/devices.txt). */
export function addConsole(draft: Draft): void {
  draft.node('dev/console', 'char', 5, 1, { mode: 0o600 });
}

/** The directories of a small root and its console. */
export function addDirectories(draft: Draft): void {
  const plain = [
    'bin',
    'dev',
    'etc',
    'mnt',
    'proc',
    'run',
    'sbin',
    'sys',
    'usr',
    'usr/bin',
    'usr/sbin',
    'var',
  ];
  for (const at of plain) draft.directory(at);
  draft.directory('root', { mode: 0o700 });
  draft.directory('tmp', { mode: 0o1777 });
  addConsole(draft);
}

/** The busybox of the search path. @throws UserError when there is none */
export async function findBusybox({ environment }: Workspace): Promise<string> {
  for (const folder of (environment.PATH ?? '/usr/bin:/bin').split(':')) {
    const file = path.resolve(folder, 'busybox');
    if (
      await access(file).then(
        () => true,
        () => false,
      )
    ) {
      return file;
    }
  }
  throw missingTool('busybox', 'the payload busybox');
}

/** Decides which busybox a payload has. */
export const busyboxDigest = async (workspace: Workspace) => digestOfFile(await findBusybox(workspace));

/** busybox as /bin/busybox, and a symlink for each of its applets.
 *  @throws UserError when it needs libraries */
export async function addBusybox(draft: Draft, workspace: Workspace, signal: AbortSignal): Promise<void> {
  const file = await findBusybox(workspace);
  const bytes = readFileSync(file);
  if (!isStaticElf(bytes)) {
    throw new UserError(`${file} is no statically linked program`, {
      hint: 'install the static one: apt-get install busybox-static',
      exitCode: exitCodes.environment,
    });
  }
  draft.file('bin/busybox', bytes, { mode: 0o755 });
  const applets = (await capture([file, '--list-full'], { signal })).split('\n');
  for (const applet of applets.sort()) {
    const known = /^(usr\/)?s?bin\/[^/]+$/.test(applet) && applet !== 'bin/busybox';
    if (known) draft.symlink(applet, '/bin/busybox');
  }
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
