// SPDX-License-Identifier: GPL-2.0-only
/** Whether boots are still what the same words would give now: tree, series, fragments, payload, packing, QEMU. Nothing
 *  is built, fetched or booted to find out; what a record does not tell is not held against it. */
import path from 'node:path';
import { z } from 'zod';
import type { BootRun } from '../boot/boot.ts';
import { qemuVersion } from '../boot/qemu/argv.ts';
import { object, text } from '../document.ts';
import type { Digest } from '../events.ts';
import { payloadInputs } from '../image/collect.ts';
import { imageDigest } from '../image/publish.ts';
import { findFormat } from '../image/registry.ts';
import { findFragments } from '../kconfig/find.ts';
import { fragmentsDigest } from '../kconfig/fragment.ts';
import { architectureOf } from '../kernel/architecture.ts';
import { readSeries } from '../series/read.ts';
import { readTree } from '../tree/trees.ts';
import { folders, type Workspace } from '../workspace.ts';

/** What was made with other inputs, and which. */
export const staleSchema = object({
  what: z.enum(['kernel', 'config', 'image', 'qemu']),
  /** 'patches/initoverlayfs changed' */
  reason: text,
});
export type Stale = z.infer<typeof staleSchema>;

type Made = Pick<BootRun, 'kernel' | 'images' | 'qemuVersion' | 'argv'>;

/** A question that is asked once. */
type Ask = <Answer>(key: string, find: () => Promise<Answer>) => Promise<Answer | 'gone'>;

/** Judges runs; what is there now is looked at once for all of them. */
export function staleness(workspace: Workspace, signal: AbortSignal): (made: Made) => Promise<Stale[]> {
  const answers = new Map<string, Promise<unknown>>();
  const ask: Ask = (key, find) => {
    // whatever cannot be had any more has changed
    if (!answers.has(key))
      answers.set(
        key,
        find().catch(() => 'gone'),
      );
    return answers.get(key) as ReturnType<Ask> as never;
  };
  return async made => [
    ...(await staleKernel(workspace, made, ask)),
    ...(await staleImages(workspace, made, ask, signal)),
    ...(await staleQemu(made, ask, signal)),
  ];
}

async function staleKernel(workspace: Workspace, { kernel }: Made, ask: Ask): Promise<Stale[]> {
  const { name, tree, arch, origin } = kernel;
  if (!origin || tree === undefined || arch === undefined) return [];
  const base = await ask(`tree ${tree}`, async () => (await readTree(workspace, tree))?.commit ?? 'gone');
  const series =
    origin.series === undefined
      ? undefined
      : await ask(`series ${name}`, async () => (await readSeries(workspace, name)).digest);
  const words = origin.fragments;
  const fragments = await ask(`fragments ${JSON.stringify([words, arch, tree, name])}`, async () =>
    fragmentsDigest(await findFragments(workspace, words, architectureOf(arch).srcarch, [tree, name])),
  );
  return [
    ...stale('kernel', base, origin.base, `the tree ${tree}`),
    ...stale('kernel', series, origin.series, path.join(path.basename(folders.patches(workspace)), name)),
    ...stale('config', fragments, origin.fragmentsDigest, `kconfigs of ${words.join(', ')}`),
  ];
}

function stale(
  what: Stale['what'],
  now: Digest | 'gone' | undefined,
  then: Digest | undefined,
  called: string,
): Stale[] {
  if (now === then || now === undefined) return [];
  return [{ what, reason: `${called} ${now === 'gone' ? 'is gone' : 'changed'}` }];
}

async function staleImages(
  workspace: Workspace,
  { images }: Made,
  ask: Ask,
  signal: AbortSignal,
): Promise<Stale[]> {
  const found: Stale[] = [];
  for (const { format, digest, payload } of images) {
    const origin = payload?.origin;
    if (!origin) continue;
    const { name } = payload;
    const inputs = await ask(`payload ${JSON.stringify([name, origin.padBytes, origin.arch])}`, () =>
      payloadInputs(workspace, name, origin, signal),
    );
    // without the tools nothing tells
    const packed = await ask(`image ${payload.digest} ${format}`, () =>
      findFormat(format)
        .then(found => imageDigest(payload.digest, found, signal))
        .catch(() => undefined),
    );
    found.push(...stale('image', inputs, origin.inputs, `the payload ${name}`));
    found.push(...stale('image', packed, digest, `what packs ${format}`));
  }
  return found;
}

async function staleQemu({ qemuVersion: then, argv }: Made, ask: Ask, signal: AbortSignal): Promise<Stale[]> {
  const program = argv[0];
  if (then === undefined || program === undefined || !/^qemu-system-\w+$/.test(program)) return [];
  const now = await ask(`qemu ${program}`, () => qemuVersion(program, signal));
  // without QEMU nothing can be made again, and nothing has changed
  if (now === 'gone' || now === then) return [];
  return [{ what: 'qemu', reason: `QEMU was ${then}, is ${now}` }];
}
