// SPDX-License-Identifier: GPL-2.0-only
/** A file that may be compressed, as archives of lists are, to its bytes, up to a size. */
import { ToolError, UserError } from '../host/errors.ts';
import { openPipe } from '../host/exec.ts';

/** First bytes, and the program that reads what begins with them. */
const compressions: readonly (readonly [magic: string, argv: readonly string[]])[] = [
  ['1f8b', ['gzip', '-dc']],
  ['fd377a585a00', ['xz', '-dc', '--memlimit-decompress=512MiB']],
  ['28b52ffd', ['zstd', '-dcq', '--memory=512MB']],
  ['425a68', ['bzip2', '-dc']],
];

/** One file of several may be left out. */
export class DamagedFile extends UserError {}

/** Undefined: it is longer than `limit`. @throws DamagedFile */
export async function decompress(
  bytes: Buffer,
  what: string,
  limit: number,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  const start = bytes.subarray(0, 8).toString('hex');
  const argv = compressions.find(([magic]) => start.startsWith(magic))?.[1];
  if (!argv) return bytes;
  const program = openPipe(argv, { signal });
  const chunks: Buffer[] = [];
  let total = 0;
  try {
    const writing = program.write(bytes).then(
      () => program.stdin.end(),
      // `ended` says why.
      () => {},
    );
    for await (const chunk of program.stdout) {
      total += (chunk as Buffer).length;
      if (total > limit) return undefined;
      chunks.push(chunk as Buffer);
    }
    await writing;
    await program.ended;
    return Buffer.concat(chunks);
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    throw new DamagedFile(`${what} does not decompress: ${error.lastLines.join(' ') || error.message}`, {
      hint: 'it is damaged or cut short; fetch it again',
    });
  } finally {
    await program.stop();
  }
}
