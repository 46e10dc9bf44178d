// SPDX-License-Identifier: GPL-2.0-only
/** An initramfs unpacked as unpack_to_rootfs() of init/initramfs.c does it: archives plain and compressed one after the
 *  other, zeros between them, the members of all of them into one root. */
import { closeSync, openSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { Interrupted } from '../../host/errors.ts';
import { erofsMagicOffset, isErofs } from '../erofs/superblock.ts';
import { type Bytes, bytesFrom, bytesIn } from './bytes.ts';
import {
  type Compression,
  compressionAt,
  compressions,
  decompress,
  type End,
  type Pieces,
  type Segment,
} from './compression.ts';
import { newRootfs, type Rootfs } from './rootfs.ts';
import type { Members } from './members.ts';
import { newUnpacker, type Unpacker } from './unpacker.ts';

export interface Unpacked {
  readonly rootfs: Rootfs;
  /** In order: where each segment starts, how it is packed, its members. */
  readonly segments: readonly {
    readonly offset: number;
    readonly compression: Compression | 'none';
    readonly members: number;
  }[];
  /** Names that a kernel leaves out without a word. */
  readonly dropped: Members['dropped'];
  /** Where a kernel stops; what came before stays. */
  readonly refused: Refusal | undefined;
  /** The name of the member that the bytes end in, which a kernel does not mention; '' in a header. */
  readonly cutIn: string | undefined;
}

export interface Refusal {
  /** The kernel's words. */
  readonly message: string;
  /** Of what it does not like: in the file, or in what the segment at `segment` unpacks to. */
  readonly offset: number;
  readonly segment: { readonly compression: Compression; readonly offset: number } | undefined;
  /** In our words; may be empty. */
  readonly detail: string;
}

export interface UnpackOptions {
  /** Content and whatever is made on the way goes below it. */
  readonly folder: string;
  /** What the kernel can decompress; default: all that any kernel can. */
  readonly known?: readonly Compression[];
  readonly signal: AbortSignal;
}

/** Members between two looks at the signal. */
const stride = 256;

/** @throws Error when the file cannot be read; whatever is wrong with its bytes is in the result */
export async function unpackInitramfs(file: string, options: UnpackOptions): Promise<Unpacked> {
  const scratch = path.join(options.folder, 'segment');
  await mkdir(scratch, { recursive: true });
  const rootfs = newRootfs(path.join(options.folder, 'contents'));
  const fd = openSync(file, 'r');
  try {
    const input = { bytes: bytesIn(fd), file, folder: scratch, signal: options.signal };
    return await unpackBytes(rootfs, input, options.known ?? compressions);
  } finally {
    rootfs.close();
    closeSync(fd);
    await rm(scratch, { recursive: true, force: true });
  }
}

type Input = Omit<Segment, 'start'>;

async function unpackBytes(rootfs: Rootfs, input: Input, known: readonly Compression[]): Promise<Unpacked> {
  const { bytes, signal } = input;
  const unpacker = newUnpacker(rootfs);
  const segments: Mutable<Unpacked['segments'][number]>[] = [];
  let refused: Refusal | undefined;
  /** Whether the next member goes on with the last segment. */
  let within = false;
  for (let at = 0, round = 0; at < bytes.length && !refused; round++) {
    if (round % stride === 0) await new Promise(setImmediate);
    if (signal.aborted) throw new Interrupted();
    const before = filesIn(unpacker);
    const compression = startOf(bytes, at, unpacker.offset);
    if (compression === 'zeros') {
      const zeros = zerosAt(bytes, at);
      unpacker.offset += zeros;
      at += zeros;
    } else if (compression === 'none') {
      if (!within) segments.push({ offset: at, compression, members: 0 });
      const archives = unpacker.archives;
      unpacker.start();
      at += unpacker.write(bytesFrom(bytes, at));
      segments.at(-1)!.members += filesIn(unpacker) - before;
      within = unpacker.archives === archives;
      refused = refusalOf(unpacker);
    } else {
      const saved = unpacker.offset;
      const end = await unpackSegment(unpacker, compression, { ...input, start: at }, known);
      within = false;
      if (compression !== undefined) {
        segments.push({ offset: at, compression, members: filesIn(unpacker) - before });
      }
      refused = refusalOf(unpacker, { compression, offset: at });
      unpacker.offset = saved + end - at;
      at = end;
    }
  }
  // padding alone is not missed
  const unfinished = !refused && ['Collect', 'CopyFile'].includes(unpacker.state);
  const { dropped, name } = unpacker;
  unpacker.finish();
  return { rootfs, segments, dropped, refused, cutIn: unfinished ? name : undefined };
}

const filesIn = ({ members, archives }: Unpacker): number => members - archives;

type Mutable<Record> = { -readonly [Key in keyof Record]: Record[Key] };

/** What a kernel takes the bytes at an offset for; undefined: for nothing it knows. */
function startOf(bytes: Bytes, at: number, offset: number): Compression | 'none' | 'zeros' | undefined {
  const first = bytes.read(at, at + 1)[0];
  if (first === 0x30 && offset % 4 === 0) return 'none';
  return first === 0 ? 'zeros' : compressionAt(bytes, at);
}

/** Returns where it ends. */
async function unpackSegment(
  unpacker: Unpacker,
  compression: Compression | undefined,
  segment: Segment,
  known: readonly Compression[],
): Promise<number> {
  const { bytes, start } = segment;
  const aligned = unpacker.offset % 4 === 0;
  unpacker.offset = 0;
  let end = start;
  if (compression === undefined) {
    unpacker.fail('invalid magic at start of compressed archive', wrongStart(bytes, start, aligned));
  } else if (!known.includes(compression)) {
    unpacker.fail('decompressor failed', `compression method ${compression} not configured`);
  } else {
    const result = await flushAll(unpacker, decompress(compression, segment));
    if ('message' in result) unpacker.fail(result.message, result.detail);
    else end = result.end;
  }
  if (unpacker.state !== 'Reset') {
    unpacker.fail('junk at the end of compressed archive', 'it ends within a member, or holds nothing');
  }
  return end;
}

/** The end of the segment, which does not matter any more once the machine has stopped. */
async function flushAll(unpacker: Unpacker, pieces: Pieces): Promise<End> {
  for (;;) {
    const next = await pieces.next();
    if (next.done) return next.value;
    if (unpacker.flush(next.value)) continue;
    return pieces.return({ end: 0 }).then(() => ({ end: 0 }));
  }
}

function wrongStart(bytes: Bytes, at: number, aligned: boolean): string {
  if (at >= erofsMagicOffset && isErofs(bytes.read(at - erofsMagicOffset, at + 128))) {
    return `an EROFS image starts at offset ${at - erofsMagicOffset}`;
  }
  const header = bytes.read(at, at + 6).toString('latin1');
  if (!aligned && /^07070/.test(header)) {
    return 'an archive has to start at a multiple of four: zeros are missing in front of it';
  }
  return 'it is neither a cpio header nor a compression that a kernel knows';
}

function refusalOf(
  { message, detail, header, offset }: Unpacker,
  segment?: { compression: Compression | undefined; offset: number },
): Refusal | undefined {
  if (message === undefined) return undefined;
  const within = segment?.compression && headerFaults.has(message) ? segment : undefined;
  return {
    message,
    offset: headerFaults.has(message) ? header : (segment?.offset ?? offset),
    segment: within && { compression: within.compression!, offset: within.offset },
    detail: detail ?? '',
  };
}

/** Those that a header is to blame for. */
const headerFaults: ReadonlySet<string> = new Set([
  ...['no cpio magic', 'incorrect cpio method used: use -H newc option', 'damaged header'],
  ...['malformed archive', 'bad data checksum', 'too many members'],
]);

function zerosAt(bytes: Bytes, from: number): number {
  let at = from;
  for (let step = 64; at < bytes.length; step = Math.min(2 * step, 1 << 20)) {
    const piece = bytes.read(at, at + step);
    const other = piece.findIndex(byte => byte !== 0);
    if (other !== -1) return at + other - from;
    at += piece.length;
  }
  return at - from;
}
