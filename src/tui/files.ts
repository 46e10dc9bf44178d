// SPDX-License-Identifier: GPL-2.0-only
/** Text files as the screen reads them: whole when small, else their beginning and their end, what is left out, and
 *  what a search has found in between. */
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { matcher } from './pager.ts';

const wholeBytes = 16 * 2 ** 20;
const partBytes = 4 * 2 ** 20;
const aroundBytes = 2 ** 19;
const longestLine = 20_000;
const chunkBytes = 2 ** 20;
/** Without an end of line for so long, one is taken for granted. */
const longestBytes = 8 * 2 ** 20;

export interface TextFile {
  /** Without their ends; one that is too long is cut. */
  readonly lines: readonly string[];
  /** Of a file that is not shown whole: where each line starts, -1 for one that stands for what is left out. */
  readonly offsets?: readonly number[];
}

/** @throws when the file cannot be read */
export async function readText(file: string, most = wholeBytes): Promise<TextFile> {
  return withFile(file, async (handle, size) => {
    if (size <= most) return { lines: linesOf(await handle.readFile()) };
    return readParts(handle, size, partsOf(size, Math.min(partBytes, most >> 1)));
  });
}

/** A file that is not shown whole, with the text around a place in it. */
export async function readAround(file: string, offset: number): Promise<TextFile> {
  return withFile(file, (handle, size) =>
    readParts(
      handle,
      size,
      partsOf(size, partBytes, { from: offset - aroundBytes, to: offset + aroundBytes }),
    ),
  );
}

async function withFile<Result>(
  file: string,
  use: (handle: FileHandle, size: number) => Promise<Result>,
): Promise<Result> {
  const handle = await open(file, 'r');
  try {
    return await use(handle, (await handle.stat()).size);
  } finally {
    await handle.close();
  }
}

interface Part {
  readonly from: number;
  readonly to: number;
}

/** Beginning, end and a place in between, those that touch as one. */
export function partsOf(size: number, part: number, place?: Part): readonly Part[] {
  const wanted = [{ from: 0, to: part }, ...(place ? [place] : []), { from: size - part, to: size }]
    .map(({ from, to }) => ({ from: Math.max(0, from), to: Math.min(size, to) }))
    .sort((a, b) => a.from - b.from);
  return wanted.reduce<readonly Part[]>((merged, next) => {
    const last = merged.at(-1);
    if (!last || next.from > last.to) return [...merged, next];
    return [...merged.slice(0, -1), { from: last.from, to: Math.max(last.to, next.to) }];
  }, []);
}

async function readParts(handle: FileHandle, size: number, parts: readonly Part[]): Promise<TextFile> {
  const lines: string[] = [];
  const offsets: number[] = [];
  let shown = 0;
  for (const { from, to } of parts) {
    const bytes = await bytesOf(handle, from, to);
    // only whole lines: what is cut at either side is left out with what is not read
    const start = from === 0 ? 0 : bytes.indexOf(10) + 1;
    const end = to === size ? bytes.length : bytes.lastIndexOf(10) + 1 || bytes.length;
    if (from > 0) {
      lines.push(
        `[${from + start - shown} bytes are not shown here; a search looks there too, o opens the file in $PAGER]`,
      );
      offsets.push(-1);
    }
    for (let at = start; at < end;) {
      const newline = bytes.indexOf(10, at);
      const next = newline < 0 || newline >= end ? end : newline + 1;
      lines.push(...linesOf(bytes.subarray(at, next)));
      offsets.push(from + at);
      at = next;
    }
    shown = from + end;
  }
  return { lines, offsets };
}

async function bytesOf(handle: FileHandle, from: number, to: number): Promise<Buffer> {
  const bytes = Buffer.alloc(to - from);
  const { bytesRead } = await handle.read(bytes, 0, bytes.length, from);
  return bytes.subarray(0, bytesRead);
}

const linesOf = (bytes: Buffer): string[] =>
  bytes
    .toString('utf8')
    .replace(/\n$/, '')
    .split('\n')
    .map(line => (line.length > longestLine ? `${line.slice(0, longestLine)}...` : line.replace(/\r+$/, '')));

/** Where the next line that matches starts, around the end of the file if need be. `from` is the start of a line: the
 *  first to be looked at, or, backwards, the first that is not. */
export async function findInFile(
  file: string,
  query: string,
  from: number,
  direction: 1 | -1,
  signal: AbortSignal,
): Promise<number | undefined> {
  return withFile(file, async (handle, size) => {
    const [near, far]: readonly [Part, Part] =
      direction === 1
        ? [
            { from, to: size },
            { from: 0, to: from },
          ]
        : [
            { from: 0, to: from },
            { from, to: size },
          ];
    const found = await findIn(handle, query, near, direction, signal);
    return found ?? (await findIn(handle, query, far, direction, signal));
  });
}

/** The first line with a match, or the last one. */
async function findIn(
  handle: FileHandle,
  query: string,
  { from, to }: Part,
  direction: 1 | -1,
  signal: AbortSignal,
): Promise<number | undefined> {
  const find = matcher(query);
  let last: number | undefined;
  let rest: Buffer = Buffer.alloc(0);
  let start = from;
  for (let at = from; at < to;) {
    signal.throwIfAborted();
    const chunk = await bytesOf(handle, at, Math.min(to, at + chunkBytes));
    if (chunk.length === 0) break;
    at += chunk.length;
    const bytes = Buffer.concat([rest, chunk]);
    const end = at >= to || bytes.length > longestBytes ? bytes.length : bytes.lastIndexOf(10) + 1;
    const lines = bytes.subarray(0, end);
    // most pieces have no match, and are not taken apart
    if (find(lines.toString('utf8')) >= 0) {
      for (const offset of matchesIn(lines, find)) {
        if (direction === 1) return start + offset;
        last = start + offset;
      }
    }
    rest = bytes.subarray(end);
    start += end;
  }
  return last;
}

function* matchesIn(bytes: Buffer, find: (line: string) => number): Generator<number, void, void> {
  for (let at = 0; at < bytes.length;) {
    const newline = bytes.indexOf(10, at);
    const next = newline < 0 ? bytes.length : newline + 1;
    if (find(bytes.toString('utf8', at, next)) >= 0) yield at;
    at = next;
  }
}

/** Names in a folder, those of folders with a slash; none when it cannot be read. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.map(entry => (entry.isDirectory() ? `${entry.name}/` : entry.name)).sort();
}
