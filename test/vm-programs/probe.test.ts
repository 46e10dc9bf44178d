// SPDX-License-Identifier: GPL-2.0-only
/** vm/probe on the host (INITBENCH_DRY=1): its lines, its reading, its checksum; vm/ as a whole: its build. */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { checksum, escapePath, type ListedFile, markAt, writePayload } from './payload-list.ts';
import { build, type Line, type Run, run } from './programs.ts';

let folder: string;
let probe: string;
let storageInit: string;
let count = 0;
let work: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'initbench-test-'));
  build(path.join(folder, 'out'), ['probe', 'storage-init']);
  probe = path.join(folder, 'out/probe');
  storageInit = path.join(folder, 'out/storage-init');
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const freshFolder = () => {
  const fresh = path.join(folder, `${count++}`);
  mkdirSync(fresh);
  return fresh;
};
beforeEach(() => {
  work = freshFolder();
});

const dry = (env: Record<string, string>, meanwhile?: () => void) =>
  run(probe, { INITBENCH_DRY: '1', ...env }, meanwhile);
const named = (result: Run, name: string): Line['values'][] =>
  result.lines.filter(line => line.name === name).map(line => line.values);
const marksOf = (result: Run) =>
  named(result, 'used').map(({ percent, files, bytes, sum }) => ({ percent, files, bytes, sum }));
const read = async (files: readonly ListedFile[], used: string) => {
  const fresh = freshFolder();
  return dry({ INITBENCH_FILES: writePayload(fresh, files), INITBENCH_USED: used });
};
const file = (name: string, content: string | Buffer): ListedFile => ({
  name: Buffer.from(name),
  content: Buffer.from(content as string),
});

describe('the build', () => {
  test('gives the same small static programs in another place', () => {
    const sources = path.join(work, 'a place', 'vm');
    cpSync(path.resolve(import.meta.dirname, '../../vm'), sources, { recursive: true });
    build(path.join(work, 'out'), ['probe', 'storage-init'], sources);
    for (const program of [probe, storageInit]) {
      const bytes = readFileSync(program);
      expect(readFileSync(path.join(work, 'out', path.basename(program))).equals(bytes)).toBe(true);
      expect(statSync(program).size).toBeLessThan(20 * 1024);
      // ELF64: e_type 2 is an executable at a fixed address; program header type 3 asks for an interpreter.
      expect(bytes.readUInt16LE(16)).toBe(2);
      const types = Array.from({ length: bytes.readUInt16LE(56) }, (_, i) =>
        bytes.readUInt32LE(Number(bytes.readBigUInt64LE(32)) + i * bytes.readUInt16LE(54)),
      );
      expect(types).not.toContain(3);
    }
  });
});

describe('the lines', () => {
  test('come in the order of the protocol, the counters growing', async () => {
    const result = await read([file('a', 'x'.repeat(1000))], '100');
    expect(result.exitCode).toBe(0);
    const names = result.lines.map(line => line.name).filter(name => name !== 'mount');
    expect(names).toEqual(['init', 'root', 'memory', 'start-read', 'used', 'memory']);
    const counters = ['init', 'start-read', 'used'].map(name => BigInt(named(result, name)[0]!.tsc!));
    expect(counters[0]! < counters[1]! && counters[1]! < counters[2]!).toBe(true);
    const uptime = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
    const boottime = Number(named(result, 'init')[0]!.boottime) / 1e9;
    expect(Math.abs(uptime - boottime)).toBeLessThan(5);
  });

  test('tell the mounts as the kernel does', async () => {
    const result = await dry({});
    const mounts = readFileSync('/proc/self/mountinfo', 'latin1')
      .trimEnd()
      .split('\n')
      .map(line => {
        const [left, right] = line.split(' - ').map(half => half.split(' '));
        return { at: left![4]!, fstype: right![0]!, source: right![1]!, dev: left![2]!, options: left![5]! };
      });
    const told = (value: string) => escapePath(Buffer.from(value, 'latin1'));
    expect(
      named(result, 'mount').map(({ at, fstype, source, dev }) =>
        [told(at!), told(fstype!), told(source!), dev].join(' '),
      ),
    ).toEqual(mounts.map(({ at, fstype, source, dev }) => [at, fstype, source, dev].join(' ')));
    const root = mounts.findLast(mount => mount.at === '/')!;
    const { fstype, options } = named(result, 'root')[0]!;
    expect({ fstype, options }).toEqual({ fstype: root.fstype, options: root.options });
  });

  test('tell the memory in KiB', async () => {
    const result = await dry({});
    const total = /^MemTotal: +(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))![1]!;
    expect(named(result, 'memory').map(memory => memory.at)).toEqual(['init', 'used']);
    for (const memory of named(result, 'memory')) {
      expect(Object.keys(memory)).toEqual(
        expect.arrayContaining(['MemFree', 'MemAvailable', 'Buffers', 'Cached', 'pcp']),
      );
      expect(memory.MemTotal).toBe(total);
      for (const [key, value] of Object.entries(memory)) if (key !== 'at') expect(value).toMatch(/^\d+$/);
    }
  });
});

