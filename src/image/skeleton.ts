// SPDX-License-Identifier: GPL-2.0-only
/** What payloads of our own have in common: a console, a root's directories. */
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
