// SPDX-License-Identifier: GPL-2.0-only
/** QMP and the gdb protocol against small servers that speak them, well or badly. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Interrupted } from '../../src/host/errors.ts';
import { connectGdb, framePacket, registerValue, takePackets } from '../../src/host/gdb.ts';
import { connectQmp, takeMessages } from '../../src/host/qmp.ts';

let folder: string;
let server: Server | undefined;
const never = new AbortController().signal;
const where = () => path.join(folder, 'socket');
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'initbench-test-'));
});
afterEach(async () => {
  server?.close();
  server = undefined;
  await rm(folder, { recursive: true, force: true });
});

function serve(onClient: (client: Socket) => void): void {
  server = createServer(client => {
    client.on('error', () => {});
    onClient(client);
  }).listen(where());
}

const greeting = '{"QMP": {"version": {}, "capabilities": []}}\r\n';

/** Answers qmp_capabilities, then gives each command to `answer`. */
function serveQmp(answer: (command: Record<string, unknown>, client: Socket) => void): void {
  serve(client => {
    client.write(greeting);
    let rest = '';
    client.on('data', chunk => {
      const taken = takeMessages(rest + String(chunk));
      rest = taken.rest;
      for (const command of taken.messages) {
        if (command.execute === 'qmp_capabilities') client.write('{"return": {}}\r\n');
        else answer(command, client);
      }
    });
  });
}

describe('connectQmp()', () => {
  test('answers come to their questions, with events in between and in pieces', async () => {
    serveQmp(({ execute, arguments: args }, client) => {
      const text = `{"event": "RESUME", "data": {"n": 1}}\r\n${JSON.stringify({ return: { execute, args } })}\r\n`;
      client.write(text.slice(0, 30));
      setTimeout(() => client.write(text.slice(30)), 5);
    });
    const qmp = await connectQmp(where(), never);
    expect(await qmp.execute('a', { x: 1 })).toEqual({ execute: 'a', args: { x: 1 } });
    expect(await qmp.execute('b')).toEqual({ execute: 'b' });
    expect(await qmp.event('RESUME')).toEqual({ event: 'RESUME', data: { n: 1 } });
    qmp.close();
  });

  test('waits for whoever is to listen', async () => {
    const connecting = connectQmp(where(), never);
    setTimeout(() => serveQmp((_command, client) => client.write('{"return": 7}\r\n')), 50);
    const qmp = await connecting;
    expect(await qmp.execute('x')).toBe(7);
    qmp.close();
  });

  test('an event that is still to come; undefined when the connection closes first', async () => {
    let told: Socket | undefined;
    serveQmp((_command, client) => {
      told = client;
      client.write('{"return": {}}\r\n');
    });
    const qmp = await connectQmp(where(), never);
    await qmp.execute('x');
    const [stop, other] = [qmp.event('STOP'), qmp.event('OTHER')];
    told!.write('{"event": "STOP"}\r\n');
    expect(await stop).toEqual({ event: 'STOP', data: {} });
    told!.destroy();
    expect(await other).toBeUndefined();
    await expect(qmp.execute('x')).rejects.toThrow('closed');
  });

  test("an error is QEMU's own sentence", async () => {
    serveQmp((_command, client) => client.write('{"error": {"class": "X", "desc": "no such thing"}}\r\n'));
    const qmp = await connectQmp(where(), never);
    await expect(qmp.execute('x')).rejects.toThrow('QMP x: no such thing');
    qmp.close();
  });

  test('an answer that never comes ends with the connection', async () => {
    serveQmp((_command, client) => setTimeout(() => client.destroy(), 20));
    const qmp = await connectQmp(where(), never);
    await expect(qmp.execute('x')).rejects.toThrow('the QMP connection closed');
  });

  test.each([
    ['JSON without a greeting', '{"return": {}}\r\n', /does not speak QMP/],
    ['no JSON', 'SSH-2.0-x\r\n', /closed/],
  ])('%s is refused', async (_name, text, message) => {
    serve(client => client.write(text));
    await expect(connectQmp(where(), never)).rejects.toThrow(message);
  });

  test('the signal ends the waiting for a socket, and a connection', async () => {
    const abort = new AbortController();
    const waiting = connectQmp(where(), abort.signal);
    setTimeout(() => abort.abort(), 30);
    await expect(waiting).rejects.toThrow(Interrupted);
    serveQmp(() => {});
    const second = new AbortController();
    const qmp = await connectQmp(where(), second.signal);
    const asked = qmp.execute('x');
    second.abort();
    await expect(asked).rejects.toThrow('closed');
  });
});

describe('the gdb protocol', () => {
  test('a packet with its checksum, as in the manual', () => {
    expect(framePacket('g')).toBe('$g#67');
    expect(framePacket('OK')).toBe('$OK#9a');
  });

  test('packets out of acknowledgements and pieces', () => {
    expect(takePackets('+$OK#9a$T05#b9+$incompl')).toEqual({ packets: ['OK', 'T05'], rest: '$incompl' });
    expect(takePackets('+$OK#9')).toEqual({ packets: [], rest: '$OK#9' });
  });

  test('registers are little endian', () => {
    expect(registerValue('90379a81ffffffff')).toBe(0xffffffff819a3790n);
  });

  test('send() returns the answer to its packet; a closed connection is an error', async () => {
    serve(client => {
      client.on('data', chunk => {
        const payload = /\$([^#]*)#/.exec(String(chunk))?.[1];
        if (payload === 'end') client.destroy();
        else if (payload !== undefined) client.write(`+${framePacket(`<${payload}>`)}`);
      });
    });
    const gdb = await connectGdb(where(), never);
    expect(await gdb.send('g')).toBe('<g>');
    expect(await gdb.send('Z1,f,1')).toBe('<Z1,f,1>');
    await expect(gdb.send('end')).rejects.toThrow('the gdb connection closed');
    await expect(gdb.send('g')).rejects.toThrow('closed');
  });
});
