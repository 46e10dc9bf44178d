// SPDX-License-Identifier: GPL-2.0-only
/** A person's keys to a guest's console, until Ctrl-] or the boot's end; the terminal is theirs again then. */
import { createConnection, type Socket } from 'node:net';

/** Ctrl-], as telnet and virsh have it. */
export const detachKey = '\x1d';

export interface Typist {
  /** From now on keys go there. `left` is called when they do no more. */
  attach(socket: string, left: (why: string) => void): void;
  detach(): void;
}

/** While attached, Ctrl-C and every other key but Ctrl-] are the guest's. */
export function openTypist(input: NodeJS.ReadStream): Typist {
  let line: Socket | undefined;
  let onData: ((bytes: Buffer) => void) | undefined;
  const detach = () => {
    if (onData) {
      input.off('data', onData);
      input.setRawMode(false);
      // a stream that is read keeps us from ending
      input.pause();
    }
    line?.destroy();
    line = undefined;
    onData = undefined;
  };
  return {
    detach,
    attach(socket, left) {
      detach();
      line = createConnection(socket);
      // the console is read from its log
      line.resume();
      line.on('error', error => {
        detach();
        left(`nobody can type any more: ${error.message}`);
      });
      onData = bytes => {
        const end = bytes.indexOf(detachKey);
        line?.write(end < 0 ? bytes : bytes.subarray(0, end));
        if (end < 0) return;
        detach();
        left('the keys are ours again and the boot goes on; Ctrl-C stops it');
      };
      input.setRawMode(true);
      input.on('data', onData);
      input.resume();
    },
  };
}