describe('the reading', () => {
  const sizes = [0, 1, 7, 8, 9, 4096, 65535, 65536, 65537, 200_003];
  const files = sizes.map((size, i) =>
    file(`f${i}`, Buffer.from(Array.from({ length: size }, (_, at) => (at * 31 + i * 7) & 255))),
  );

  test('ends each percentage where the bytes say', async () => {
    const percents = [0, 1, 10, 50, 99, 100];
    const result = await read(files, percents.join(','));
    expect(result.exitCode).toBe(0);
    const marks = marksOf(result);
    expect(marks).toEqual(percents.map(percent => markAt(files, percent)));
    expect(marks.at(-1)!.bytes).toBe(`${sizes.reduce((sum, size) => sum + size, 0)}`);
  });

  test('takes a share of few bytes as at least one', async () => {
    const few = [file('empty', ''), file('a', 'a'), file('b', 'bc')];
    const marks = marksOf(await read(few, '1,34'));
    expect(marks).toEqual([markAt(few, 1), markAt(few, 34)]);
    expect(marks.map(({ files }) => files)).toEqual(['2', '3']);
  });

  test('sees content, order and where a file ends', async () => {
    const sumOf = async (...contents: string[]) => {
      const result = await read(
        contents.map((content, i) => file(`${i}`, content)),
        '100',
      );
      return named(result, 'used')[0]!.sum;
    };
    const sums = await Promise.all([
      sumOf('ab', 'cd'),
      sumOf('cd', 'ab'),
      sumOf('abc', 'd'),
      sumOf('ab\0', 'cd'),
    ]);
    expect(new Set(sums).size).toBe(4);
    expect(sums[0]).toBe(checksum([Buffer.from('ab'), Buffer.from('cd')]));
  });

  test('opens whatever name a file can have, and says the name of one it cannot', async () => {
    const name = fc
      .uint8Array({ min: 1, max: 255, minLength: 1, maxLength: 60 })
      .filter(bytes => !bytes.includes(0x2f))
      .map(bytes => Buffer.from(bytes))
      .filter(bytes => !['.', '..', '.list'].includes(bytes.toString('latin1')));
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(name, { minLength: 2, maxLength: 12, selector: bytes => bytes.toString('hex') }),
        async names => {
          const fresh = freshFolder();
          const listed = names.map(bytes => ({ name: bytes, content: bytes }));
          const list = writePayload(fresh, listed);
          const whole = await dry({ INITBENCH_FILES: list, INITBENCH_USED: '100' });
          expect(named(whole, 'error')).toEqual([]);
          expect(named(whole, 'used')[0]!.sum).toBe(checksum(listed.map(({ content }) => content)));

          rmSync(Buffer.concat([Buffer.from(`${fresh}/`), names[0]!]));
          const holed = await dry({ INITBENCH_FILES: list, INITBENCH_USED: '100' });
          expect(holed.exitCode).toBe(1);
          expect(named(holed, 'error')).toEqual([
            { what: 'open', path: `${fresh}/${names[0]!.toString('latin1')}`, errno: '2' },
            { what: 'short', path: list, errno: '61' },
          ]);
          expect(named(holed, 'used')[0]).toMatchObject({
            files: `${names.length - 1}`,
            sum: checksum(names.slice(1)),
          });
        },
      ),
      { numRuns: 25 },
    );
  });

  test('takes a list of a megabyte', async () => {
    const target = Buffer.from('one file, many times');
    writeFileSync(path.join(work, 'f'), target);
    const long = `${work}${'/.'.repeat(60)}/f`;
    const times = Math.ceil(2 ** 20 / long.length);
    writeFileSync(path.join(work, 'list'), `total ${times * target.length}\n${`${long}\n`.repeat(times)}`);
    const result = await dry({ INITBENCH_FILES: path.join(work, 'list'), INITBENCH_USED: '100' });
    expect(named(result, 'error')).toEqual([]);
    expect(named(result, 'used')[0]).toMatchObject({
      files: `${times}`,
      sum: checksum(Array.from({ length: times }, () => target)),
    });
  });

  test('neither follows a link, nor waits for a pipe, nor stops at a directory', async () => {
    const list = writePayload(work, [file('good', 'x'.repeat(10))]);
    symlinkSync('good', path.join(work, 'link'));
    execFileSync('mkfifo', [path.join(work, 'pipe')]);
    const names = ['link', 'pipe', '', 'good'];
    writeFileSync(
      list,
      `total 10\n${names.map(name => `${escapePath(Buffer.from(`${work}/${name}`))}\n`).join('')}`,
    );
    const result = await dry({ INITBENCH_FILES: list, INITBENCH_USED: '100' });
    expect(named(result, 'error')).toEqual([
      { what: 'open', path: `${work}/link`, errno: '40' },
      { what: 'read', path: `${work}/`, errno: '21' },
    ]);
    expect(named(result, 'used')[0]).toMatchObject({ bytes: '10' });
  });

  test.each([
    ['no list', undefined, '2'],
    ['an empty list', '', '61'],
    ['a list without a total', '/etc/passwd\n', '22'],
    ['a total that is no number', 'total 10 bytes\n', '22'],
    ['a path longer than any', `total 10\n/${'x'.repeat(5000)}\n`, '36'],
  ])('says what is wrong with %s and goes on', async (_, text, errno) => {
    const list = path.join(work, 'list');
    if (text !== undefined) writeFileSync(list, text);
    const result = await dry({ INITBENCH_FILES: list, INITBENCH_USED: '50' });
    expect(result.exitCode).toBe(1);
    expect(named(result, 'error')).toEqual([{ what: 'list', path: list, errno }]);
    expect(named(result, 'used')[0]).toMatchObject({ percent: '50', files: '0', bytes: '0' });
    expect(result.lines.at(-1)).toMatchObject({ name: 'memory', values: { at: 'used' } });
  });

  test.each(['101', '10,', '10;20', 'x', '99999999999999999999', Array(17).fill('1').join(',')])(
    'refuses INITBENCH_USED=%s',
    async used => {
      const result = await read([file('a', 'a')], used);
      expect(named(result, 'error')).toEqual([{ what: 'INITBENCH_USED', path: used, errno: '22' }]);
      expect(named(result, 'used')).toEqual([]);
    },
  );
});

