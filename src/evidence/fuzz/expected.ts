// SPDX-License-Identifier: GPL-2.0-only
/** What vm/walker.c says of a root that holds the tree undamaged: its counts and its sum, computed from the files. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Entry } from '../../image/entry.ts';
import type { Graft } from './graft.ts';

export interface Walked {
  readonly directories: string;
  readonly files: string;
  readonly links: string;
  readonly others: string;
  readonly bytes: string;
  readonly attributes: string;
  readonly sum: string;
}

/** Files of more names are not read. */
const mostLinks = 8;

const wrap = (value: bigint) => BigInt.asUintN(64, value);
const mix = (sum: bigint, word: bigint) =>
  wrap((wrap((sum << 13n) | (sum >> 51n)) ^ word) + 0x9e3779b97f4a7c15n);

/** Bytes, the last word filled up with zeros, and how many they were (vm/checksum.h). */
function mixBytes(sum: bigint, bytes: Buffer): bigint {
  const filled = bytes.length % 8 ? Buffer.concat([bytes], Math.ceil(bytes.length / 8) * 8) : bytes;
  let mixed = sum;
  for (let at = 0; at < filled.length; at += 8) mixed = mix(mixed, filled.readBigUInt64LE(at));
  return mix(mixed, BigInt(bytes.length));
}

const pair = (high: number, low: number) => (BigInt(high) << 32n) | BigInt(low);

/** `folder` holds the files' content; the tree's own folder is where the walker starts. */
export function expectedWalk(
  folder: string,
  entries: readonly Entry[],
  grafts: readonly Graft[],
  start: string,
): Walked {
  const links = new Map<number, number>();
  for (const { link } of entries) if (link) links.set(link, (links.get(link) ?? 0) + 1);
  const counts = { directories: 0, files: 0, links: 0, others: 0, bytes: 0, attributes: 0 };
  let total = 0n;
  for (const entry of entries) {
    if (!entry.path.startsWith(`${start}/`)) continue;
    const directory = entry.kind === 'dir';
    const { major = 0, minor = 0 } = entry.device ?? {};
    let sum = mixBytes(0n, Buffer.from(entry.path.slice(start.length), 'latin1'));
    sum = mix(sum, BigInt(entry.mode));
    sum = mix(sum, pair(entry.uid, entry.gid));
    sum = mix(sum, BigInt(directory ? 0 : entry.bytes));
    sum = mix(sum, pair(major, minor));
    const named = entry.link !== undefined && links.get(entry.link)! > mostLinks;
    const grafted = grafts.find(({ path: at }) => at === entry.path);
    for (const { name, value } of grafted ? [...grafted.own, ...grafted.shared] : []) {
      total += mixBytes(mixBytes(sum, Buffer.from(name)), value);
      counts.attributes++;
    }
    if (entry.kind === 'symlink') sum = mixBytes(sum, Buffer.from(entry.target!, 'latin1'));
    if (entry.kind === 'file' && !named) {
      sum = mixBytes(sum, readFileSync(path.join(folder, entry.content!)));
      counts.bytes += entry.bytes;
    }
    total += sum;
    counts[
      directory
        ? 'directories'
        : entry.kind === 'file'
          ? 'files'
          : entry.kind === 'symlink'
            ? 'links'
            : 'others'
    ]++;
  }
  const texts = Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, String(count)]));
  return { ...texts, sum: wrap(total).toString(16).padStart(16, '0') } as unknown as Walked;
}
