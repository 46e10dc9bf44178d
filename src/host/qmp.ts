// SPDX-License-Identifier: GPL-2.0-only
/** A client of QEMU's machine protocol over a unix socket (QEMU docs/interop/qmp-spec.rst): JSON lines, one
 *  greeting, qmp_capabilities, then commands answered in order with events in between. */
import { connect, type Socket } from 'node:net';
import { onAbort } from './abort.ts';
import { Interrupted } from './errors.ts';

export interface QmpEvent {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface Qmp {
  /** The `return` member of the answer. @throws Error with QEMU's own words, or when the connection closed */
  execute(command: string, args?: Readonly<Record<string, unknown>>): Promise<unknown>;
  /** The first event of that name, also one that came before the call; undefined when the connection closed. */
  event(name: string): Promise<QmpEvent | undefined>;
  close(): void;
}

type Message = Record<string, unknown>;

/** The messages in what has been received so far, and the incomplete rest. @throws SyntaxError */
export function takeMessages(received: string): { messages: Message[]; rest: string } {
  const lines = received.split('\n');
  const rest = lines.pop()!;
  const messages = lines.filter(line => line.trim() !== '').map(line => JSON.parse(line) as Message);
  return { messages, rest };
}

/** Waits until something listens on the socket. @throws Interrupted */
export async function connectSocket(path: string, signal: AbortSignal): Promise<Socket> {
  for (;;) {
    if (signal.aborted) throw new Interrupted();
    const socket = await new Promise<Socket | undefined>(resolve => {
      const attempt = connect(path);
      attempt.once('connect', () => resolve(attempt)).once('error', () => resolve(undefined));
    });
    if (socket) {
      socket.on('error', () => socket.destroy());
      return socket;
    }
    await new Promise(resolve => setTimeout(resolve, 10));
  }
}

/** Connects as soon as QEMU listens and leaves capability negotiation. The signal ends the waiting and closes the
 *  connection. @throws Interrupted, Error when what listens does not speak QMP */
export async function connectQmp(path: string, signal: AbortSignal): Promise<Qmp> {
  const socket = await connectSocket(path, signal);
  const seen: QmpEvent[] = [];
  const eventWaiters: { name: string; resolve: (event: QmpEvent | undefined) => void }[] = [];
  const replies: { resolve: (message: Message) => void; reject: (error: Error) => void }[] = [];
  let received = '';
  let closed = false;

  const greeting = new Promise<Message>((resolve, reject) => {
    replies.push({ resolve, reject });
  });
  const onMessage = (message: Message) => {
    if (typeof message.event !== 'string') {
      replies.shift()?.resolve(message);
      return;
    }
    const event = { event: message.event, data: (message.data ?? {}) as Record<string, unknown> };
    seen.push(event);
    for (const waiter of eventWaiters.filter(({ name }) => name === event.event)) {
      eventWaiters.splice(eventWaiters.indexOf(waiter), 1);
      waiter.resolve(event);
    }
  };
  const close = () => void socket.destroy();
  const release = onAbort(signal, close);
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    try {
      const taken = takeMessages(received + chunk);
      received = taken.rest;
      taken.messages.forEach(onMessage);
    } catch {
      close();
    }
  });
  socket.on('close', () => {
    closed = true;
    release();
    for (const { reject } of replies.splice(0)) reject(new Error('the QMP connection closed'));
    for (const { resolve } of eventWaiters.splice(0)) resolve(undefined);
  });
  if (signal.aborted) close();

  const execute = async (command: string, args?: Readonly<Record<string, unknown>>) => {
    if (closed) throw new Error('the QMP connection closed');
    const reply = await new Promise<Message>((resolve, reject) => {
      replies.push({ resolve, reject });
      socket.write(
        `${JSON.stringify(args ? { execute: command, arguments: args } : { execute: command })}\n`,
      );
    });
    if ('return' in reply) return reply.return;
    throw new Error(`QMP ${command}: ${(reply.error as { desc?: string } | undefined)?.desc ?? 'no answer'}`);
  };
  const hello = await greeting;
  if (!('QMP' in hello)) {
    close();
    throw new Error(`${path} does not speak QMP`);
  }
  await execute('qmp_capabilities');
  return {
    execute,
    event: name =>
      new Promise(resolve => {
        const earlier = seen.find(({ event }) => event === name);
        if (earlier || closed) resolve(earlier);
        else eventWaiters.push({ name, resolve });
      }),
    close,
  };
}
