// SPDX-License-Identifier: GPL-2.0-only
/** gcov's counters of a kernel that has stopped: where its file says that they are (kernel/gcov/gcc_4_7.c has the same
 *  structures), and the .gcda file that gcov(1) reads, from what lay there in the guest's memory. A kernel that panicked
 *  can no longer be asked through debugfs. Pure. */
import { segmentsOf } from './elf.ts';

/** One compiled file. */
export interface Profiled {
  /** Where the compiler would have its data written: '/trees/7.3/build-1/init/initramfs.gcda'. */
  readonly file: string;
  readonly version: number;
  /** Where its struct gcov_info lies, and the pointer to `file` in it. */
  readonly info: bigint;
  readonly name: bigint;
  readonly functions: readonly ProfiledFunction[];
}

interface ProfiledFunction {
  readonly ident: number;
  readonly lines: number;
  readonly graph: number;
  readonly counters: readonly { readonly type: number; readonly address: bigint; readonly count: number }[];
}

interface Loaded {
  readonly address: bigint;
  readonly bytes: Buffer;
}

/** Offsets in struct gcov_info and struct gcov_fn_info. */
const atVersion = 0;
const atName = 24;
const atMerge = 32;
const atCounters = 24;

/** Kinds of counters that a compiler has, by its version. */
const kindsOf = (gcc: number): number => (gcc >= 15 ? 10 : gcc >= 14 ? 9 : 8);

/** 'B22*' of gcc 12.2, read as a number. */
const majorOf = (version: number): number =>
  10 * ((version >>> 24) - 'A'.charCodeAt(0)) + ((version >>> 16) & 0xff) - '0'.charCodeAt(0);

/** The oldest whose data the kernel's structures describe as they are here. */
const oldest = 12;

const dataName = Buffer.from('.gcda\0');

const loadedOf = (elf: Buffer): Loaded[] =>
  segmentsOf(elf).map(({ address, offset, bytes }) => ({
    address,
    bytes: elf.subarray(offset, offset + bytes),
  }));

/** All files that were compiled with -fprofile-arcs. Empty for a kernel without, or from a compiler before gcc 12.
 *  @throws RangeError when the file is cut off */
export function profiledFiles(elf: Buffer): Profiled[] {
  const loaded = loadedOf(elf);
  const at = (address: bigint): Buffer => {
    const part = loaded.find(
      one => address >= one.address && address < one.address + BigInt(one.bytes.length),
    );
    if (!part) throw new RangeError(`nothing is loaded at ${address.toString(16)}`);
    return part.bytes.subarray(Number(address - part.address));
  };
  return namesIn(loaded).flatMap(({ name, address }) =>
    pointersTo(loaded, address).flatMap(pointer => {
      const info = pointer - BigInt(atName);
      const bytes = at(info);
      if (majorOf(bytes.readUInt32LE(atVersion)) < oldest) return [];
      return [{ file: name, info, name: address, ...profiledAt(bytes, at) }];
    }),
  );
}

function profiledAt(info: Buffer, at: (address: bigint) => Buffer): Pick<Profiled, 'version' | 'functions'> {
  const version = info.readUInt32LE(atVersion);
  const kinds = kindsOf(majorOf(version));
  const active = Array.from({ length: kinds }, (_, type) => type).filter(
    type => info.readBigUInt64LE(atMerge + 8 * type) !== 0n,
  );
  const behind = atMerge + 8 * kinds;
  const table = at(info.readBigUInt64LE(behind + 8));
  const functions = Array.from({ length: info.readUInt32LE(behind) }, (_, index) => {
    const one = at(table.readBigUInt64LE(8 * index));
    return {
      ident: one.readUInt32LE(8),
      lines: one.readUInt32LE(12),
      graph: one.readUInt32LE(16),
      counters: active.map((type, place) => ({
        type,
        count: one.readUInt32LE(atCounters + 16 * place),
        address: one.readBigUInt64LE(atCounters + 16 * place + 8),
      })),
    };
  });
  return { version, functions };
}

