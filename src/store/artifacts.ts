// SPDX-License-Identifier: GPL-2.0-only
/** The cache, artifact by artifact: what is damaged is removed, since it can be made again. Names are believed; sizes
 *  are looked at, and with --full the bytes. */
import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { digestOfFile, exists, readIfThere, readRecord } from '../host/files.ts';
import type { Image, Payload } from '../image/image.ts';
import { configDigest } from '../kconfig/fragment.ts';
import type { Config } from '../kconfig/kconfig.ts';
import { readKernel } from '../kernel/store.ts';
import { folders } from '../workspace.ts';
import type { Finding, Look } from './finding.ts';

/** Says what is wrong with one thing of the cache; undefined: nothing. */
type Verdict = (file: string, look: Look) => Promise<string | undefined>;

export async function artifacts(look: Look): Promise<Finding[]> {
  const { workspace } = look;
  const inCache = (name: string) => path.join(workspace.cache, name);
  return [
    ...(await each(look, folders.kernels(workspace), kernel)),
    ...(await each(look, folders.images(workspace), image)),
    ...(await each(look, folders.payloads(workspace), payload, name => name !== 'inputs')),
    ...(await each(look, path.join(folders.payloads(workspace), 'inputs'), inputs)),
    ...(await each(look, folders.configs(workspace), config)),
    ...(await each(look, inCache('entries'), json)),
    ...(await each(look, inCache('devicetrees'), filled)),
    ...(await each(look, inCache('guest'), filled)),
    ...(await each(look, workspace.cache, json, name => name.endsWith('.json'))),
  ];
}

async function each(
  look: Look,
  folder: string,
  verdict: Verdict,
  wanted: (name: string) => boolean = () => true,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const name of await readdir(folder).catch(() => [] as string[])) {
    // Locks and scratch folders are looked at elsewhere.
    if (name.startsWith('.') || /\.lock(\.|$)|\.p\d+\.\d+\./.test(name) || !wanted(name)) continue;
    const file = path.join(folder, name);
    const what = await verdict(file, look).catch((error: Error) => error.message);
    if (what === undefined) continue;
    if (look.repair) await rm(file, { recursive: true, force: true });
    findings.push({ path: file, what, action: 'removed' });
  }
  return findings;
}

/** What is wrong with a file that should have so many bytes. */
async function sized(file: string, bytes: number): Promise<string | undefined> {
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) return `${path.basename(file)} is missing`;
  return found.size === bytes ? undefined : `${path.basename(file)} has ${found.size} bytes, not ${bytes}`;
}

async function kernel(folder: string): Promise<string | undefined> {
  const found = await readKernel(folder);
  if (!found) return 'holds no kernel that this initbench wrote';
  for (const file of Object.values(found.files)) {
    const size = (await stat(file).catch(() => undefined))?.size ?? 0;
    if (size === 0) return `${path.basename(file)} is missing or empty`;
  }
  return sized(found.files.image, found.imageBytes);
}

async function image(folder: string): Promise<string | undefined> {
  const record = await readRecord<Image>(path.join(folder, 'image.json'));
  return record ? sized(path.join(folder, 'image'), record.bytes) : 'holds no image';
}

async function payload(folder: string, { full }: Look): Promise<string | undefined> {
  const record = await readRecord<Payload>(path.join(folder, 'payload.json'));
  if (!record) return 'holds no payload';
  for (const entry of record.entries) {
    if (entry.content === undefined) continue;
    const file = path.join(folder, entry.content);
    const wrong = await sized(file, entry.bytes);
    if (wrong) return wrong;
    if (full && (await digestOfFile(file)) !== entry.sha256)
      return `${entry.content} is not what was collected`;
  }
  return undefined;
}

async function inputs(file: string): Promise<string | undefined> {
  const digest = (await readIfThere(file)) ?? '';
  if (!/^[0-9a-f]{64}$/.test(digest)) return 'names no payload';
  const there = await exists(path.join(path.dirname(file), '..', digest, 'payload.json'));
  return there ? undefined : `names the payload ${digest.slice(0, 12)}, which is not there`;
}

async function config(file: string): Promise<string | undefined> {
  const record = await readRecord<Config>(file);
  return record && configDigest(record.text) === record.digest ? undefined : 'is not the .config it was';
}

async function json(file: string): Promise<string | undefined> {
  await readRecord(file);
  return undefined;
}

async function filled(folder: string): Promise<string | undefined> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const { size } = await stat(path.join(entry.parentPath, entry.name));
    if (size === 0) return `${entry.name} is empty`;
  }
  return undefined;
}
