// SPDX-License-Identifier: GPL-2.0-only
/** Kernels in the cache: kernels/<digest>/ with kernel.json (schema initbench.kernel/1) beside the files it names. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { object } from '../document.ts';
import type { Digest } from '../events.ts';
import { readRecord, shortDigest, writeWhole } from '../host/files.ts';
import { folders, type Workspace } from '../workspace.ts';
import { type Kernel, kernelSchema as bodySchema } from './kernel.ts';

export const kernelSchema = 'initbench.kernel/1';
const storedSchema = object({ schema: z.literal(kernelSchema), ...bodySchema.unwrap().shape });

/** Where the kernel of this digest lies, or will lie. */
export function kernelFolder(workspace: Workspace, digest: Digest): string {
  return path.join(folders.kernels(workspace), shortDigest(digest));
}

const atFiles = (kernel: Kernel, place: (file: string) => string): Kernel => {
  const { image, vmlinux, systemMap, config, log } = kernel.files;
  const files = {
    image: place(image),
    vmlinux: place(vmlinux),
    systemMap: place(systemMap),
    config: place(config),
    log: place(log),
  };
  return { ...kernel, files };
};

/** The kernel stored in a folder; undefined when there is none or another version wrote it. */
export async function readKernel(folder: string): Promise<Kernel | undefined> {
  const stored = storedSchema.safeParse(await readRecord(path.join(folder, 'kernel.json')));
  if (!stored.success) return undefined;
  const { schema: _, ...kernel } = stored.data;
  return atFiles(kernel, file => path.join(folder, file));
}

/** Writes kernel.json; the files are named relative to it, so that the cache can be moved. */
export async function writeKernel(folder: string, kernel: Kernel): Promise<void> {
  const stored = { schema: kernelSchema, ...atFiles(kernel, file => path.basename(file)) };
  await writeWhole(path.join(folder, 'kernel.json'), `${JSON.stringify(stored, null, 2)}\n`);
}

/** Every kernel in the cache. */
export async function listKernels(workspace: Workspace): Promise<Kernel[]> {
  const top = folders.kernels(workspace);
  const names = await readdir(top).catch(() => []);
  const kernels = await Promise.all(
    names.filter(name => !name.startsWith('.')).map(name => readKernel(path.join(top, name))),
  );
  return kernels.filter(kernel => kernel !== undefined);
}
