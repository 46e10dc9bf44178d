// SPDX-License-Identifier: GPL-2.0-only
/** Unpacked Debian packages turned into an initrd: what only a full system needs goes, systemd becomes /init, and units
 *  of initbench's say where it is. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Draft } from '../draft.ts';
import { addConsole } from '../skeleton.ts';
import { parseTar } from '../tar.ts';
import { markProgram, units, wanted } from './units.ts';

/** Documentation, the package manager's state, and what the host's own configuration left. */
const unwanted = [
  ...[
    'dev',
    'boot',
    'home',
    'media',
    'opt',
    'srv',
    'etc/apt',
    'etc/fstab',
    'etc/hostname',
    'etc/resolv.conf',
  ],
  ...['var/cache', 'var/lib/apt', 'var/lib/dpkg', 'var/log'],
  ...['doc', 'man', 'info', 'locale', 'lintian', 'bug', 'menu', 'pixmaps'].map(name => `usr/share/${name}`),
  ...['bash-completion', 'zsh', 'common-licenses', 'perl5'].map(name => `usr/share/${name}`),
];
const unitFolder = 'usr/lib/systemd/system';
const directories = ['dev', 'proc', 'sys', 'run', 'sysroot', 'var', 'var/log'];

/** Adds the members of a tar archive, all times 0: they tell when it was unpacked. */
export function addTar(draft: Draft, bytes: Buffer, what: string): void {
  for (const { path: at, kind, mode, uid, gid, target, major, minor, data } of parseTar(bytes, what)) {
    const meta = { mode, uid, gid };
    if (at === '') continue;
    if (kind === 'dir') draft.directory(at, meta);
    else if (kind === 'file') draft.file(at, data, meta);
    else if (kind === 'symlink') draft.symlink(at, target, meta);
    else if (kind === 'link') draft.link(at, draft.get(target)!);
    else draft.node(at, kind, major, minor, meta);
  }
}

/** `mark`: the program of vm/. @throws Error when the packages hold no systemd */
export function makeInitrd(draft: Draft, mark: Buffer): void {
  for (const at of unwanted) draft.remove(at);
  for (const at of directories) draft.directory(at);
  draft.directory('tmp', { mode: 0o1777 });
  addConsole(draft);
  for (const name of ['passwd', 'group']) {
    const master = draft.get(`usr/share/base-passwd/${name}.master`);
    if (master) draft.file(`etc/${name}`, readFileSync(path.join(draft.folder, master.content!)));
  }
  const release = draft.get('usr/lib/os-release');
  if (release) draft.symlink('etc/initrd-release', '../usr/lib/os-release');
  draft.file('etc/machine-id', Buffer.alloc(0), { mode: 0o444 });
  draft.file('etc/hostname', Buffer.from('initbench\n'));
  draft.symlink('init', 'usr/lib/systemd/systemd');
  draft.directory(path.posix.dirname(markProgram));
  draft.file(markProgram, mark, { mode: 0o755 });
  for (const [name, text] of Object.entries(units)) draft.file(`${unitFolder}/${name}`, Buffer.from(text));
  for (const [target, unit] of Object.entries(wanted)) {
    draft.directory(`${unitFolder}/${target}.wants`);
    draft.symlink(`${unitFolder}/${target}.wants/${unit}`, `../${unit}`);
  }
}
