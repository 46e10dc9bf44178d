// SPDX-License-Identifier: GPL-2.0-only
/** As many programs as a series has patches listen to one signal: Node has nothing to warn of, and none is left. */
import { getEventListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { merge, productOf } from '../../src/events.ts';
import { capture, exec } from '../../src/host/exec.ts';
import { git } from '../../src/host/git.ts';

test('thirty programs at a time print no warning, and leave no listener', async () => {
  const warnings: Error[] = [];
  const heard = (warning: Error) => warnings.push(warning);
  process.on('warning', heard);
  try {
    for (const run of [
      (signal: AbortSignal) => capture(['sleep', '0.3'], { signal }),
      (signal: AbortSignal) => git('.', ['--version'], signal),
      (signal: AbortSignal) => productOf(merge([exec(['sleep', '0.3'], { job: 'x', signal })])),
    ]) {
      const { signal } = new AbortController();
      await Promise.all(Array.from({ length: 30 }, () => run(signal)));
      expect(getEventListeners(signal, 'abort')).toEqual([]);
    }
    await pause(10);
    expect(warnings).toEqual([]);
  } finally {
    process.removeListener('warning', heard);
  }
});
