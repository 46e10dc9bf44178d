// SPDX-License-Identifier: GPL-2.0-only
/** EROFS images through mkfs.erofs: staged, made, and believed only when the superblock has the promised features and
 *  every entry is what the payload says. mkfs.erofs 1.5 takes unknown -E words without a word: the bits decide. */
import { open, rm } from 'node:fs/promises';
import type { Work } from '../../events.ts';
import { exitCodes, UserError } from '../../host/errors.ts';
import { exec } from '../../host/exec.ts';
import { shownName } from '../draft.ts';
import type { Format, PackRequest } from '../image.ts';
import { stagedArgv, stagePayload, stageTools } from '../stage.ts';
import { compareErofs } from './compare.ts';
import { erofsIncompat, erofsSuperblock } from './superblock.ts';

const uuid = '696e6974-6265-4e63-8000-000000000001';
export type Feature = keyof typeof erofsIncompat;

/** Extended attributes only where the payload has some (a host's labels are no part of it), no times but 0, and a UUID
 *  that never changes. */
export const mkfsErofsArgv = (
  options: readonly string[],
  target: string,
  source: string,
  xattrs = false,
): string[] => [
  ...['mkfs.erofs', '--quiet', xattrs ? '-x2' : '-x-1', '-T0', `-U${uuid}`],
  ...options,
  target,
  source,
];

/** `features` are the incompatible features the image must have: exactly these bits. */
export function erofsFormat(definition: {
  readonly id: string;
  readonly summary: string;
  readonly family: Format['family'];
  readonly options: readonly string[];
  readonly features: readonly Feature[];
}): Format {
  const { id, summary, family, options, features } = definition;
  return {
    id,
    summary,
    family,
    container: 'erofs',
    xattrs: true,
    tools: ['mkfs.erofs', ...stageTools],
    parameters: { uuid, options: options.join(' ') },
    // The cpio, the stage in whole blocks, and the image.
    spaceBytes: ({ bytes, entries }) => 3 * (bytes + entries.length * 4096),
    async *write(request: PackRequest): Work<void> {
      const { job, target, signal, payload } = request;
      yield* makeErofs(request, options, features);
      const differences = yield* compareErofs(target, payload, job, signal);
      if (differences.length === 0) return;
      const list = differences.map(({ path, what }) => `/${shownName(path)}: ${what}`);
      throw unfit(`the image differs from the payload: ${list.slice(0, 3).join('; ')}`);
    },
  };
}

/** Stages the payload and makes the image of it.
 *  @throws UserError when it does not have exactly these incompatible features */
export async function* makeErofs(
  request: PackRequest,
  options: readonly string[],
  features: readonly Feature[],
): Work<void> {
  const { job, target, signal } = request;
  const folder = `${target}.stage`;
  try {
    const stage = yield* stagePayload(request, folder, { xattrs: true });
    const argv = mkfsErofsArgv(options, target, stage.folder, stage.xattrs !== undefined);
    yield* exec(stagedArgv(stage, argv), { job, signal });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  await requireFeatures(target, features);
}

async function requireFeatures(file: string, features: readonly Feature[]): Promise<void> {
  const handle = await open(file);
  try {
    const { buffer } = await handle.read(Buffer.alloc(4096), 0, 4096, 0);
    const superblock = erofsSuperblock(buffer);
    if (!superblock) throw unfit('the image has no superblock');
    const expected = features.reduce((bits, feature) => bits | erofsIncompat[feature], 0);
    if (superblock.featureIncompat === expected) return;
    const hex = (bits: number) => `0x${bits.toString(16)}`;
    throw unfit(
      `the image has the features ${hex(superblock.featureIncompat)}, ${hex(expected)} were asked for`,
    );
  } finally {
    await handle.close();
  }
}

function unfit(problem: string): UserError {
  return new UserError(`mkfs.erofs ignored an option: ${problem}`, {
    hint: 'use another version of erofs-utils (1.5 is known to work), or a cpio format',
    exitCode: exitCodes.environment,
  });
}
