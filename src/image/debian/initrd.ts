// SPDX-License-Identifier: GPL-2.0-only
/** Unpacked Debian packages turned into an initrd: what only a full system needs goes, systemd becomes /init, and a
 *  target of its own says that it was reached and ends the machine. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Draft } from '../draft.ts';
import { addConsole } from '../skeleton.ts';
import { parseTar } from '../tar.ts';

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
const directories = ['dev', 'proc', 'sys', 'run', 'sysroot', 'var', 'var/log'];

/** What initbench's target runs; the machine ends as after INITBENCH_END=reset. */
const service = `[Unit]
Description=Report that systemd runs, and end
DefaultDependencies=no
Requires=sysinit.target
After=sysinit.target

[Service]
Type=oneshot
StandardOutput=file:/dev/console
ExecStart=/usr/bin/echo "initbench: systemd state=started"
ExecStart=/usr/bin/systemctl --force --force reboot
`;
const target = `[Unit]
Description=initbench
DefaultDependencies=no
Requires=initbench.service
After=initbench.service
AllowIsolate=yes
`;

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

/** @throws Error when the packages hold no systemd */
export function makeInitrd(draft: Draft): void {
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
  draft.file('usr/lib/systemd/system/initbench.service', Buffer.from(service));
  draft.file('usr/lib/systemd/system/initbench.target', Buffer.from(target));
}
