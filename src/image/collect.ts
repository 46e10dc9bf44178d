// SPDX-License-Identifier: GPL-2.0-only
/** Collects a payload once for each state of its inputs and keeps it under its digest: payloads/DIGEST/{payload.json,
 *  files/}; payloads/inputs/KEY says which digest some inputs gave. */
import { rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Digest, productOf, type Work } from '../events.ts';
import { UserError } from '../host/errors.ts';
import {
  digestOf,
  exists,
  readIfThere,
  readRecord,
  scratchIn,
  touch,
  withLock,
  writeWhole,
} from '../host/files.ts';
import { crossOf, hostArch } from '../kernel/architecture.ts';
import { folders, notMade, unknownName, type Workspace } from '../workspace.ts';
import { type Draft, newDraft, shownName } from './draft.ts';
import { addProbe } from './filelist.ts';
import { buildGuestPrograms, guestDigest } from './guest.ts';
import type { Payload, PayloadKind, PayloadOptions, PayloadOrigin, PayloadRequest } from './image.ts';
import { findExecutable } from './init.ts';
import { listPayloads } from './registry.ts';

/** Raise it when the same inputs give other entries or another record. */
const recordVersion = 1;

/** Splits 'dir:/srv/x'. @throws UserError when the kind is unknown, or its argument is missing or too much */
export async function parsePayloadSpec(spec: string): Promise<{ kind: PayloadKind; argument: string }> {
  const kinds = await listPayloads();
  const colon = spec.indexOf(':');
  const id = colon === -1 ? spec : spec.slice(0, colon);
  const argument = colon === -1 ? '' : spec.slice(colon + 1);
  const written = kinds.map(kind => (kind.argument ? `${kind.id}:${kind.argument}` : kind.id));
  const kind = kinds.find(candidate => candidate.id === id);
  if (!kind) throw unknownName('payload', spec, written);
  if (kind.argument && argument === '') {
    throw new UserError(`the payload '${id}' needs an argument`, { hint: `write ${id}:${kind.argument}` });
  }
  if (!kind.argument && argument !== '') {
    throw new UserError(`the payload '${id}' takes no argument`, { hint: `write ${id}` });
  }
  return { kind, argument };
}

/** The payload of a spec: 'busybox', 'dir:/x', 'cpio:/f', 'debian', 'probe', ...
 *  @throws UserError when there is no such payload, or its files cannot be had */
export async function* collectPayload(
  workspace: Workspace,
  spec: string,
  options: PayloadOptions,
  signal: AbortSignal,
): Work<Payload> {
  const { kind, argument } = await parsePayloadSpec(spec);
  const job = `payload ${spec}`;
  const { arch = hostArch() } = options;
  const guest = yield* buildGuestPrograms(workspace, arch, signal);
  const request: PayloadRequest = { workspace, job, argument, options, arch, guest, signal };
  // What programs of another architecture are made of is only known when they are fetched.
  const fetched = workspace.dryRun && crossOf(arch) !== '';
  const key = fetched ? notMade : yield* inputsDigest(kind, request, guest.digest);
  const index = path.join(folders.payloads(workspace), 'inputs', key);
  const step = { job, type: 'step', step: `collect ${spec}` } as const;
  const origin: PayloadOrigin = { padBytes: options.padBytes, arch, inputs: key };
  const found = await readCollected(request, index, spec);
  if (found) {
    if (!workspace.dryRun) await touch(found.folder);
    yield { ...step, state: 'cached', product: found.digest };
    return { ...found, origin };
  }
  if (workspace.dryRun) {
    yield { ...step, state: 'planned' };
    return { ...planned(kind, spec, options.padBytes), arch };
  }
  return yield* withLock(index, signal, async function* () {
    const meanwhile = await readCollected(request, index, spec);
    if (meanwhile) return { ...meanwhile, origin };
    yield { ...step, state: 'started' };
    const started = performance.now();
    try {
      const payload = yield* collectNew(request, kind, spec);
      await writeWhole(index, payload.digest);
      yield { ...step, state: 'done', product: payload.digest, ms: performance.now() - started };
      return { ...payload, origin };
    } catch (error) {
      yield { ...step, state: 'failed' };
      throw error;
    }
  });
}

/** Stands for a payload that would be collected, with a shell as if it had one. */
function planned(kind: PayloadKind, name: string, bytes: number): Payload {
  const { init } = payloadRecord(kind, newDraft(''));
  const shell = { path: 'bin/sh', mode: 0o100755, uid: 0, gid: 0, mtime: 0, kind: 'file', bytes: 0 } as const;
  const { id } = kind;
  return { id, name, digest: notMade, folder: `<payload ${name}>`, entries: [shell], bytes, init };
}

/** Over what decides the files of a payload. */
async function* inputsDigest(
  kind: PayloadKind,
  request: Omit<PayloadRequest, 'guest'>,
  guest: Digest,
): Work<Digest> {
  const asked = kind.inputs(request);
  const inputs = Symbol.asyncIterator in asked ? yield* asked : await asked;
  return digestOf({ recordVersion, kind: kind.id, inputs, guest });
}