describe('what comes after', () => {
  test('waits for a device that appears late', async () => {
    const device = path.join(work, 'disk');
    const result = await dry({ INITBENCH_ROOTFS: device, INITBENCH_WAIT: '8' }, () => {
      setTimeout(() => writeFileSync(path.join(work, 'another'), ''), 100);
      setTimeout(() => writeFileSync(device, ''), 300);
    });
    expect(result.exitCode).toBe(0);
    const rootfs = named(result, 'rootfs')[0]!;
    expect(rootfs).toMatchObject({ fstype: 'ext4', how: 'dry' });
    const waited = Number(rootfs.boottime) - Number(named(result, 'init')[0]!.boottime);
    expect(waited).toBeGreaterThan(100e6);
    expect(waited).toBeLessThan(5e9);
  });

  test.each([
    ['does not come', 'disk', '110'],
    ['could not come', 'nowhere/disk', '2'],
  ])('gives up on a device that %s', async (_, name, errno) => {
    const device = path.join(work, name);
    const result = await dry({ INITBENCH_ROOTFS: device, INITBENCH_WAIT: '1' });
    expect(result.exitCode).toBe(1);
    expect(named(result, 'error')).toEqual([{ what: 'wait', path: device, errno }]);
    expect(named(result, 'rootfs')).toEqual([]);
  });

  test('hands over to the next init with its environment', async () => {
    const seen = path.join(work, 'seen');
    const next = path.join(work, 'next');
    writeFileSync(next, `#!/bin/sh\necho "$0 $# $INITBENCH_NEXT" >${seen}\n`, { mode: 0o755 });
    const result = await dry({ INITBENCH_NEXT: next });
    expect(result.exitCode).toBe(0);
    expect(result.lines.at(-1)!.name).toBe('end');
    expect(readFileSync(seen, 'utf8')).toBe(`${next} 0 ${next}\n`);
  });

  test('handing over to an init that says the end itself is not the end', async () => {
    const next = path.join(work, 'next');
    writeFileSync(next, '#!/bin/sh\n', { mode: 0o755 });
    const { lines } = await dry({ INITBENCH_NEXT: next, INITBENCH_NEXT_ENDS: '1' });
    expect(lines.at(-1)).toMatchObject({ name: 'reached', values: { what: 'own-init' } });
    expect(lines.map(({ name }) => name)).not.toContain('end');
  });

  test('says when there is no next init', async () => {
    const result = await dry({ INITBENCH_NEXT: path.join(work, 'none') });
    expect(result.exitCode).toBe(1);
    expect(result.lines.at(-1)).toEqual({
      name: 'error',
      values: { what: 'execve', path: path.join(work, 'none'), errno: '2' },
    });
  });

  test('the times of an init before it are taken over; a text that is none is reported', async () => {
    const result = await dry({ INITBENCH_STARTED: '123456789,987654' });
    expect(named(result, 'init')).toEqual([{ tsc: '123456789', boottime: '987654' }]);
    const wrong = await dry({ INITBENCH_STARTED: '123456789' });
    expect(named(wrong, 'error')).toEqual([{ what: 'INITBENCH_STARTED', path: '123456789', errno: '22' }]);
    expect(Number(named(wrong, 'init')[0]!.tsc)).toBeGreaterThan(0);
  });

  test('nothing is done to a machine that was not booted for it', async () => {
    for (const program of [probe, storageInit]) {
      const result = await run(program, { INITBENCH_USED: '100' });
      expect(result.exitCode).toBe(2);
      expect(result.lines).toEqual([{ name: 'error', values: { what: 'not-init', errno: '1' } }]);
    }
  });
});

test('INITBENCH_SPIN delays the reading, and nothing else', async () => {
  const list = writePayload(work, [file('a', 'content')]);
  const spun = async (rounds: string) => {
    const result = await dry({ INITBENCH_FILES: list, INITBENCH_USED: '100', INITBENCH_SPIN: rounds });
    const [init, start] = [named(result, 'init')[0]!, named(result, 'start-read')[0]!];
    return {
      ticks: Number(start.tsc) - Number(init.tsc),
      marks: marksOf(result),
      errors: named(result, 'error'),
    };
  };
  const [none, many] = [await spun('0'), await spun('400000000')];
  expect(none.errors).toEqual([]);
  expect(many.marks).toEqual(none.marks);
  expect(many.ticks).toBeGreaterThan(none.ticks + 20_000_000);
  expect((await spun('much')).errors).toEqual([{ what: 'INITBENCH_SPIN', path: 'much', errno: '22' }]);
});
