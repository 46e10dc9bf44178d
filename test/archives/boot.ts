// SPDX-License-Identifier: GPL-2.0-only
/** One archive on one kernel: booted as it is, with an archive beside it that brings the program which tells what is
 *  there; and the same bytes unpacked by us. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { BootPlan } from '../../src/boot/machine.ts';
import { kernelRecord } from '../../src/boot/plan.ts';
import { bootQuietly } from '../../src/boot/quiet.ts';
import type { Bench } from '../../src/evidence/fuzz/machine.ts';
import { digestOf } from '../../src/host/files.ts';
import { copyRoot } from '../../src/image/archive/payload.ts';
import { type Unpacked, unpackInitramfs } from '../../src/image/archive/unpack.ts';
import type { Compression } from '../../src/image/archive/compression.ts';
import { newDraft } from '../../src/image/draft.ts';
import type { Case } from './handmade.ts';
import { differences, guestListing, ownFolder, payloadListing, rootfsListing, timesOf } from './listing.ts';
import { archive, dir, file, padded, types } from './member.ts';

export interface Judge {
  readonly bench: Bench;
  /** The program that tells. */
  readonly witness: string;
  readonly known: readonly Compression[];
  /** Whether the kernel keeps the times of an archive. */
  readonly times: boolean;
}

export interface Judged {
  readonly name: string;
  /** What the kernel says, and what we say, of an archive that it does not take. */
  readonly refused: string | undefined;
  readonly members: number;
  /** Empty when we and the kernel are of one mind. */
  readonly differences: readonly string[];
  readonly ms: number;
}

/** Ends at a multiple of four; nothing of it is seen in a listing. */
const lister = (witness: string): Buffer =>
  padded(
    archive(
      dir(ownFolder),
      file(`${ownFolder}/witness`, readFileSync(witness), { mode: types.file | 0o755 }),
    ),
    512,
  );

/** What may be booted, the best first: with the program's archive behind, where that is reached, or in front. */
function initrdsOf({ bytes, behind }: Case, witness: string, last: boolean): Buffer[] {
  const own = lister(witness);
  const front = Buffer.concat([own, bytes]);
  return last && !behind ? [Buffer.concat([padded(bytes, 4, 8), own]), front] : [front];
}

/** `largest`: bytes that a file may have; more would keep the guest busy. */
export interface Hazards {
  readonly largest: number;
  /** The kernel would write into a device, wait for a reader of a fifo, or read what lies behind the initrd. */
  readonly blocks: boolean;
}

export function hazardsOf({ rootfs, dropped, refused }: Unpacked): Hazards {
  let largest = 0;
  const visit = (inode: typeof rootfs.root) => {
    largest = Math.max(largest, inode.bytes);
    inode.children?.forEach(visit);
  };
  visit(rootfs.root);
  const readsOn = refused?.detail.includes('past the end') ?? false;
  return { largest, blocks: readsOn || dropped.some(({ why }) => why === 'ENXIO') };
}

const message = /^(?:\[ *[\d.]+\](?:\[ *[TC]\d+\])? )?Initramfs unpacking failed: (.*)$/;

function planOf({ bench }: Judge, initrd: string, bytes: number): BootPlan {
  const { machine, kernel, accelerator } = bench;
  const digest = digestOf({ initrd });
  const image = { digest, format: 'cpio', payload: { name: 'case', digest }, path: initrd, bytes };
  return {
    flow: 'initramfs',
    row: 'archive',
    vm: {
      ...{ machine, kernel, initrd: image, disks: [], cpus: 1, clock: 'wall' },
      append: [
        // an emergency is all that may break into the listing
        ...[`console=${machine.console}`, 'panic=-1', 'loglevel=1', ...machine.shortcuts],
        ...[
          `rdinit=/${ownFolder}/witness`,
          'INITBENCH_CHECK=content,tree',
          'INITBENCH_PATHS=/',
          'INITBENCH_TREE=/',
        ],
      ],
      memoryMiB: Math.max(160, 64 + 4 * Math.ceil(bytes / 2 ** 20)),
      accelerator: accelerator.accelerator,
    },
    kernel: kernelRecord(kernel),
    images: [{ role: 'payload', format: 'cpio', digest, bytes }],
    payload: image.payload,
    timeout: 120_000,
    acceleratorReason: accelerator.reason,
    notes: [],
  };
}

/** Boots it, unpacks it, and says what differs. */
export async function judge(setting: Judge, one: Case, last: boolean, signal: AbortSignal): Promise<Judged> {
  const folder = mkdtempSync(path.join(tmpdir(), 'initbench-archive-'));
  try {
    const tried: { initrd: string; bytes: number; unpacked: Unpacked }[] = [];
    for (const [index, bytes] of initrdsOf(one, setting.witness, last).entries()) {
      const own = path.join(folder, `${index}`);
      mkdirSync(own);
      const initrd = path.join(own, 'initrd');
      writeFileSync(initrd, bytes);
      const unpacked = await unpackInitramfs(initrd, { folder: own, known: setting.known, signal });
      tried.push({ initrd, bytes: bytes.length, unpacked });
    }
    const { initrd, bytes, unpacked } = tried.find(({ unpacked }) => !unpacked.refused) ?? tried.at(-1)!;
    const plan = planOf(setting, initrd, bytes);
    const { outcome, lines, ms } = await bootQuietly(folder, async () => plan, signal);
    const said = lines.flatMap(line => message.exec(line)?.[1] ?? [])[0];
    const refused = unpacked.refused?.message;
    const found: string[] = [];
    if (outcome.kind !== 'ready') found.push(`the guest: ${JSON.stringify(outcome)}`);
    if (one.damaged ? (said === undefined) !== (refused === undefined) : said !== refused) {
      found.push(
        `we say ${refused ?? 'nothing'} (${unpacked.refused?.detail ?? ''}), the kernel ${said ?? 'nothing'}`,
      );
    }
    if (!one.damaged) found.push(...listingDifferences(setting, unpacked, lines, folder));
    const members = unpacked.segments.reduce((sum, segment) => sum + segment.members, 0);
    return { name: one.name, refused: said, members, differences: found, ms };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function listingDifferences(
  { times }: Judge,
  unpacked: Unpacked,
  lines: readonly string[],
  folder: string,
): string[] {
  const known = times ? timesOf(unpacked.rootfs) : undefined;
  const found = differences(rootfsListing(unpacked.rootfs, known), guestListing(lines, known));
  if (unpacked.refused) return found;
  // what a payload has of it, but for what only the kernel's own archive brings
  const draft = newDraft(path.join(folder, 'payload'));
  mkdirSync(draft.folder, { recursive: true });
  const left = new Set(copyRoot(unpacked.rootfs, draft));
  const without = (listing: ReadonlyMap<string, string>) =>
    new Map([...listing].filter(([at]) => at !== '' && !left.has(at)));
  const guest = without(guestListing(lines, undefined));
  const ours = without(payloadListing(draft.entries()));
  for (const at of ['dev', 'dev/console', 'root']) if (!ours.has(at)) guest.delete(at);
  return [...found, ...differences(ours, guest).map(text => `payload: ${text}`)];
}