/** The inputs that a payload would be collected from now; undefined where only fetching would tell. Nothing is built.
 *  @throws UserError when they cannot be had any more */
export async function payloadInputs(
  workspace: Workspace,
  spec: string,
  { padBytes, arch }: Pick<PayloadOrigin, 'padBytes' | 'arch'>,
  signal: AbortSignal,
): Promise<Digest | undefined> {
  if (crossOf(arch)) return undefined;
  const { kind, argument } = await parsePayloadSpec(spec);
  const options = { padBytes, arch };
  const request = { workspace, job: `payload ${spec}`, argument, options, arch, signal };
  // without a compiler nothing tells
  const guest = await guestDigest(workspace, arch, signal).catch(() => undefined);
  return guest === undefined ? undefined : productOf(inputsDigest(kind, request, guest));
}

async function readCollected(
  { workspace, arch }: PayloadRequest,
  index: string,
  spec: string,
): Promise<Payload | undefined> {
  const digest = await readIfThere(index);
  if (digest === undefined) return undefined;
  const folder = path.join(folders.payloads(workspace), digest);
  const record = await readRecord<Payload>(path.join(folder, 'payload.json'));
  return record && { ...record, name: spec, folder, arch };
}

async function* collectNew(request: PayloadRequest, kind: PayloadKind, spec: string): Work<Payload> {
  const parent = folders.payloads(request.workspace);
  const scratch = await scratchIn(parent);
  try {
    const draft = newDraft(scratch);
    const work = kind.collect(request, draft);
    if (Symbol.asyncIterator in work) yield* work;
    else await work;
    requireSoundTree(draft, spec);
    if (kind.probe === 'before-init') requireInit(draft, spec);
    if (kind.probe !== 'none') addProbe(draft, request.guest.probe);
    const kept = await keepPayload(parent, payloadRecord(kind, draft), spec, scratch);
    return { ...kept, arch: request.arch };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Gives a draft's folder the place that its digest names. */
async function keepPayload(
  parent: string,
  record: Omit<Payload, 'name' | 'folder'>,
  name: string,
  scratch: string,
): Promise<Payload> {
  const folder = path.join(parent, record.digest);
  await writeFile(path.join(scratch, 'payload.json'), JSON.stringify(record));
  await rename(scratch, folder).catch(async error => {
    if (!(await exists(path.join(folder, 'payload.json')))) throw error;
  });
  return { ...record, name, folder };
}

/** A payload of no kind: what `fill` puts into the draft, made again each time and kept once.
 *  @throws Error when an entry stands in no directory */
export async function composePayload(
  workspace: Workspace,
  name: string,
  fill: (draft: Draft) => void,
): Promise<Payload> {
  const parent = folders.payloads(workspace);
  const scratch = await scratchIn(parent);
  try {
    const draft = newDraft(scratch);
    fill(draft);
    requireSoundTree(draft, name);
    return await keepPayload(parent, payloadRecord({ id: 'composed', probe: 'none' }, draft), name, scratch);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** What is stored; its name and place are added when it is read. */
function payloadRecord(
  kind: Pick<PayloadKind, 'id' | 'probe' | 'ownInit' | 'asIs'>,
  draft: Draft,
): Omit<Payload, 'name' | 'folder'> {
  const entries = draft.entries();
  const own = kind.ownInit && { own: kind.ownInit };
  const init = kind.probe === 'before-init' ? { rdinit: '/.initbench/probe', next: '/init', ...own } : {};
  const digest: Digest = digestOf({
    recordVersion,
    init,
    ...(kind.asIs && { asIs: true }),
    entries: entries.map(({ content, ...rest }) => rest),
  });
  const seen = new Set<number>();
  let bytes = 0;
  for (const entry of entries) {
    if (entry.kind !== 'file' || (entry.link && seen.has(entry.link))) continue;
    if (entry.link) seen.add(entry.link);
    bytes += entry.bytes;
  }
  return { id: kind.id, digest, entries, bytes, init, ...(kind.asIs && { asIs: true }) };
}

/** Every entry stands in a directory of the payload: a rule for our own collectors. */
function requireSoundTree(draft: Draft, spec: string): void {
  for (const { path: at } of draft.entries()) {
    const parent = path.posix.dirname(at);
    if (parent !== '.' && draft.get(parent)?.kind !== 'dir')
      throw new Error(`${spec}: ${shownName(at)} stands in no directory`);
  }
}

function requireInit(draft: Draft, spec: string): void {
  const problem = findExecutable(draft, 'init');
  if (problem === undefined) return;
  throw new UserError(`${spec} has no /init that can be run: ${problem}`, {
    hint: 'a payload is an initramfs: give it an executable /init, or a symlink to one',
  });
}
