// SPDX-License-Identifier: GPL-2.0-only
/** Archives at random, the same for the same seed: a few names that get into each other's way, every kind of member,
 *  packed and put together in every way, some of them damaged. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Compression, compressions } from '../../src/image/archive/compression.ts';
import { unpackInitramfs } from '../../src/image/archive/unpack.ts';
import { type Random, randomFrom } from '../../src/image/random.ts';
import { hazardsOf } from './boot.ts';
import type { Case } from './handmade.ts';
import { encode, type Member, pack, trailer, types, zeros } from './member.ts';

const of = <Item>(random: Random, items: readonly Item[]): Item => items[random() % items.length]!;
const chance = (random: Random, one: number): boolean => random() % one === 0;

const names = ['a', 'b', 'c', 'd', 'e', 'dev', 'root', 'caf\xe9', '\xff', 'n'.repeat(255)];
const odd = ['.', '..', '', '/', 'x'.repeat(256), 'a/', './b', '/c', 'a//b', 'dev/console', 'a b'];

function pathAt(random: Random): string {
  if (chance(random, 14)) return of(random, odd);
  const depth = of(random, [1, 1, 1, 2, 2, 2, 3, 4]);
  return Array.from({ length: depth }, () => of(random, names)).join('/');
}

function dataOf(random: Random): Buffer {
  const size = of(random, [0, 1, 3, 4, 10, 100, 511, 4096, 5000, 20_000]) + (random() % 3);
  if (chance(random, 4)) return Buffer.alloc(size, chance(random, 2) ? 0 : 0x61);
  const repeat = 1 + (random() % 97);
  return Buffer.from(Array.from({ length: size }, (_, at) => ((at % repeat) * 7 + (at >> 6)) & 0xff));
}

const modes = [0o644, 0o755, 0o600, 0, 0o4755, 0o2775, 0o1777, 0o7777];
const ids = [0, 0, 0, 1, 1000, 65534, 70_000, 0xfffffffe, 0xffffffff];

function memberAt(random: Random): Member {
  const name = pathAt(random);
  const type = of(random, [
    ...[types.file, types.file, types.file, types.file, types.dir, types.dir, types.dir, types.symlink],
    ...[types.symlink, types.char, types.block, types.fifo, types.socket],
  ]);
  const linked = chance(random, 3) && type !== types.dir;
  const data =
    type === types.file
      ? dataOf(random)
      : type === types.symlink
        ? Buffer.from(pathAt(random) + (chance(random, 3) ? '\0' : ''), 'latin1')
        : Buffer.alloc(0);
  return {
    ...{ name, data, mode: type | of(random, modes) },
    ...{ uid: of(random, ids), gid: of(random, ids), mtime: random() },
    ino: linked ? 1 + (random() % 3) : 100 + (random() % 1000),
    nlink: linked ? 2 + (random() % 3) : 1,
    ...{ rmajor: random() % 300, rminor: random() % 300 },
    ...(chance(random, 6) && { magic: '070702' }),
    ...(chance(random, 40) && { check: random() }),
    ...(chance(random, 30) && { mode: random() & 0xffff }),
    ...(chance(random, 40) && { data: Buffer.from('data of what has none') }),
  };
}

function archiveAt(random: Random): Buffer {
  const members = Array.from({ length: random() % 14 }, () => encode(memberAt(random)));
  const last = chance(random, 4) ? [] : [trailer()];
  return Buffer.concat([...members, ...last]);
}

/** A header's field, a byte, or the end. */
function damage(random: Random, bytes: Buffer): Buffer {
  if (bytes.length === 0) return bytes;
  const changed = Buffer.from(bytes);
  switch (random() % 4) {
    case 0: {
      const at = changed.indexOf('0707', random() % changed.length);
      if (at === -1 || at + 110 > changed.length) return changed;
      const field = 6 + 8 * (random() % 13);
      const value = of(random, [0, 1, 2, 255, 4096, 4097, 70_000, random()]);
      changed.write((value >>> 0).toString(16).padStart(8, '0'), at + field, 'latin1');
      return changed;
    }
    case 1:
      changed[random() % changed.length] = random() & 0xff;
      return changed;
    case 2:
      return changed.subarray(0, random() % changed.length);
    default: {
      const at = random() % changed.length;
      return Buffer.concat([changed.subarray(0, at), zeros(random() % 6), changed.subarray(at)]);
    }
  }
}

function caseAt(seed: number, stream: number, known: readonly Compression[]): Case {
  const random = randomFrom(seed, stream);
  const parts: Buffer[] = [];
  let length = 0;
  let harmed = false;
  const add = (bytes: Buffer) => {
    parts.push(bytes);
    length += bytes.length;
  };
  for (let count = 1 + (random() % 4); count > 0; count--) {
    const sound = Buffer.concat(Array.from({ length: 1 + (random() % 2) }, () => archiveAt(random)));
    const content = chance(random, 8) ? damage(random, sound) : sound;
    if (chance(random, 2)) {
      add(content);
    } else {
      const method = of(random, chance(random, 20) ? compressions : known);
      const packed = pack[method](content);
      const bad = chance(random, 20);
      harmed ||= bad;
      add(bad ? damage(random, packed) : packed);
    }
    if (chance(random, 12)) add(zeros(random() % 9));
    else add(zeros(((4 - (length % 4)) % 4) + of(random, [0, 4, 8, 508])));
  }
  return {
    name: `seed ${seed} number ${stream}`,
    bytes: Buffer.concat(parts),
    behind: true,
    ...(harmed && { damaged: true }),
  };
}

/** Those that would keep a guest busy for ever are left out: a file of gigabytes, a fifo that nobody reads. */
export async function randomCases(
  seed: number,
  count: number,
  known: readonly Compression[],
  signal: AbortSignal,
): Promise<Case[]> {
  const cases: Case[] = [];
  for (let stream = 1; cases.length < count; stream++) {
    const one = caseAt(seed, stream, known);
    const folder = mkdtempSync(path.join(tmpdir(), 'initbench-archive-'));
    try {
      const file = path.join(folder, 'initrd');
      writeFileSync(file, one.bytes);
      const { largest, blocks } = hazardsOf(await unpackInitramfs(file, { folder, known, signal }));
      if (largest < 2 ** 22 && !blocks) cases.push(one);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return cases;
}
