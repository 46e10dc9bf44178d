// SPDX-License-Identifier: GPL-2.0-only
/** Text files as the screen reads them: whole when small, else their beginning and their end, and what is left out. */
import { open } from 'node:fs/promises';

const wholeBytes = 16 * 2 ** 20;
const partBytes = 4 * 2 ** 20;
const longestLine = 20_000;

/** Lines without their ends; a line that is too long is cut. @throws when the file cannot be read */
export async function readLines(file: string, most = wholeBytes): Promise<string[]> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    if (size <= most) return linesOf(await handle.readFile());
    const part = Math.min(partBytes, most >> 1);
    const head = Buffer.alloc(part);
    const tail = Buffer.alloc(part);
    await handle.read(head, 0, part, 0);
    await handle.read(tail, 0, part, size - part);
    return [
      ...linesOf(head),
      `[${size - 2 * part} bytes are not shown here; o opens the file in $PAGER]`,
      ...linesOf(tail),
    ];
  } finally {
    await handle.close();
  }
}

const linesOf = (bytes: Buffer): string[] =>
  bytes
    .toString('utf8')
    .replace(/\n$/, '')
    .split('\n')
    .map(line => (line.length > longestLine ? `${line.slice(0, longestLine)}...` : line.replace(/\r+$/, '')));
