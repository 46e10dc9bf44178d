// SPDX-License-Identifier: GPL-2.0-only
/** A requirement's initrd, from its description: packed and joined once for each content. */
import { readFile } from 'node:fs/promises';
import type { Work } from '../../events.ts';
import { blobImage } from '../../image/blob.ts';
import { collectPayload, composePayload } from '../../image/collect.ts';
import type { GuestPrograms, Image } from '../../image/image.ts';
import { packImage } from '../../image/pack.ts';
import { concatenate, type Part } from '../../image/segments.ts';
import { programsArch } from '../../kernel/architecture.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Workspace } from '../../workspace.ts';
import { addItems, type Item, type Segment } from './files.ts';
import { toolFiles } from './host.ts';

/** What segments are made with; those that are made, once for all boots of a kernel. */
export interface Bench {
  readonly workspace: Workspace;
  readonly guest: GuestPrograms;
  /** The one that is booted. */
  readonly kernel: Kernel;
  readonly made: Map<Segment, Image>;
}

/** The segments as one file. @throws UserError (environment) when the host has not what they are made of */
export async function* makeInitrd(
  bench: Bench,
  segments: readonly Segment[],
  signal: AbortSignal,
): Work<Image> {
  const parts: Part[] = [];
  for (const segment of segments) parts.push(yield* partOf(bench, segment, signal));
  const [only] = parts;
  if (parts.length === 1 && only !== 'align' && only && !('zeros' in only)) return only;
  return yield* concatenate(bench.workspace, parts, signal);
}

async function* partOf(bench: Bench, segment: Segment, signal: AbortSignal): Work<Part> {
  if (segment === 'align' || 'zeros' in segment) return segment;
  const known = bench.made.get(segment);
  if (known) return known;
  const image = yield* makeSegment(bench, segment, signal);
  bench.made.set(segment, image);
  return image;
}

type Content = Exclude<Segment, 'align' | { readonly zeros: number }>;

async function* makeSegment(bench: Bench, segment: Content, signal: AbortSignal): Work<Image> {
  const { workspace, guest, kernel } = bench;
  if ('raw' in segment) {
    return yield* blobImage(workspace, { bytes: segment.raw, format: 'raw', name: segment.what }, signal);
  }
  if ('from' in segment) {
    const whole = yield* makeInitrd(bench, [segment.from], signal);
    const bytes = segment.change(await readFile(whole.path));
    return yield* blobImage(workspace, { bytes, format: whole.format, name: segment.how }, signal);
  }
  if ('payload' in segment) {
    const options = { padBytes: segment.padBytes ?? 0, arch: programsArch(kernel.arch) };
    const payload = yield* collectPayload(workspace, segment.payload, options, signal);
    return yield* packImage(workspace, payload, segment.format, signal);
  }
  const files: Item[] = [];
  for (const item of segment.files) files.push(...(yield* resolved(bench, item, signal)));
  const name = `${files.length} files`;
  const payload = await composePayload(workspace, name, draft => addItems(draft, files, guest));
  return yield* packImage(workspace, payload, segment.format, signal);
}

/** An item whose content has to be found or made first, as the files it stands for. */
async function* resolved(bench: Bench, item: Item, signal: AbortSignal): Work<readonly Item[]> {
  if ('tool' in item) return toolFiles(bench.workspace, item, signal);
  if ('kernel' in item) {
    const { kernel: _, ...about } = item;
    return [{ ...about, host: bench.kernel.files.image }];
  }
  if (!('segment' in item)) return [item];
  const { segment, ...about } = item;
  const packed = yield* makeInitrd(bench, [segment], signal);
  return [{ ...about, bytes: await readFile(packed.path) }];
}
