// SPDX-License-Identifier: GPL-2.0-only
/** A client of the gdb remote serial protocol (gdb manual, appendix "Remote Protocol"), as QEMU's -gdb speaks it. */
import { onAbort } from './abort.ts';
import { Interrupted } from './errors.ts';
import { connectSocket } from './qmp.ts';

export interface Gdb {
  /** Sends one packet and returns the answer's payload; for `c` and `s` that is the stop reply.
   *  @throws Error when the connection closed */
  send(packet: string): Promise<string>;
  close(): void;
}

/** `$payload#checksum`; the payload must not need escaping. */
export function framePacket(payload: string): string {
  let sum = 0;
  for (const byte of Buffer.from(payload, 'latin1')) sum = (sum + byte) & 0xff;
  return `$${payload}#${sum.toString(16).padStart(2, '0')}`;
}

/** Payloads of the whole packets received so far, acknowledgements left out, and the incomplete rest. */
export function takePackets(received: string): { packets: string[]; rest: string } {
  const packets: string[] = [];
  let rest = received.replace(/^[+-]+/, '');
  for (;;) {
    const match = /^\$([^#]*)#[0-9a-f]{2}[+-]*/i.exec(rest);
    if (!match) return { packets, rest };
    packets.push(match[1]!);
    rest = rest.slice(match[0].length);
  }
}

/** A register's value from its hex, target byte order little endian. */
export function registerValue(hex: string): bigint {
  return Buffer.from(hex, 'hex')
    .reverse()
    .reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

/** Connects as soon as something listens. The signal closes the connection. @throws Interrupted */
export async function connectGdb(path: string, signal: AbortSignal): Promise<Gdb> {
  const socket = await connectSocket(path, signal);
  const waiting: { resolve: (payload: string) => void; reject: (error: Error) => void }[] = [];
  let received = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    const taken = takePackets(received + chunk);
    received = taken.rest;
    for (const packet of taken.packets) {
      socket.write('+');
      waiting.shift()?.resolve(packet);
    }
  });
  const close = () => void socket.destroy();
  const release = onAbort(signal, close);
  let closed = false;
  socket.on('close', () => {
    closed = true;
    release();
    const error = signal.aborted ? new Interrupted() : new Error('the gdb connection closed');
    for (const { reject } of waiting.splice(0)) reject(error);
  });
  if (signal.aborted) close();
  return {
    send: payload =>
      new Promise((resolve, reject) => {
        if (closed) return reject(new Error('the gdb connection closed'));
        waiting.push({ resolve, reject });
        socket.write(framePacket(payload));
      }),
    close,
  };
}