function namesIn(loaded: readonly Loaded[]): { readonly name: string; readonly address: bigint }[] {
  return loaded.flatMap(({ address, bytes }) => {
    const names = [];
    for (let at = bytes.indexOf(dataName); at >= 0; at = bytes.indexOf(dataName, at + 1)) {
      const start = bytes.lastIndexOf(0, at) + 1;
      const name = bytes.toString('latin1', start, at + dataName.length - 1);
      names.push({ name, address: address + BigInt(start) });
    }
    return names;
  });
}

function pointersTo(loaded: readonly Loaded[], address: bigint): bigint[] {
  const wanted = Buffer.alloc(8);
  wanted.writeBigUInt64LE(address);
  return loaded.flatMap(part => {
    const found = [];
    for (let at = part.bytes.indexOf(wanted); at >= 0; at = part.bytes.indexOf(wanted, at + 1)) {
      if (at % 8 === 0) found.push(part.address + BigInt(at));
    }
    return found;
  });
}

/** A piece of the kernel's memory. */
export interface Range {
  readonly address: bigint;
  readonly bytes: number;
}

const countersOf = (files: readonly Profiled[]) =>
  files.flatMap(({ functions }) => functions.flatMap(({ counters }) => counters));

/** Where all counters of these files are, and what tells that they are theirs; undefined when there are none. */
export function rangeOf(files: readonly Profiled[]): Range | undefined {
  const pieces = [
    ...files.map(({ info }) => ({ address: info, end: info + BigInt(atMerge) })),
    ...countersOf(files).map(({ address, count }) => ({ address, end: address + 8n * BigInt(count) })),
  ];
  const [first] = pieces;
  if (!first) return undefined;
  const least = pieces.reduce((low, { address }) => (address < low ? address : low), first.address);
  const most = pieces.reduce((high, { end }) => (end > high ? end : high), first.end);
  return { address: least, bytes: Number(most - least) };
}

/** The counters' values, file by file, from what lay in the range. Undefined when it is not the memory of this kernel
 *  any more: another one was started, or it was overwritten. */
export function valuesOf(
  files: readonly Profiled[],
  range: Range,
  memory: Buffer,
): readonly bigint[] | undefined {
  if (memory.length < range.bytes) return undefined;
  const at = (address: bigint) => Number(address - range.address);
  const theirs = files.every(
    ({ info, version, name }) =>
      memory.readUInt32LE(at(info) + atVersion) === version &&
      memory.readBigUInt64LE(at(info) + atName) === name,
  );
  if (!theirs) return undefined;
  return countersOf(files).flatMap(({ address, count }) =>
    Array.from({ length: count }, (_, index) => memory.readBigUInt64LE(at(address) + 8 * index)),
  );
}

const magic = { data: 0x67636461, function: 0x01000000, counters: 0x01a10000 };

/** The .gcda of each file, by its name, to stand beside its .gcno. */
export function dataFiles(
  files: readonly Profiled[],
  values: readonly bigint[],
  notes: (file: string) => Buffer,
): Map<string, Buffer> {
  let next = 0;
  return new Map(
    files.map(({ file, version, functions }) => {
      const words: number[] = [magic.data, version, stampOf(notes(file)), 0];
      for (const { ident, lines, graph, counters } of functions) {
        words.push(magic.function, 12, ident, lines, graph);
        for (const { type, count } of counters) {
          words.push(magic.counters + type * 0x20000, 8 * count);
          for (const value of values.slice(next, (next += count))) {
            words.push(Number(value & 0xffffffffn), Number(value >> 32n));
          }
        }
      }
      const bytes = Buffer.alloc(4 * words.length);
      words.forEach((word, index) => bytes.writeUInt32LE(word, 4 * index));
      return [file, bytes];
    }),
  );
}

/** By which gcov knows that both files are of one compilation. A file that is compiled again has another stamp, and the
 *  same functions, whose own checksums gcov compares. */
const stampOf = (notes: Buffer): number => notes.readUInt32LE(8);
