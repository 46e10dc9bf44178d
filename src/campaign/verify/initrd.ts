// SPDX-License-Identifier: GPL-2.0-only
/** What a requirement's initrd is made of, written down as data; packed and joined once for each content. */
import { readFile } from 'node:fs/promises';
import type { Work } from '../../events.ts';
import { blobImage } from '../../image/blob.ts';
import { collectPayload, composePayload } from '../../image/collect.ts';
import { buildGuestPrograms } from '../../image/guest.ts';
import type { Image } from '../../image/image.ts';
import { packImage } from '../../image/pack.ts';
import { concatenate, type Part } from '../../image/segments.ts';
import { hostArch } from '../../kernel/architecture.ts';
import type { Workspace } from '../../workspace.ts';
import { addItems, type Item } from './files.ts';

/** A piece of an initrd. Pieces start at multiples of four, behind `zeros` exactly there. */
export type Segment =
  /** Files of our own, as a cpio or an image. */
  | { readonly files: readonly Item[]; readonly format: string }
  /** A payload of the workbench: 'busybox' with so much filler, 'debian', ... */
  | { readonly payload: string; readonly padBytes?: number; readonly format: string }
  /** Bytes as they are. */
  | { readonly raw: Buffer; readonly what: string }
  /** Another segment, changed on purpose; `how` names the change. */
  | { readonly from: Segment; readonly how: string; readonly change: (bytes: Buffer) => Buffer }
  /** Zeros up to the next page. */
  | 'align'
  | { readonly zeros: number };

/** The segments as one file. */
export async function* makeInitrd(
  workspace: Workspace,
  segments: readonly Segment[],
  signal: AbortSignal,
): Work<Image> {
  const parts: Part[] = [];
  for (const segment of segments) parts.push(yield* partOf(workspace, segment, signal));
  const [only] = parts;
  if (parts.length === 1 && only !== 'align' && only && !('zeros' in only)) return only;
  return yield* concatenate(workspace, parts, signal);
}

async function* partOf(workspace: Workspace, segment: Segment, signal: AbortSignal): Work<Part> {
  if (segment === 'align' || 'zeros' in segment) return segment;
  return yield* makeSegment(workspace, segment, signal);
}

type Content = Exclude<Segment, 'align' | { readonly zeros: number }>;

async function* makeSegment(workspace: Workspace, segment: Content, signal: AbortSignal): Work<Image> {
  if ('raw' in segment) {
    return yield* blobImage(workspace, { bytes: segment.raw, format: 'raw', name: segment.what }, signal);
  }
  if ('from' in segment) {
    if (segment.from === 'align' || 'zeros' in segment.from) throw new Error('zeros cannot be changed');
    const whole = yield* makeSegment(workspace, segment.from, signal);
    const bytes = segment.change(await readFile(whole.path));
    return yield* blobImage(workspace, { bytes, format: whole.format, name: segment.how }, signal);
  }
  if ('payload' in segment) {
    const options = { padBytes: segment.padBytes ?? 0 };
    const payload = yield* collectPayload(workspace, segment.payload, options, signal);
    return yield* packImage(workspace, payload, segment.format, signal);
  }
  const guest = yield* buildGuestPrograms(workspace, hostArch(), signal);
  const files: Item[] = [];
  for (const item of segment.files) files.push(yield* packedItem(workspace, item, signal));
  const name = `${files.length} files`;
  const payload = await composePayload(workspace, name, draft => addItems(draft, files, guest));
  return yield* packImage(workspace, payload, segment.format, signal);
}

/** An item that is a segment becomes the bytes of it. */
async function* packedItem(workspace: Workspace, item: Item, signal: AbortSignal): Work<Item> {
  if (!('segment' in item)) return item;
  const { segment, ...about } = item;
  const packed = yield* makeInitrd(workspace, [segment], signal);
  return { ...about, bytes: await readFile(packed.path) };
}
