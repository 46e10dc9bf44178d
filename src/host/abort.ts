// SPDX-License-Identifier: GPL-2.0-only
/** Listening to the signal that stops work: each program that runs does, and a series has more patches than ten. */
import { setMaxListeners } from 'node:events';

/** Calls `listener` once when the signal is aborted. Returns what ends the listening. */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  heardByMany(signal);
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}

/** Node takes more than ten listeners for a leak, and prints that over whatever is on the terminal. */
export const heardByMany = (signal: AbortSignal): void => setMaxListeners(0, signal);
