// SPDX-License-Identifier: GPL-2.0-only
/** A payload as a directory for mkfs: unpacked from its own cpio under fakeroot, which remembers owners and device
 *  nodes that an ordinary user cannot make. */
import { chmod, mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Work } from '../events.ts';
import { exec } from '../host/exec.ts';
import type { PackRequest } from './image.ts';
import { packImage } from './pack.ts';

export interface Stage {
  /** The payload's root. */
  readonly folder: string;
  /** What fakeroot remembers of it. */
  readonly state: string;
}

/** Programs every staged format needs. */
export const stageTools = ['fakeroot', 'cpio'] as const;

/** The standard input is the archive, the current directory is filled. */
export const unpackArgv = (state: string): string[] => [
  ...['fakeroot', '-s', state, '--'],
  ...['cpio', '--extract', '--make-directories', '--preserve-modification-time'],
  ...['--no-absolute-filenames', '--unconditional', '--quiet'],
];

/** A command that sees the stage's files as the payload has them. */
export const stagedArgv = ({ state }: Stage, argv: readonly string[]): string[] => [
  ...['fakeroot', '-i', state, '--'],
  ...argv,
];

/** Unpacks the payload below `folder`, which goes away with the image's scratch folder. */
export async function* stagePayload(request: PackRequest, folder: string): Work<Stage> {
  const { workspace, payload, job, signal } = request;
  const archive = yield* packImage(workspace, payload, 'cpio', signal);
  const stage: Stage = { folder: path.join(folder, 'root'), state: path.join(folder, 'fakeroot') };
  await mkdir(stage.folder, { recursive: true });
  await chmod(stage.folder, 0o755);
  yield* exec(unpackArgv(stage.state), { job, cwd: stage.folder, stdin: { file: archive.path }, signal });
  return stage;
}
