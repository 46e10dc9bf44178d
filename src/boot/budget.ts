// SPDX-License-Identifier: GPL-2.0-only
/** How much of a console is kept: its head, where the first fault is, and its tail, where it ended. What lies between
 *  is cut, and the cut says so. */
import { open, rename, rm, stat } from 'node:fs/promises';

export interface Budget {
  readonly headBytes: number;
  readonly tailBytes: number;
}

/** Of a console.log, and as much again of the lines in events.jsonl. A boot that goes well prints 20 KB. */
export const usualBudget: Budget = { headBytes: 4 * 2 ** 20, tailBytes: 4 * 2 ** 20 };

/** 'initbench cut 104857600 bytes here' */
const cutText = (bytes: number) => `initbench cut ${bytes} bytes here`;

/** Cuts a file that is longer than the budget, whole or not at all. Returns how many bytes went. */
export async function cutFile(file: string, { headBytes, tailBytes }: Budget): Promise<number> {
  const { size } = await stat(file);
  const cut = size - headBytes - tailBytes;
  if (cut <= 0) return 0;
  const temporary = `${file}.cut`;
  const [from, to] = [await open(file, 'r'), await open(temporary, 'w')];
  try {
    await copy(from, to, 0, headBytes);
    await to.write(`\n${cutText(cut)}\n`);
    await copy(from, to, size - tailBytes, size);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await Promise.all([from.close(), to.close()]);
  }
  await rename(temporary, file);
  return cut;
}

type Handle = Awaited<ReturnType<typeof open>>;

async function copy(from: Handle, to: Handle, start: number, end: number): Promise<void> {
  const buffer = Buffer.alloc(65536);
  for (let at = start; at < end;) {
    const { bytesRead } = await from.read(buffer, 0, Math.min(buffer.length, end - at), at);
    if (bytesRead === 0) return;
    await to.write(buffer, 0, bytesRead);
    at += bytesRead;
  }
}

/** Items in the order they come: those of the head at once, those of the tail at the end, with what was cut between. */
export function bounded<Item>(
  { headBytes, tailBytes }: Budget,
  put: (item: Item) => void,
): { add(item: Item, bytes: number): void; end(cut: (items: number, bytes: number) => void): void } {
  let head = 0;
  const tail: { item: Item; bytes: number }[] = [];
  let [first, held] = [0, 0];
  const gone = { items: 0, bytes: 0 };
  return {
    add(item, bytes) {
      if (tail.length === 0 && head + bytes <= headBytes) {
        head += bytes;
        put(item);
        return;
      }
      tail.push({ item, bytes });
      held += bytes;
      while (held > tailBytes && first < tail.length) {
        gone.items += 1;
        gone.bytes += tail[first]!.bytes;
        held -= tail[first]!.bytes;
        first += 1;
      }
      // Now and then, not for each item: that would be a copy of all each time.
      if (first > 4096 && first > tail.length / 2) {
        tail.splice(0, first);
        first = 0;
      }
    },
    end(cut) {
      if (gone.items > 0) cut(gone.items, gone.bytes);
      for (const { item } of tail.slice(first)) put(item);
    },
  };
}
