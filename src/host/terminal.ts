// SPDX-License-Identifier: GPL-2.0-only
/** The terminal we were started in, when it goes away. */
import { closeSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';

/** At its exit Node puts back the modes of every terminal among stdin, stdout and stderr, and aborts with a core dump
 *  where one is not there any more: window closed, connection lost. Those are left to /dev/null before. */
export function surviveLostTerminal(): void {
  const terminals = [0, 1, 2].filter(isatty);
  process.on('exit', () => {
    for (const fd of terminals) {
      if (isatty(fd)) continue;
      try {
        closeSync(fd);
        // the lowest number that is free: the same
        openSync('/dev/null', 'r+');
      } catch {
        // closed already
      }
    }
  });
}
