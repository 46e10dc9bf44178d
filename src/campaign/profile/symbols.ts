// SPDX-License-Identifier: GPL-2.0-only
/** Functions of a User-Mode Linux kernel by where they lie in its file. perf knows them by the address, but takes the
 *  offset that it recorded for one: the kernel is linked to a fixed address, as no other program of its kind is. */
import { open } from 'node:fs/promises';
import { type Segment, segmentsOf } from '../../kernel/elf.ts';

export async function readSegments(file: string): Promise<Segment[]> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4096), 0, 4096, 0);
    return segmentsOf(buffer.subarray(0, bytesRead));
  } finally {
    await handle.close();
  }
}

/** The name of the function at an offset; undefined where none is. */
export type SymbolAt = (offset: number) => string | undefined;

/** `listed`: lines of nm(1) --numeric-sort. */
export function symbolsOf(segments: readonly Segment[], listed: string): SymbolAt {
  const functions = listed.split('\n').flatMap(line => {
    const [, address, name] = /^([0-9a-f]+) [tTwW] (\S+)$/.exec(line) ?? [];
    return address === undefined ? [] : [{ address: parseInt(address, 16), name: name! }];
  });
  return offset => {
    const segment = segments.find(one => offset >= one.offset && offset < one.offset + one.bytes);
    if (!segment) return undefined;
    const address = offset - segment.offset + Number(segment.address);
    let [low, high] = [0, functions.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (functions[middle]!.address <= address) low = middle + 1;
      else high = middle;
    }
    // what the compiler has split off is a part of it
    return functions[low - 1]?.name.replace(/\.(?:cold|part|isra|constprop).*$/, '');
  };
}
