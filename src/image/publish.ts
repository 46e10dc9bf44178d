// SPDX-License-Identifier: GPL-2.0-only
/** Packs a payload once for each format, its parameters and the versions of its tools: images/DIGEST/{image,
 *  image.json}. */
import { stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Digest, Work } from '../events.ts';
import { digestOf, publishFolder, readRecord, requireSpace, touch, withLock } from '../host/files.ts';
import { folders, notMade, type Workspace } from '../workspace.ts';
import type { Format, Image, Payload } from './image.ts';
import { toolVersion } from './version.ts';

/** Raise it when a format written in process gives other bytes. */
const recordVersion = 1;

/** The image of a payload in a format.
 *  @throws UserError when a tool is missing, the disk too full, or the payload does not fit */
export async function* packAs(
  workspace: Workspace,
  payload: Payload,
  format: Format,
  signal: AbortSignal,
): Work<Image> {
  const digest = await imageDigest(payload.digest, format, signal);
  const { id } = format;
  const job = `image ${payload.name} ${id}`;
  const { name, origin } = payload;
  const about = { name, digest: payload.digest, ...(origin && { origin }) };
  const image = yield* publishImage(
    workspace,
    { digest, job, what: `pack ${payload.name} as ${id}`, signal },
    async function* (scratch) {
      const what = `packing ${payload.name} as ${id}`;
      await requireSpace(folders.images(workspace), format.spaceBytes(payload), what);
      const target = path.join(scratch, 'image');
      yield* format.write({ workspace, job, payload, target, signal });
      return { digest, format: id, payload: about };
    },
  );
  // who asked first is in the record; who asks now is meant
  return { ...image, format: id, payload: about };
}

/** The digest a payload has as an image of a format. @throws UserError when one of its tools is missing */
export async function imageDigest(payload: Digest, format: Format, signal: AbortSignal): Promise<Digest> {
  const ask = async (tool: string) =>
    [tool, await toolVersion(tool, `the format ${format.id}`, signal)] as const;
  const tools = Object.fromEntries(await Promise.all(format.tools.map(ask)));
  const { id, parameters } = format;
  return digestOf({ recordVersion, payload, id, parameters, tools });
}

/** An image from the cache, or made by `make` in a scratch folder (its file is 'image') and kept. */
export async function* publishImage(
  workspace: Workspace,
  { digest, job, what, signal }: { digest: Digest; job: string; what: string; signal: AbortSignal },
  make: (scratch: string) => Work<Omit<Image, 'path' | 'bytes'>>,
): Work<Image> {
  const folder = path.join(folders.images(workspace), digest);
  const step = { job, type: 'step', step: what, product: digest } as const;
  const cached = await readImage(folder);
  if (cached) {
    if (!workspace.dryRun) await touch(folder);
    yield { ...step, state: 'cached' };
    return cached;
  }
  if (workspace.dryRun) {
    yield { ...step, state: 'planned' };
    return {
      digest: notMade,
      format: what,
      payload: { name: job, digest: notMade },
      path: `<${job}>`,
      bytes: 0,
    };
  }
  return yield* withLock(folder, signal, async function* () {
    const started = performance.now();
    yield { ...step, state: 'started' };
    try {
      yield* publishFolder(folder, async function* (scratch) {
        const record = yield* make(scratch);
        const { size } = await stat(path.join(scratch, 'image'));
        await writeFile(path.join(scratch, 'image.json'), JSON.stringify({ ...record, bytes: size }));
      });
    } catch (error) {
      yield { ...step, state: 'failed' };
      throw error;
    }
    yield { ...step, state: 'done', ms: performance.now() - started };
    return (await readImage(folder))!;
  });
}

async function readImage(folder: string): Promise<Image | undefined> {
  const record = await readRecord<Omit<Image, 'path'>>(path.join(folder, 'image.json'));
  return record && { ...record, path: path.join(folder, 'image') };
}
