// SPDX-License-Identifier: GPL-2.0-only
/** Lines to the consoles of guests that are typed into: a Unix socket each. What guests say is read from their logs. */
import { createConnection, type Socket } from 'node:net';

export interface Lines {
  /** Opens the line when there is none. */
  type(run: string, socket: string, bytes: string): void;
  hangUp(run: string): void;
  close(): void;
}

/** `lost` is told when nobody listens any more. */
export function openLines(lost: (run: string, why: string) => void): Lines {
  const open = new Map<string, Socket>();
  const hangUp = (run: string) => {
    open.get(run)?.destroy();
    open.delete(run);
  };
  const dial = (run: string, socket: string): Socket => {
    const line = createConnection(socket);
    line.resume();
    line.on('error', error => {
      hangUp(run);
      lost(run, error.message);
    });
    open.set(run, line);
    return line;
  };
  return {
    type: (run, socket, bytes) => void (open.get(run) ?? dial(run, socket)).write(bytes),
    hangUp,
    close: () => [...open.keys()].forEach(hangUp),
  };
}
