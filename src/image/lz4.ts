// SPDX-License-Identifier: GPL-2.0-only
/** Decoder of LZ4 blocks, after lz4_Block_format.md. */

/** Decodes source[start, end) to target[at, at + limit). Stops when `limit` bytes are written.
 *  Returns the number of bytes written, or -1 when the block is damaged. */
export function decodeLz4Block(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  at: number,
  limit: number,
): number {
  let from = start;
  let to = at;
  const stop = at + limit;
  while (from < end) {
    const token = source[from++]!;
    let run = token >> 4;
    if (run === 15) {
      let more: number;
      do {
        if (from >= end) return -1;
        more = source[from++]!;
        run += more;
      } while (more === 255);
    }
    if (from + run > end) return -1;
    if (to + run > stop) return -1;
    if (run > 32) {
      target.set(source.subarray(from, from + run), to);
      from += run;
      to += run;
    } else {
      for (const runEnd = from + run; from < runEnd;) target[to++] = source[from++]!;
    }
    if (from === end) break;
    if (from + 2 > end) return -1;
    const distance = source[from]! | (source[from + 1]! << 8);
    from += 2;
    let length = (token & 15) + 4;
    if (length === 19) {
      let more: number;
      do {
        if (from >= end) return -1;
        more = source[from++]!;
        length += more;
      } while (more === 255);
    }
    if (distance === 0 || to - distance < at || to + length > stop) return -1;
    for (const copyEnd = to + length; to < copyEnd; to++) target[to] = target[to - distance]!;
  }
  return to - at;
}
