// SPDX-License-Identifier: GPL-2.0-only
/** A payload as a directory for mkfs: unpacked from its own cpio under fakeroot, which remembers owners and device
 *  nodes that an ordinary user cannot make. */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Work } from '../events.ts';
import { exec } from '../host/exec.ts';
import cpio from './format/cpio.ts';
import type { Format, PackRequest } from './image.ts';
import { packAs } from './publish.ts';
import { formatRestore, withXattrsArgv } from './xattrs.ts';

export interface Stage {
  /** The payload's root. */
  readonly folder: string;
  /** What fakeroot remembers of it. */
  readonly state: string;
  /** The attributes its files get for each command; absent: none have any. */
  readonly xattrs?: string;
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
export const stagedArgv = ({ state, xattrs }: Stage, argv: readonly string[]): string[] => [
  ...['fakeroot', '-i', state, '--'],
  ...(xattrs === undefined ? argv : withXattrsArgv(xattrs, argv)),
];

/** Unpacks the payload below `folder`, which goes away with the image's scratch folder; with its extended attributes
 *  where the format carries them. */
export async function* stagePayload(
  request: PackRequest,
  folder: string,
  carries: Pick<Format, 'xattrs'> = {},
): Work<Stage> {
  const { workspace, payload, job, signal } = request;
  const archive = yield* packAs(workspace, payload, cpio, signal);
  const stage: Stage = { folder: path.join(folder, 'root'), state: path.join(folder, 'fakeroot') };
  await mkdir(stage.folder, { recursive: true });
  await chmod(stage.folder, 0o755);
  yield* exec(unpackArgv(stage.state), { job, cwd: stage.folder, stdin: { file: archive.path }, signal });
  if (!carries.xattrs || !payload.entries.some(({ xattrs }) => xattrs)) return stage;
  const xattrs = path.join(folder, 'xattrs');
  await writeFile(xattrs, formatRestore(stage.folder, payload.entries));
  return { ...stage, xattrs };
}
