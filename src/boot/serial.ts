// SPDX-License-Identifier: GPL-2.0-only
/** Reads a file that another program is writing, as it grows; and the queue between that and a slow reader. */
import { type FSWatcher, watch } from 'node:fs';
import { open } from 'node:fs/promises';
import type { WorkEvent } from '../events.ts';
import { onAbort } from '../host/abort.ts';

const pollMs = 100;

/** Chunks of a growing file, from its start. After `ended` what is still unread comes, then the generator returns.
 *  The file must exist; its notifications only make this quicker than the poll. */
export async function* growing(path: string, ended: AbortSignal): AsyncGenerator<Buffer, void, void> {
  const file = await open(path, 'r');
  let wake = () => {};
  let grown = false;
  const woken = () => {
    grown = true;
    wake();
  };
  const watcher = watchIfPossible(path, woken);
  const release = onAbort(ended, woken);
  const buffer = Buffer.alloc(65536);
  try {
    for (let last = false; ;) {
      grown = false;
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
      if (bytesRead > 0) {
        yield Buffer.from(buffer.subarray(0, bytesRead));
        continue;
      }
      if (last) return;
      last = ended.aborted;
      if (last) continue;
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, pollMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
        if (grown || ended.aborted) wake();
      });
    }
  } finally {
    release();
    watcher?.close();
    await file.close();
  }
}

/** The host may have no more watches to give: then the poll has to do. */
function watchIfPossible(path: string, changed: () => void): FSWatcher | undefined {
  try {
    return watch(path, changed).on('error', () => {});
  } catch {
    return undefined;
  }
}

/** Events on their way to a reader that may be slower than the guest: console lines beyond the limit are dropped
 *  and counted in one notice, nothing else is. */
export function eventQueue(limit = 4096): {
  push(event: WorkEvent): void;
  close(): void;
  drain(): AsyncGenerator<WorkEvent, void, void>;
} {
  let waiting: WorkEvent[] = [];
  let lines = 0;
  let dropped: { count: number; job: string } | undefined;
  let closed = false;
  let wake = () => {};
  return {
    push(event) {
      if (event.type === 'console') {
        if (lines >= limit) {
          dropped = { count: (dropped?.count ?? 0) + 1, job: event.job };
          return;
        }
        lines += 1;
      }
      // only the last of them is still so
      const last = waiting.at(-1);
      if (event.type === 'unfinished' && last?.type === 'unfinished' && last.run === event.run) waiting.pop();
      waiting.push(event);
      wake();
    },
    close() {
      closed = true;
      wake();
    },
    async *drain() {
      for (;;) {
        const batch = waiting;
        waiting = [];
        lines = 0;
        yield* batch;
        if (dropped && waiting.length === 0) {
          const { count, job } = dropped;
          dropped = undefined;
          const message = `${count} console lines were too many for the screen; the log has them`;
          yield { job, type: 'notice', level: 'info', message };
        }
        if (waiting.length > 0) continue;
        if (closed) return;
        await new Promise<void>(resolve => {
          wake = resolve;
          if (closed || waiting.length > 0) resolve();
        });
      }
    },
  };
}
